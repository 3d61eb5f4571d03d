"""Which cases a run can afford, and how much each of them may try. Pure: no target is asked.

Theory of operation. A case has a price (`Cost`): the fewest requests with which it decides
anything. Cases are bought in the order of what they prove for a request. A MUST weighs more than a
SHOULD, a case of one request more than one of ten, the first of an area more than the tenth. What
is left over goes to the properties, one example each in turn. Requirements that are judged on
every exchange cost nothing: the plain stream and the refusals that others pay for decide them.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from streamchat_conformance.catalogue import Level
from streamchat_conformance.suite.budget.cost import Cost
from streamchat_conformance.suite.budget.limits import CostLimits

AREA_POWER = 0.5
"""A requirement is worth less, the more of its area are decided: by their number to this power."""

WEIGHTS = {Level.MUST: 3.0, Level.SHOULD: 1.0, Level.MAY: 0.3}
"""What it is worth to decide a requirement."""

PREFLIGHT = 2
"""The first requests of every run: a valid one and an invalid one."""

SHORT_RUN_WAIT_LIMIT_S = 1.0
"""A case that waits for longer by itself has no place in a run of a few seconds (seconds)."""

TOGETHER_INTERVAL_S = 0.2
"""Requests that follow each other more slowly are not under way at the same time (seconds)."""


@dataclass(frozen=True, slots=True)
class PricedCase:
    """A case, as far as the plan is concerned."""

    id: str
    """The requirement that it decides."""
    name: str
    """The name of its function."""
    level: Level
    cost: Cost

    @property
    def area(self) -> str:
        """The part of the id before the point."""
        return self.id.partition(".")[0]

    @property
    def worth(self) -> float:
        """What it proves for each of its requests."""
        return WEIGHTS[self.level] / self.cost.least if self.cost.least else math.inf


@dataclass(slots=True)
class RunPlan:
    """What a run is going to send."""

    requests: int = 0
    """An estimate of all requests."""
    largest_bytes: int = 0
    """The size of the largest request, if it is not short."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a requirement's case is not run, by requirement id."""
    examples: dict[str, int] = field(default_factory=dict)
    """How many examples a property may try, by the name of its case, where there is a limit."""
    order: list[str] = field(default_factory=list)
    """The ids of what is run, in the order of what it proves; empty where there is no limit."""


def plan_run(
    cases: Sequence[PricedCase], limits: CostLimits, *, before: int = PREFLIGHT
) -> RunPlan:
    """Return what to run within some limits. `before` are the requests before the first case."""
    plan = RunPlan(requests=before)
    wanted = []
    for each in cases:
        case = each
        if limits.short:
            case = replace(case, cost=case.cost.one_after_the_other())
        if reason := _unsuitable(case.cost, limits):
            plan.left_out[case.id] = reason
        else:
            wanted.append(case)
    cap = limits.max_requests
    if cap is None:
        plan.requests += sum(case.cost.most(limits.generated) for case in wanted)
    else:
        wanted = _affordable(wanted, plan, cap)
        _share_out(wanted, plan, cap, limits.generated)
    plan.largest_bytes = max((case.cost.largest_bytes for case in wanted), default=0)
    return plan


def _unsuitable(cost: Cost, limits: CostLimits) -> str:
    """Return why a case has no place in a run of this kind, or an empty text."""
    if not cost.least:
        return ""
    if limits.short:
        if cost.together:
            return "it needs several connections at the same time"
        if cost.largest_bytes:
            return f"it sends a request of {in_bytes(cost.largest_bytes)}"
        if cost.seconds > SHORT_RUN_WAIT_LIMIT_S:
            return f"it waits for {cost.seconds:g} s"
    interval_s = limits.rate.interval_s if limits.rate is not None else 0.0
    if cost.together and interval_s > TOGETHER_INTERVAL_S:
        return "it needs several connections at the same time, which the rate does not allow"
    return ""


def _affordable(cases: Sequence[PricedCase], plan: RunPlan, cap: int) -> list[PricedCase]:
    """Return the cases to run, those first that prove the most; enter what that costs."""
    chosen: list[PricedCase] = []
    of_area: Counter[str] = Counter()
    # Within an area the order never changes, so that only the first of each is compared. The
    # earlier of equals: the order of the files is an order of importance, too.
    pending: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for place, case in enumerate(cases):
        pending[case.area].append((case.worth, -place))
    for of_one in pending.values():
        of_one.sort()
    while pending:
        area = max(
            pending,
            key=lambda area: (
                pending[area][-1][0] / (1 + of_area[area]) ** AREA_POWER,
                pending[area][-1][1],
            ),
        )
        case = cases[-pending[area].pop()[1]]
        if not pending[area]:
            del pending[area]
        if case.cost.least and plan.requests + case.cost.least > cap:
            plan.left_out[case.id] = f"of {cap} requests none is left for it"
            continue
        plan.requests += case.cost.least
        of_area[case.area] += case.cost.least > 0
        chosen.append(case)
    plan.order = [case.id for case in chosen]
    return chosen


def _share_out(cases: Sequence[PricedCase], plan: RunPlan, cap: int, generated: int) -> None:
    """Give properties what is left over, one example each in turn."""
    growing = [case for case in cases if case.cost.is_property]
    plan.examples = {case.name: 1 for case in growing}
    while growing:
        for case in list(growing):
            more = case.cost.each
            tried = plan.examples[case.name]
            most = case.cost.most(generated) - case.cost.requests
            if plan.requests + more > cap or (tried + 1) * case.cost.each > most:
                growing.remove(case)
                continue
            plan.requests += more
            plan.examples[case.name] += 1


def in_bytes(count: int) -> str:
    """Return a size for people."""
    if count >= 1024 * 1024:
        return f"{count / 1024 / 1024:.3g} MiB"
    return f"{count / 1024:.3g} KiB"

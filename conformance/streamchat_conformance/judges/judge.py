"""Judges: pure functions from one reading to what is wrong, each the meaning of a requirement."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from streamchat_conformance.catalogue import (
    SHARED,
    Capability,
    Declarations,
    Layer,
    Level,
    Requirement,
)
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Finding, Nonconformity
from streamchat_conformance.judges.reading import Reading

Verdict = Iterable[Nonconformity] | None
"""What a judge returns: what is wrong, nothing for a clean exchange; None if it decides nothing."""
Decision = Callable[[Reading], Verdict]
"""A function that decides a requirement from one exchange. Only its declaration names the id."""


class Evidence(Enum):
    """What a judge needs of an answer that was not recorded, decoded or kept whole.

    What is missing is never judged. A judge that says nothing about this gets `WHOLE`.
    """

    WHOLE = auto()
    """The whole body, as far as it came: nothing is decided without it."""
    PART = auto()
    """A breach stands whatever else came; only a whole answer is clean."""
    KEPT = auto()
    """What was kept decides: the head, or the judge itself asks whether the rest is known."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A requirement and the function that decides it from one exchange."""

    requirement: Requirement
    decide: Decision
    evidence: Evidence = Evidence.WHOLE

    def __call__(self, reading: Reading) -> list[Finding] | None:
        """Return the findings on this exchange, or None when it decides nothing."""
        verdict = self.decide(reading)
        if verdict is None:
            return None
        findings = [each.of(self.requirement.id) for each in verdict]
        return findings if reading.known_whole or not self._lacks(reading, findings) else None

    def withheld(self, reading: Reading) -> str:
        """Return why there is no verdict on an exchange that would otherwise have one."""
        verdict = self.decide(reading)
        if verdict is None:
            return ""
        findings = [each.of(self.requirement.id) for each in verdict]
        return (reading.lost or reading.unrecorded) if self._lacks(reading, findings) else ""

    def _lacks(self, reading: Reading, findings: list[Finding]) -> bool:
        """Return whether the verdict depends on what was not recorded, decoded or kept."""
        # Without a head nothing is known, unless what came can be no head any more.
        if reading.unrecorded and reading.head is None and not reading.response.broken:
            return True
        if self.evidence is Evidence.WHOLE:
            return bool(reading.lost)
        if self.evidence is Evidence.PART:
            return not findings and bool(reading.lost or reading.unrecorded)
        return False


def unless(unfit: Callable[[Reading], bool]) -> Callable[[Decision], Decision]:
    """Let a function decide nothing on exchanges that are unfit for it."""

    def fit_only(decide: Decision) -> Decision:
        @functools.wraps(decide)
        def decided(reading: Reading) -> Verdict:
            return None if unfit(reading) else decide(reading)

        return decided

    return fit_only


class Judges:
    """The judges of one owner: the shared part of the suite, or a dialect."""

    def __init__(self, declarations: Declarations) -> None:
        self.by_id: dict[str, Judge] = {}
        """In the order of their declaration."""
        self.kinds: dict[str, Expectation] = {}
        """Requirements about one kind of request, and what is expected of such a request."""
        self._declarations = declarations

    def judge(
        self,
        id: str,  # noqa: A002 - the word the catalogue, the reports and the docs use
        level: Level,
        title: str,
        *,
        source: str,
        needs: Capability | Sequence[Capability] = (),
        layer: Layer = Layer.APPLICATION,
        evidence: Evidence = Evidence.WHOLE,
    ) -> Callable[[Decision], Judge]:
        """Declare a requirement that one exchange decides, and the function that decides it."""
        entry = self._declarations.declare(
            Requirement(
                id=id,
                level=level,
                title=title,
                source=source,
                needs=(needs,) if isinstance(needs, Capability) else tuple(needs),
                layer=layer,
            )
        )

        def register(decide: Decision) -> Judge:
            self.by_id[id] = Judge(entry, decide, evidence)
            return self.by_id[id]

        return register

    def of_area(self, area: str, *, without: frozenset[str] = frozenset()) -> list[str]:
        """Return the ids of an area that a judge decides and that have no case of their own."""
        return [id_ for id_ in self.by_id if id_.startswith(f"{area}.") and id_ not in without]


SHARED_JUDGES = Judges(SHARED)
judge = SHARED_JUDGES.judge

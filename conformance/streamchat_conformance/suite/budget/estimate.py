"""An estimate of a run's requests, in one line, before anything is sent."""

from __future__ import annotations

from streamchat_conformance.suite.budget.cost import SHORT_BYTES
from streamchat_conformance.suite.budget.limits import CostLimits
from streamchat_conformance.suite.budget.plan import RunPlan, in_bytes

PACED_S = 1.0
"""A run that its rate makes shorter than this is not said to take a time."""


def estimate_line(plan: RunPlan, limits: CostLimits, why: str) -> str:
    """Return the line. `why` names what limits the requests, such as an option."""
    most = f"{in_bytes(SHORT_BYTES)} each"
    size = (
        f"most below {most}, the largest {in_bytes(plan.largest_bytes)}"
        if plan.largest_bytes
        else f"all below {most}"
    )
    bound = f", at most {limits.max_requests}" if limits.max_requests is not None else ""
    text = f"about {plan.requests} requests{bound}; {size} ({why})"
    if limits.rate is not None:
        takes_s = plan.requests * limits.rate.interval_s
        text += f"; at {limits.rate.text}" + (f": {takes_s:.0f} s" if takes_s > PACED_S else "")
    if plan.left_out:
        text += f"; {len(plan.left_out)} requirements are left out"
    return text

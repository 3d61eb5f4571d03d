"""connection: any sequence of requests over several connections keeps answers matched."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.catalogue import MUST, SERVER, requirement
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.keepalive import steadily
from streamchat_conformance.suite.scenarios.stateful import (
    CONNECTIONS,
    STEPS,
    Machine,
    Step,
    finish_whole_plans,
)
from streamchat_conformance.suite.target.target import SLOW_S, Target

VARIANTS = 4
"""As many invalid requests a dialect has at the least, each refused for another reason."""


def steps() -> st.SearchStrategy[list[Step]]:
    """Draw what clients do, in any order, over several connections."""
    return st.lists(
        st.builds(
            Step,
            st.integers(0, CONNECTIONS - 1),
            st.sampled_from(STEPS),
            st.integers(0, VARIANTS - 1),
        ),
        min_size=1,
        max_size=8,
    )


@requirement(
    "connection.sequence",
    MUST,
    "Any sequence of valid, refused, abandoned, chunked and large requests over one or more "
    "connections keeps each response matched to its request.",
    source="practice",
    layer=SERVER,
)
@costs(24, each=6, largest_bytes=32 * 1024)
@generated(
    steps,
    examples=[
        [Step(0, "refused", number) for number in (0, 1, 2, 3, 0, 1)],
        [Step(0, "valid"), Step(0, "refused", 1), Step(0, "valid"), Step(0, "valid")],
        [Step(0, "refused chunked", 0), Step(0, "refused", 1), Step(0, "valid chunked")],
        [Step(0, "refused", 0), Step(0, "refused chunked", 1), Step(0, "valid")],
        [Step(0, "refused", 2), Step(1, "abandoned"), Step(0, "large"), Step(1, "refused", 3)],
    ],
)
def test_every_answer_belongs_to_its_request(target: Target, plan: Any) -> None:
    if "sequences" not in target.once:
        target.once.add("sequences")
        finish_whole_plans(target)
    if not target.baseline.streams or target.baseline.first_event_s >= SLOW_S:
        plan = [step for step in plan if step.kind in ("refused", "refused chunked")]
    steadily(target, lambda: Machine(target).run(plan))

"""connection: answers stay matched to requests, in any sequence of them, pipelined or not."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.catalogue import FINITE, MUST, SERVER, SHOULD, requirement
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.keepalive import pairs, pipelined, refusable, steadily
from streamchat_conformance.suite.scenarios.stateful import (
    CONNECTIONS_AT_ONCE,
    STEPS,
    Machine,
    Step,
    finish_whole_plans,
)
from streamchat_conformance.suite.target.target import SLOW_FIRST_EVENT_S, Target
from streamchat_conformance.suite.verdicts.judged import violation

VARIANTS = 4
"""As many invalid requests a dialect has at the least, each refused for another reason."""


def steps() -> st.SearchStrategy[list[Step]]:
    """Draw what clients do, in any order, over several connections."""
    return st.lists(
        st.builds(
            Step,
            st.integers(0, CONNECTIONS_AT_ONCE - 1),
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
    with target.known.first_time("sequences") as first:
        if first:
            finish_whole_plans(target)
    if not target.baseline.streams or target.baseline.first_event_s >= SLOW_FIRST_EVENT_S:
        plan = [step for step in plan if step.kind in ("refused", "refused chunked")]
    steadily(target, lambda: Machine(target).run(plan))


@requirement(
    "connection.pipelining",
    SHOULD,
    "Pipelined requests are answered in order, or the connection is closed; never mixed.",
    source="RFC 9112 section 9.3.2",
    layer=SERVER,
)
@costs(11)
@independent(at_once=3)
def test_pipelined_requests_are_answered_in_order(target: Target) -> None:
    # An endless stream can only be the last one.
    whole = target.baseline.streams and target.has(FINITE)
    stream = HttpRequest.chat(target.plain())
    sound = refusable(target)
    first, last = (sound * 2)[:2]
    batches: list[tuple[HttpRequest, ...]] = [
        (first, stream, last) if whole else (first, last, stream)
    ]
    batches += [both for both in pairs(target) if all(request in sound for request in both)]

    def check_batch(batch: tuple[HttpRequest, ...]) -> None:
        steadily(target, partial(_check_pipelined, target, batch, whole=whole))

    for_each(target, check_batch, batches)


def _check_pipelined(target: Target, batch: tuple[HttpRequest, ...], *, whole: bool) -> None:
    problem, reading = pipelined(target, batch, whole=whole)
    if reading is not None:
        raise violation("connection.pipelining", problem, "answers in order", reading)

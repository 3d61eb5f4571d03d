"""A stream that nobody reads proves something only if it is larger than the sockets' buffers."""

import pytest
from streamchat_conformance.suite.scenarios.slow_reader import PROMPT_BYTES, unread_stream
from streamchat_fixtures.control import ControlSettings as Pace

from .targets import prepared

LARGEST, LEAST = PROMPT_BYTES


@pytest.mark.parametrize(
    ("events", "interval_s", "fills"),
    [(6, 0.05, True), (0, 0.05, True), (0, 2.0, False), (2, 0.05, False)],
    ids=["six events", "endless", "endless and slow", "two events"],
)
def test_the_largest_prompt_fills_the_buffers_with_a_few_events(
    events: int, interval_s: float, fills: bool
) -> None:
    with prepared(
        "members-in-another-order", pace=Pace(events=events, interval_s=interval_s)
    ) as target:
        stream = unread_stream(target)
    assert len(stream.request.body) > LARGEST
    assert stream.fills is fills


def test_a_server_that_refuses_the_largest_prompt_gets_one_that_it_takes() -> None:
    with prepared("body-limit-of-128-kib") as target:
        stream = unread_stream(target)
    assert LEAST < len(stream.request.body) < LARGEST
    assert not stream.fills

"""A stream that says that the server has no room is none that others stopped."""

from __future__ import annotations

from streamchat_conformance.suite.scenarios.stopped_streams import stopped_streams

from .messages import FAILURE, GOOD, PING, begun, delta, started, stream

LONG = [*GOOD[:3], *[delta()] * 6, *GOOD[3:]]
BROKEN = {"type": "error", "error": {"type": "api_error", "message": "Broken"}}


def test_a_stream_that_says_so_at_once_has_not_stopped() -> None:
    refused = stream(PING, FAILURE)
    assert refused.content.no_room
    assert not stopped_streams([*[stream(*LONG)] * 3, refused], 0.1)


def test_a_stream_that_says_anything_else_or_says_it_later_has() -> None:
    for early in (stream(BROKEN), stream(started(), begun(), delta(), FAILURE)):
        assert not early.content.no_room
        assert stopped_streams([*[stream(*LONG)] * 3, early], 0.1)

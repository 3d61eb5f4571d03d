"""Streams that were left: how many of them a server may have on its hands at the same time."""

import threading

import pytest
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.scenarios.overlap import IndependentCase, run_overlapped
from streamchat_conformance.suite.target.left_streams import MOST_LEFT, LeftStreams
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target

from .targets import prepared

HELD_S = 2.0


def test_streams_are_left_without_a_wait_until_there_are_many() -> None:
    left = LeftStreams()
    for _ in range(MOST_LEFT):
        assert not left.wait_s(0.0, HELD_S)
        left.note(0.0)
    assert left.wait_s(0.5, HELD_S) == HELD_S - 0.5


def test_the_next_one_waits_until_the_first_of_them_is_given_up() -> None:
    left = LeftStreams()
    for number in range(MOST_LEFT + 1):
        left.note(number / 1000)
    assert left.wait_s(1.0, HELD_S) == 0.001 + HELD_S - 1.0
    assert not left.wait_s(0.001 + HELD_S, HELD_S)


def test_only_next_to_other_cases_a_request_waits_for_those_that_were_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with prepared("one-event-alone") as target:
        target.baseline.interval_s = HELD_S
        waits: list[float] = []
        monkeypatch.setattr(target, "pause", waits.append)

        def leave(target: Target) -> None:
            request = HttpRequest.chat(target.plain())
            for _ in range(MOST_LEFT + 1):
                target.send(request, stop=Answered(1, whole=False))

        done = threading.Event()

        def leave_and_say_so(target: Target) -> None:
            leave(target)
            done.set()

        leave(target)
        assert not any(waits)
        run_overlapped(target, [IndependentCase("leave", leave_and_say_so)])
        assert done.is_set()
        assert any(waits)

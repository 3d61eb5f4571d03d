"""The same work for several requests is done side by side only where it pays, and may be."""

import threading

import pytest
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_FIRST_EVENT_S

from .targets import prepared

WAIT_S = 30.0


def test_on_a_target_that_is_slow_to_refuse_requests_are_sent_side_by_side() -> None:
    met = threading.Barrier(CERTAIN_REQUESTS)
    with prepared("one-event-alone") as target:
        target.baseline.refusal_s = SLOW_FIRST_EVENT_S
        values = range(CERTAIN_REQUESTS)
        assert sorted(for_each(target, lambda _: met.wait(WAIT_S), values)) == [*values]


@pytest.mark.parametrize("reason", ["quick", "sequential", "one at a time"])
def test_elsewhere_they_are_sent_one_after_the_other(reason: str) -> None:
    with prepared("one-event-alone") as target:
        target.baseline.refusal_s = 0.0 if reason == "quick" else SLOW_FIRST_EVENT_S
        target.bounds.sequential = reason == "sequential"
        if reason == "one at a time":
            target.known.failed.add("resilience.concurrent")
        threads = for_each(target, lambda _: threading.current_thread(), range(3))
        assert threads == [threading.current_thread()] * 3


def test_the_exception_of_the_first_value_is_raised() -> None:
    def fail(value: int) -> None:
        raise ValueError(str(value))

    with prepared("one-event-alone") as target:
        target.baseline.refusal_s = SLOW_FIRST_EVENT_S
        with pytest.raises(ValueError, match="0"):
            for_each(target, fail, range(3))

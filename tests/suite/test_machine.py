"""A server that is late on a busy machine is not judged, unless it is the server's beyond doubt."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from streamchat_conformance.suite.scenarios.concurrency import require_calm_machine
from streamchat_conformance.suite.target.machine import (
    BUSY,
    COMPUTING_LIMIT_S,
    TooBusy,
    require_calm,
    slowdown,
)
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

from .exchanges import stream
from .targets import prepared


def ticking(step_s: float) -> Callable[[], float]:
    """Return a clock that goes on by so much each time it is read (seconds)."""
    times: Iterator[float] = (number * step_s for number in count())
    return lambda: next(times)


def test_a_machine_on_which_work_takes_as_long_as_it_uses_the_processor_is_not_slow() -> None:
    assert slowdown(ticking(0.001), ticking(0.001)) == 1.0


def test_a_machine_on_which_work_mostly_waits_for_the_processor_is_slow() -> None:
    assert slowdown(ticking(0.008), ticking(0.001)) == pytest.approx(8.0)


def test_how_busy_a_machine_is_is_found_out_in_bounded_time() -> None:
    clock = ticking(0.5)
    assert slowdown(clock, ticking(0.0)) >= BUSY
    assert clock() <= COMPUTING_LIMIT_S + 1.0


def late(factor: float, took_s: float, alone_s: float) -> None:
    """Judge what took that long, with a bound of 1 s, where single requests took 0.01 s before."""
    require_calm(factor, took_s, 1.0, lambda: stream(alone_s), 0.01)


def test_what_is_late_on_a_calm_machine_is_the_servers() -> None:
    late(1.2, took_s=1.5, alone_s=0.01)


def test_what_is_late_on_a_busy_machine_is_not_judged() -> None:
    with pytest.raises(TooBusy, match="too busy"):
        late(17.0, took_s=1.5, alone_s=0.2)


def test_what_has_become_slow_for_single_requests_too_is_the_servers() -> None:
    late(17.0, took_s=2.0, alone_s=2.0)


@pytest.mark.parametrize(("factor", "took_s"), [(3.0, 3.5), (17.0, 5.0)])
def test_what_is_later_than_any_machine_makes_it_is_the_servers(
    factor: float, took_s: float
) -> None:
    late(factor, took_s, alone_s=0.01)


def test_a_machine_that_is_too_busy_fails_nobody_and_passes_nobody() -> None:
    assert issubclass(TooBusy, NotApplicable)


@pytest.mark.parametrize("factor", [1.0, 10.0])
def test_a_stream_that_was_late_once_is_excused_by_a_busy_machine_alone(factor: float) -> None:
    with prepared("one-event-alone") as target:
        target.slowdown = lambda: factor
        late_then = stream(1.1 * target.known.served_within_s)
        if factor < BUSY:
            require_calm_machine(target, late_then)
        else:
            with pytest.raises(TooBusy):
                require_calm_machine(target, late_then)

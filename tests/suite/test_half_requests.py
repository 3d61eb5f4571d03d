"""What half requests stop is distinguished from what as many streams would stop, too."""

import pytest
from streamchat_conformance.suite.scenarios import half_requests
from streamchat_conformance.suite.scenarios.half_requests import (
    SLOW_REQUEST,
    SLOW_REQUEST_MANY,
    stopped_by_halves,
)
from streamchat_fixtures.control import ControlSettings as Pace

from .targets import prepared

LONG = Pace(events=7, interval_s=0.12)
SHORT = Pace(events=2, interval_s=0.01)


@pytest.mark.parametrize(
    ("name", "pace", "requirement"),
    [
        # A few are enough, however long streams last.
        ("heads-read-by-sixteen-workers", SHORT, SLOW_REQUEST),
        # What reads bodies is scarcer than what serves streams.
        ("bodies-read-by-thirty-two-workers", LONG, SLOW_REQUEST),
        # The same threads read and serve.
        ("thirty-two-threads-for-whole-requests", LONG, SLOW_REQUEST_MANY),
        # Whether they do does not show where streams are over at once.
        ("bodies-read-by-thirty-two-workers", SHORT, SLOW_REQUEST_MANY),
    ],
)
def test_half_requests_that_stop_others_break_one_requirement(
    name: str, pace: Pace, requirement: str
) -> None:
    with prepared(name, pace=pace) as target:
        stopped = stopped_by_halves(target)
        assert stopped is not None
        assert stopped.requirement == requirement, stopped.message


def test_where_half_requests_stop_nobody_they_are_sent_once() -> None:
    with prepared("one-event-alone") as target:
        assert stopped_by_halves(target) is None
        target.plain = None  # type: ignore[assignment,method-assign]  # nothing more may be sent
        assert stopped_by_halves(target) is None


def test_what_is_as_late_with_nobody_in_its_way_is_not_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with prepared("one-event-alone") as target:
        monkeypatch.setattr(type(target.known), "served_within_s", 0.0)
        monkeypatch.setattr(half_requests, "TAKEN_UP_S", (0.1,))
        assert stopped_by_halves(target) is None

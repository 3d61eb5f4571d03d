"""Streams that wait for others are distinguished from streams that go side by side."""

from dataclasses import replace

import pytest
from streamchat_conformance.cases import test_resilience as cases
from streamchat_conformance.suite.scenarios.concurrency import StreamGroup, late_streams
from streamchat_conformance.suite.scenarios.prerequisites import require_concurrency
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable, Violation
from streamchat_fixtures.control import ControlSettings as Pace

from .exchanges import stream
from .targets import prepared

ENDLESS = Pace(events=0, interval_s=0.3)
LONG = Pace(events=14, interval_s=0.1)
SHORT = Pace(events=7, interval_s=0.12)
FAST = Pace(events=400, interval_s=0.0)


@pytest.mark.parametrize("pace", [ENDLESS, LONG, SHORT], ids=["endless", "long", "short"])
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("one-stream-at-a-time", 4),
        ("three-streams-at-a-time", 4),
        ("eight-streams-at-a-time", 16),
    ],
)
def test_streams_that_wait_for_others_are_late(name: str, count: int, pace: Pace) -> None:
    with prepared(name, pace=pace) as target:
        assert late_streams(target, StreamGroup.open(target, count))


@pytest.mark.parametrize(
    "pace", [ENDLESS, LONG, SHORT, FAST], ids=["endless", "long", "short", "fast"]
)
@pytest.mark.parametrize("count", [4, 16])
def test_streams_side_by_side_are_not_late(count: int, pace: Pace) -> None:
    with prepared("members-in-another-order", pace=pace) as target:
        crowds = (StreamGroup.open(target, count) for _ in range(3))
        assert not all(late_streams(target, crowd) for crowd in crowds)


def test_a_place_taken_just_before_the_other_end_is_recorded_was_waited_for() -> None:
    first = stream(0.001, ended_at_s=0.7753)
    second = stream(0.7752, ended_at_s=1.607)
    with prepared("one-event-alone") as target:
        target.baseline.first_event_s, target.baseline.duration_s = 0.001, 0.8
        ((late, _),) = late_streams(target, StreamGroup([first, second], [0.0, 0.0]))
    assert late is second


def test_an_event_that_a_recording_has_no_room_for_is_not_late() -> None:
    with prepared("events-of-150-kib", pace=Pace(events=3, interval_s=0.15)) as target:
        assert target.known.large_event_bytes > 300 * 1024
        crowd = StreamGroup.open(target, 4)
        assert all(reading.events for reading in crowd.readings)
        assert not late_streams(target, crowd)
        target.baseline.first_event_bytes = 0
        crowd = StreamGroup.open(target, 4)
        assert not any(reading.events for reading in crowd.readings)
        assert not late_streams(target, crowd)


def test_a_request_that_fails_only_next_to_others_is_reported() -> None:
    with prepared("fourth-stream-at-once-fails", pace=LONG) as target:
        with pytest.raises(Violation, match="got 500, and alone it is served"):
            cases.test_four_streams_progress_together(target)
        red = {"resilience.concurrent"}
        for effect in ("request.never-5xx", "request.valid-accepted"):
            assert target.ledger.cause(effect, red) == "resilience.concurrent"


def test_streams_may_wait_where_the_dialect_lets_them_and_no_slots_are_declared() -> None:
    with prepared("one-stream-at-a-time", pace=SHORT) as target:
        target.dialect = replace(target.dialect, queues=True)
        with pytest.raises(NotApplicable, match="--slots"):
            cases.test_four_streams_progress_together(target)
        with pytest.raises(NotApplicable, match="--slots"):
            require_concurrency(target)
        four = replace(target.settings.deployment, slots=4)
        target.settings = replace(target.settings, deployment=four)
        with pytest.raises(Violation):
            cases.test_four_streams_progress_together(target)


def test_what_a_refusal_takes_next_to_streams_is_no_measure_of_a_prompt_one() -> None:
    # Each try takes longer than what a single refusal took, however many were made before.
    served = prepared("refusals-wait-for-streams", pace=LONG)
    with served as target, pytest.raises(Violation):
        cases.test_a_refusal_does_not_wait_for_streams(target)

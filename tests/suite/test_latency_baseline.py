"""What a target's single requests take is measured, so that chance is not taken for waiting."""

import pytest
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.stream import WITH_OTHER_CLIENTS
from streamchat_conformance.suite.scenarios.concurrency import (
    StreamGroup,
    late_streams,
    serves_within,
)
from streamchat_conformance.suite.target.knowledge import MANY_STREAMS
from streamchat_conformance.suite.target.latency_baseline import (
    SMALL_BYTES,
    LatencyBaseline,
)
from streamchat_conformance.suite.target.latency_samples import SAMPLES, sample_latency
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, CONCURRENT_REQUESTS
from streamchat_fixtures.control import ControlSettings as Pace

from .exchanges import exchange, stream
from .targets import prepared


def test_one_slow_stream_among_many_is_not_the_baseline() -> None:
    baseline = LatencyBaseline()
    for first_s in (0.1, 0.1, 0.1, 0.1, 0.1, 3.0):
        baseline.note(stream(first_s))
    assert baseline.first_event_s == 0.1


def test_where_half_of_the_streams_are_slow_that_is_the_baseline() -> None:
    baseline = LatencyBaseline()
    for first_s in (0.1, 3.0, 0.1, 3.0, 0.1, 2.0):
        baseline.note(stream(first_s))
    assert baseline.first_event_s == 3.0


def test_refusals_have_a_time_of_their_own() -> None:
    baseline = LatencyBaseline()
    baseline.note(Reading(exchange(b"{}", ended_at_s=0.5)))
    assert baseline.refusal_s == 0.5
    assert baseline.first_event_s == 0.0


def test_what_a_large_request_takes_shows_nothing_of_others() -> None:
    baseline = LatencyBaseline()
    baseline.note(stream(3.0, "x" * SMALL_BYTES))
    assert baseline.streams == 0


def test_requests_that_overlap_are_not_alone() -> None:
    baseline = LatencyBaseline()
    with baseline.flight() as first:
        assert first.alone
        with baseline.flight() as second:
            assert not second.alone
        assert not first.alone
    with baseline.flight() as third:
        assert third.alone


def test_a_server_that_warms_up_is_not_taken_for_a_slow_one() -> None:
    with prepared("warms-up-on-its-first-stream") as target:
        warming_s = target.baseline.first_event_s
        duration_s = target.baseline.duration_s
        group = StreamGroup.open(target, 4)
        group.discount_warm_up(target)
        firsts = [reading.events[0].event for reading in group.readings]
        soonest_s = min(first.at_s for first in firsts if first is not None)
        assert soonest_s < warming_s
        assert target.baseline.first_event_s == soonest_s
        assert target.baseline.duration_s == pytest.approx(duration_s - warming_s + soonest_s)


def test_random_times_to_think_are_not_taken_for_waiting() -> None:
    with prepared("random-thought-and-length") as target:
        sample_latency(target, drained=False)
        assert target.known.latency.streams >= SAMPLES // 2
        assert target.known.first_event_s > 0.3
        crowds = [StreamGroup.open(target, 4) for _ in range(3)]
        assert not all(late_streams(target, crowd) for crowd in crowds)
        assert serves_within(target, "as before")[0] == ""


@pytest.mark.parametrize("name", ["one-stream-at-a-time", "three-streams-at-a-time"])
def test_waiting_for_others_is_still_seen(name: str) -> None:
    # Long enough that a busy machine does not make single streams wait for as long.
    with prepared(name, pace=Pace(events=7, interval_s=0.25)) as target:
        crowds = [StreamGroup.open(target, 4) for _ in range(2)]
        sample_latency(target, drained=False)
        assert all(late_streams(target, crowd) for crowd in crowds)


def test_a_slow_target_is_not_asked_more_at_once_than_it_has_to_serve_in_time() -> None:
    with prepared("one-event-alone") as target:
        target.baseline.first_event_s = 3.0
        assert target.concurrent_requests == CONCURRENT_REQUESTS
        target.baseline.first_event_s = 6.0
        assert target.concurrent_requests == CERTAIN_REQUESTS
        target.known.room = MANY_STREAMS
        assert target.concurrent_requests == CONCURRENT_REQUESTS


def test_what_was_sent_with_others_is_known_by_its_note() -> None:
    with prepared("first-event-after-three-seconds") as target:
        target.baseline.first_event_s = 3.0
        requests = [HttpRequest.chat(target.plain(f"Client {number}")) for number in range(2)]
        readings = target.send_all(requests)
        assert all(WITH_OTHER_CLIENTS in reading.exchange.notes for reading in readings)
        assert WITH_OTHER_CLIENTS not in target.send(requests[0]).exchange.notes


def test_a_target_that_is_slow_for_some_requests_is_asked_side_by_side() -> None:
    # It thinks, so that the first request is under way while the second one is sent.
    with prepared("whole-stream-after-a-short-thought") as target:
        requests = [HttpRequest.chat(target.plain(f"Client {number}")) for number in range(2)]
        for _ in range(SAMPLES):
            target.known.latency.note(stream(1.0))
        target.baseline.first_event_s = 0.0
        readings = target.send_all(requests)
        assert all(WITH_OTHER_CLIENTS in reading.exchange.notes for reading in readings)


def test_an_interval_longer_than_was_watched_is_not_taken_for_none() -> None:
    with prepared("one-event-alone", pace=Pace(events=0, interval_s=20.0)) as target:
        assert target.baseline.interval_s > 2.5


def test_how_long_a_request_waits_after_others_is_no_measure_of_the_baseline() -> None:
    with prepared("first-event-after-three-seconds") as target:
        target.baseline.first_event_s = 0.0
        target.known.latency = LatencyBaseline()
        problem, _ = serves_within(target, "after others", tries=1)
        assert problem
        assert target.known.first_event_s == 0.0
        assert serves_within(target, "after others", tries=1)[0]

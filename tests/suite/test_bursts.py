"""A burst at the end is distinguished from a stream that is fast."""

import pytest
from streamchat_conformance.cases.test_stream import test_events_arrive_as_they_are_made as judged
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.scenarios.timing import burst_of
from streamchat_conformance.suite.verdicts.outcomes import Violation

from .exchanges import chat, exchange
from .targets import prepared

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'17\r\ndata: {"response":""}\n\n\r\n'


def stream(*times_s: float, ending: Ending = Ending.ABANDONED) -> Reading:
    """Return the reading of a stream whose events arrived at these times."""
    reads = (Read(0.0, HEAD), *(Read(at_s, EVENT) for at_s in times_s))
    return Reading(
        Exchange(request=exchange(chat()).request, reads=reads, ending=ending, ended_at_s=9.0)
    )


def evenly(count: int, *, first_s: float, gap_s: float) -> list[float]:
    return [first_s + number * gap_s for number in range(count)]


@pytest.mark.parametrize(
    ("times_s", "held_back"),
    [
        (evenly(3, first_s=1.0, gap_s=0.0), True),
        (evenly(12, first_s=1.0, gap_s=0.001), True),
        (evenly(100, first_s=1.0, gap_s=0.0005), True),
        (evenly(300, first_s=1.0, gap_s=0.001), False),
        (evenly(250, first_s=0.6, gap_s=0.002), False),
        (evenly(12, first_s=0.6, gap_s=0.05), False),
        (evenly(12, first_s=0.4, gap_s=0.02), False),
    ],
)
def test_events_in_one_burst_after_half_a_second_were_held_back(
    times_s: list[float], held_back: bool
) -> None:
    burst = burst_of(stream(*times_s))
    assert burst is not None
    assert burst.events == len(times_s)
    assert burst.at_end is held_back


def test_a_flood_beyond_what_is_recorded_shows_nothing_of_its_end() -> None:
    times_s = evenly(30, first_s=1.0, gap_s=0.0)
    assert burst_of(stream(*times_s, ending=Ending.OVERFLOW)) is None


@pytest.mark.parametrize(
    ("name", "held_back"),
    [("fast-stream-after-a-thought", False), ("all-events-at-the-end", True)],
)
def test_a_stream_is_watched_long_enough_to_decide(name: str, held_back: bool) -> None:
    with prepared(name) as target:
        bursts = [burst_of(reading) for reading in Observations(target).pace()]
    assert [burst is not None and burst.at_end for burst in bursts] == [held_back] * len(bursts)


def test_a_burst_that_shows_only_on_streams_recorded_together_is_no_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held_up = [stream(*evenly(6, first_s=1.0, gap_s=0.0)) for _ in range(2)]
    monkeypatch.setattr(Observations, "pace", lambda _: held_up)
    with prepared("fast-stream-after-a-thought") as target:
        judged(target)
    with prepared("all-events-at-the-end") as target, pytest.raises(Violation):
        judged(target)

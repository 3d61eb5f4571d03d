"""A stream that stops next to others is distinguished from streams that are slow or short."""

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Progress
from streamchat_conformance.suite.scenarios.concurrency import StreamGroup, streams_alone
from streamchat_conformance.suite.scenarios.stopped_streams import (
    alone_too,
    stopped_streams,
    until_silent,
)
from streamchat_conformance.suite.target.stop_conditions import Watched
from streamchat_fixtures.control import ControlSettings as Pace

from .exchanges import chat, exchange
from .targets import prepared

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = b'11\r\ndata: {"a":"b"}\n\n\r\n'
LAST = b"0\r\n\r\n"
CHUNK = '{{"object": "chat.completion.chunk", "choices": [{{"index": 0, "delta": {}, {}}}]}}'
FINISH = CHUNK.format("{}", '"finish_reason": "stop"')
DONE = "[DONE]"


def stream(*times_s: float, until_s: float | None = None) -> Reading:
    """Return a stream with events at these times: ended with the last, or watched until later."""
    reads = [Read(0.0, HEAD), *(Read(at_s, EVENT) for at_s in times_s)]
    if until_s is None:
        reads.append(Read(times_s[-1], LAST))
    return Reading(
        Exchange(
            request=exchange(chat()).request,
            reads=tuple(reads),
            ending=Ending.COMPLETE if until_s is None else Ending.ABANDONED,
            ended_at_s=times_s[-1] if until_s is None else until_s,
        )
    )


def completion(words: int, *ends: str) -> Reading:
    """Return a whole stream of Chat Completions: some words, and the ends it has."""
    events = [CHUNK.format('{"content": "a "}', '"finish_reason": null')] * words
    events += ends
    body = b"".join(f"{len(event) + 8:x}\r\ndata: {event}\n\n\r\n".encode() for event in events)
    return Reading(
        Exchange(
            request=exchange(chat()).request,
            reads=(Read(0.0, HEAD), Read(0.1, body + LAST)),
            ending=Ending.COMPLETE,
            ended_at_s=0.1,
        ),
        dialect=dialect_named("openai"),
    )


WHOLE = stream(0.0, 0.1, 0.2, 0.3)
ENDLESS = stream(0.0, 1.0, 2.0, 3.0, until_s=3.1)


@pytest.mark.parametrize(
    ("others", "stopped", "typical_s"),
    [
        ([WHOLE] * 3, stream(0.0, until_s=3.0), 0.1),
        ([WHOLE] * 3, stream(0.0), 0.1),
        ([WHOLE] * 3, stream(0.0, 2.5, 2.6, 2.7), 0.1),
        ([ENDLESS] * 3, stream(0.0, until_s=4.5), 1.0),
        ([ENDLESS] * 15, stream(0.0, 1.0, until_s=5.5), 1.0),
        ([ENDLESS] * 3, stream(0.0, 1.0), 1.0),
    ],
    ids=["silent", "ended", "paused", "endless silent", "of sixteen", "endless ended"],
)
def test_a_stream_that_does_not_go_on_as_the_others_has_stopped(
    others: list[Reading], stopped: Reading, typical_s: float
) -> None:
    (found,) = stopped_streams([*others, stopped], typical_s)
    assert found.reading is stopped


@pytest.mark.parametrize(
    ("readings", "typical_s"),
    [
        ([WHOLE] * 4, 0.1),
        ([ENDLESS] * 4, 1.0),
        ([stream(0.0, 0.8, 1.6, until_s=2.0)] * 4, 0.1),
        ([stream(0.0)] * 4, 0.0),
        ([WHOLE], 0.1),
        ([ENDLESS, stream(0.0, 2.9, until_s=3.1)], 1.0),
        ([completion(words, FINISH, DONE) for words in (8, 9, 2)], 0.1),
    ],
    ids=[
        *("whole", "endless", "slow together", "one event", "single", "one event missing"),
        "complete answers of different lengths",
    ],
)
def test_streams_that_are_slow_together_have_not_stopped(
    readings: list[Reading], typical_s: float
) -> None:
    assert stopped_streams(readings, typical_s) == []


def test_a_stream_that_lacks_the_sign_of_its_end_has_not_stopped() -> None:
    whole, unfinished = completion(8, FINISH, DONE), completion(8)
    assert not stopped_streams([whole, whole, whole, unfinished], 0.1)
    assert stopped_streams([whole, whole, whole, completion(7)], 0.1)


def test_all_streams_may_stop_together() -> None:
    assert len(stopped_streams([stream(0.0, 0.1, until_s=3.0)] * 4, 0.1)) == 4


def test_what_stops_alone_as_well_or_has_no_fixed_length_says_nothing() -> None:
    (silent,) = stopped_streams([WHOLE, WHOLE, WHOLE, stream(0.0, until_s=3.0)], 0.1)
    assert alone_too(silent, [stream(0.0, until_s=3.0), WHOLE])
    assert not alone_too(silent, [WHOLE, WHOLE])
    (short,) = stopped_streams([WHOLE, WHOLE, WHOLE, stream(0.0, 0.1)], 0.1)
    assert alone_too(short, [WHOLE, stream(0.0, 0.1, 0.2)])
    assert alone_too(short, [stream(0.0, 0.1)] * 3)
    assert alone_too(short, [])
    assert not alone_too(short, [WHOLE, WHOLE])


def test_a_shorter_text_that_lacks_its_end_too_has_not_stopped() -> None:
    whole, unfinished = completion(8, FINISH, DONE), completion(6)
    (short,) = stopped_streams([whole, whole, whole, unfinished], 0.1)
    assert alone_too(short, [completion(6, FINISH, DONE)])
    assert not alone_too(short, [completion(7, FINISH, DONE)])


def test_a_stream_is_watched_on_only_while_it_is_silent() -> None:
    until = until_silent(Watched(3.0), 1.0, 4)
    progress = Progress("POST")
    progress.receive(HEAD + EVENT, 0.0)
    progress.elapsed_s = 3.0
    assert not until(progress)
    assert until.wake_at_s(progress) == 9.0
    progress.elapsed_s = 9.0
    assert until(progress)
    progress.receive(EVENT, 2.5)
    progress.elapsed_s = 3.0
    assert until(progress)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("newest-of-four-streams-falls-silent", 4),
        ("oldest-of-four-endless-streams-falls-silent", 4),
        ("newest-of-four-streams-ends-early", 4),
        ("streams-beyond-eight-fall-silent", 16),
    ],
)
@pytest.mark.parametrize("pace", [Pace(events=0, interval_s=0.3), Pace(events=7, interval_s=0.12)])
def test_servers_that_stop_a_stream_are_seen_at_any_pace(name: str, count: int, pace: Pace) -> None:
    with prepared(name, pace=pace) as target:
        (stopped, *_) = StreamGroup.open(target, count).stopped(target)
        assert not alone_too(stopped, streams_alone(target, stopped.number, 1))

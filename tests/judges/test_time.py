"""Judges that look at when bytes arrived."""

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import JUDGES, Reading

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
REQUEST = (
    b"POST /api/stream-chat HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    b'Content-Length: 38\r\n\r\n{"prompt": "Hello", "history": ["Hi"]}'
)


def recorded(*pieces: tuple[float, bytes], ended_at_s: float) -> Reading:
    """Return a reading of a stream whose (time, bytes) are these, left at a time."""
    reads = [Read(0.0, HEAD)]
    reads += [Read(at_s, b"%x\r\n%s\r\n" % (len(data), data)) for at_s, data in pieces]
    exchange = Exchange(REQUEST, tuple(reads), Ending.ABANDONED, ended_at_s)
    return Reading(exchange, gap_limit_s=15.0)


EVENT = b'data: {"response": "x"}\n\n'


def test_a_silence_between_events_beyond_the_limit_is_a_gap() -> None:
    reading = recorded((0.1, EVENT), (15.2, EVENT), ended_at_s=15.3)
    assert JUDGES["stream.gap"](reading)


def test_a_silence_before_the_stream_is_left_is_a_gap() -> None:
    assert JUDGES["stream.gap"](recorded((0.1, EVENT), ended_at_s=15.2))


def test_a_comment_fills_a_gap() -> None:
    reading = recorded((0.1, EVENT), (14.0, b": ping\n\n"), (28.0, EVENT), ended_at_s=28.1)
    assert JUDGES["stream.gap"](reading) == []


def test_a_silence_before_the_first_event_is_no_gap() -> None:
    assert JUDGES["stream.gap"](recorded((20.0, EVENT), ended_at_s=20.1)) == []


def test_a_blank_line_that_comes_with_the_next_event_was_held_back() -> None:
    reading = recorded((0.1, EVENT[:-1]), (0.6, b"\n" + EVENT[:-1]), (1.1, b"\n"), ended_at_s=1.2)
    assert JUDGES["stream.whole-events"](reading)


def test_a_blank_line_in_a_packet_of_its_own_was_not_held_back() -> None:
    reading = recorded(
        (0.1, EVENT[:-1]), (0.11, b"\n"), (0.6, EVENT[:-1]), (0.61, b"\n"), ended_at_s=0.7
    )
    assert JUDGES["stream.whole-events"](reading) == []


def test_an_event_late_in_its_own_packets_was_not_held_back() -> None:
    reading = recorded((0.1, EVENT[:-1]), (0.3, b"\n"), (0.6, EVENT), ended_at_s=0.7)
    assert JUDGES["stream.whole-events"](reading) == []

"""How recordings end, and by which limit."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
from collections.abc import Callable

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.recorder import Connection, Endpoint, Limits, Until, until
from streamchat_conformance.recorder.channel import READ_BYTES
from streamchat_conformance.recorder.tape import OVERFLOW_FURTHER_BYTES

REQUEST = b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}"

Handler = Callable[[socket.socket, threading.Event], None]
Serve = Callable[[Handler], Endpoint]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


EVENT = chunk(b"data: {}\n\n")


def sends(*pieces: bytes, then: str = "wait", pause_s: float = 0.0) -> Handler:
    """A server that reads a request, sends pieces, and then waits, closes or resets."""

    def handler(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        for piece in pieces:
            peer.sendall(piece)
            if pause_s and halt.wait(pause_s):
                return
        if then == "reset":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif then == "wait":
            halt.wait(10)

    return handler


def repeats(first: bytes, piece: bytes, *, pause_s: float = 0.0) -> Handler:
    """A server that sends the same piece without end."""

    def handler(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(first)
        while not halt.wait(pause_s):
            peer.sendall(piece)

    return handler


def record(endpoint: Endpoint, condition: Until, **limits: float) -> Exchange:
    with Connection.open(endpoint, Limits(**limits)) as connection:  # type: ignore[arg-type]  # whole where it must be
        return connection.exchange(REQUEST, until=condition, label="test")


# Endings that the server makes.


def test_a_response_with_a_length_ends_complete(serve_either: Serve) -> None:
    exchange = record(serve_either(sends(REFUSAL)), until.complete())
    assert exchange.ending is Ending.COMPLETE
    assert exchange.received == REFUSAL
    assert exchange.request == REQUEST
    assert (exchange.sent_bytes, exchange.limit, exchange.notes) == (None, None, ())
    assert (exchange.position, exchange.label, exchange.watched_s) == (0, "test", None)
    assert exchange.connection > 0


def test_a_chunked_stream_ends_complete(serve_either: Serve) -> None:
    body = STREAM + EVENT * 3 + b"0\r\n\r\n"
    exchange = record(serve_either(sends(*[body[i : i + 7] for i in range(0, len(body), 7)])),
                      until.complete())  # fmt: skip
    assert exchange.ending is Ending.COMPLETE
    assert exchange.received == body


def test_interim_responses_stay_in_the_exchange(serve: Serve) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    exchange = record(serve(sends(interim, REFUSAL)), until.complete())
    assert exchange.ending is Ending.COMPLETE
    assert exchange.received == interim + REFUSAL


def test_a_body_delimited_by_close_ends_closed(serve_either: Serve) -> None:
    response = b"HTTP/1.1 200 OK\r\n\r\ndata: {}\n\n"
    exchange = record(serve_either(sends(response, then="close")), until.complete())
    assert exchange.ending is Ending.CLOSED
    assert exchange.received == response


def test_a_stream_cut_off_by_fin_ends_closed(serve: Serve) -> None:
    exchange = record(serve(sends(STREAM, EVENT, then="close")), until.complete())
    assert exchange.ending is Ending.CLOSED
    assert exchange.received == STREAM + EVENT


def test_a_stream_cut_off_by_rst_ends_reset(serve: Serve) -> None:
    exchange = record(serve(sends(STREAM, EVENT, then="reset")), until.complete())
    assert exchange.ending is Ending.RESET
    assert (STREAM + EVENT).startswith(exchange.received)


def test_a_server_that_closes_at_once_ends_closed_without_bytes(serve: Serve) -> None:
    exchange = record(serve(sends(then="close")), until.complete())
    assert (exchange.ending, exchange.reads) == (Ending.CLOSED, ())


def test_a_server_that_resets_at_once_ends_reset(serve: Serve) -> None:
    exchange = record(serve(sends(then="reset")), until.complete())
    assert (exchange.ending, exchange.reads) == (Ending.RESET, ())


def test_reading_on_after_the_response_sees_the_close(serve: Serve) -> None:
    exchange = record(serve(sends(REFUSAL, then="close")), until.closed())
    assert exchange.ending is Ending.CLOSED
    assert exchange.received == REFUSAL


# Endings that a limit makes.


def test_a_server_that_accepts_and_says_nothing_ends_by_the_head_limit(
    serve_either: Serve,
) -> None:
    exchange = record(serve_either(sends()), until.complete(), head_s=0.2)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "head_s=0.2")
    assert exchange.ended_at_s >= 0.2
    assert exchange.watched_s == exchange.ended_at_s


def test_a_dripping_head_does_not_put_off_the_head_limit(serve: Serve) -> None:
    endpoint = serve(repeats(b"HTTP/1.1 200 OK\r\nX: ", b"x", pause_s=0.02))
    exchange = record(endpoint, until.complete(), head_s=0.3)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "head_s=0.3")
    assert len(exchange.reads) > 1


def test_a_stream_without_events_ends_by_the_first_event_limit(serve: Serve) -> None:
    endpoint = serve(repeats(STREAM, chunk(b": wait\n\n"), pause_s=0.02))
    exchange = record(endpoint, until.events(1), first_event_s=0.3)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "first_event_s=0.3")


def test_silence_within_a_stream_ends_by_the_idle_limit(serve_either: Serve) -> None:
    exchange = record(serve_either(sends(STREAM, EVENT)), until.complete(), idle_s=0.2)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "idle_s=0.2")
    assert exchange.received == STREAM + EVENT
    assert exchange.watched_s is not None
    assert exchange.watched_s >= 0.2


def test_a_dripping_stream_does_not_put_off_the_total_limit(serve_either: Serve) -> None:
    endpoint = serve_either(repeats(STREAM, EVENT, pause_s=0.02))
    exchange = record(endpoint, until.complete(), total_s=0.4, idle_s=0.3)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "total_s=0.4")


def test_a_connection_kept_open_after_the_response_ends_by_the_idle_limit(serve: Serve) -> None:
    exchange = record(serve(sends(REFUSAL)), until.closed(), idle_s=0.2)
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "idle_s=0.2")


def test_an_endless_body_at_full_speed_is_stopped(serve_either: Serve) -> None:
    limit = 1_000_000
    endpoint = serve_either(repeats(STREAM, chunk(b"data: " + b"x" * 60_000 + b"\n\n")))
    exchange = record(endpoint, until.complete(), recording_bytes=limit)
    assert (exchange.ending, exchange.limit) == (Ending.OVERFLOW, f"recording_bytes={limit}")
    assert len(exchange.received) == limit
    assert 0 < exchange.unrecorded_bytes <= OVERFLOW_FURTHER_BYTES + 2 * READ_BYTES


def test_an_endless_head_at_full_speed_is_stopped(serve: Serve) -> None:
    endpoint = serve(repeats(b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 60_000 + b"\r\n"))
    exchange = record(endpoint, until.complete(), recording_bytes=1_000_000)
    assert (exchange.ending, exchange.limit) == (Ending.OVERFLOW, "recording_bytes=1000000")
    assert len(exchange.received) == 1_000_000


def test_a_body_of_exactly_the_recording_limit_is_complete(serve: Serve) -> None:
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    endpoint = serve(sends(response))
    assert record(endpoint, until.complete(), recording_bytes=len(response)).ending is (
        Ending.COMPLETE
    )


def test_a_body_beyond_the_recording_limit_overflows_though_the_server_closes(
    serve: Serve,
) -> None:
    response = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000
    exchange = record(serve(sends(response, then="close")), until.complete(), recording_bytes=1000)
    assert exchange.ending is Ending.OVERFLOW
    assert len(exchange.received) == 1000
    assert exchange.unrecorded_bytes == len(response) - 1000


def test_too_many_reads_end_the_recording(serve: Serve) -> None:
    endpoint = serve(repeats(STREAM, EVENT, pause_s=0.01))
    exchange = record(endpoint, until.complete(), recording_reads=5)
    assert (exchange.ending, exchange.limit) == (Ending.OVERFLOW, "recording_reads=5")
    assert len(exchange.reads) == 5
    assert exchange.unrecorded_bytes > 0


def test_lost_framing_is_read_for_a_little_longer(serve: Serve) -> None:
    broken = STREAM + b"not a size\r\n"
    exchange = record(serve(sends(broken, b"<html>", pause_s=0.05)), until.complete())
    assert exchange.ending is Ending.ABANDONED
    assert exchange.limit is None
    assert exchange.received == broken + b"<html>"
    assert "framing was lost" in exchange.notes[0]


# Endings that a condition makes.


@pytest.mark.parametrize("count", [1, 3])
def test_enough_events_end_the_recording(serve_either: Serve, count: int) -> None:
    endpoint = serve_either(repeats(STREAM, EVENT, pause_s=0.01))
    exchange = record(endpoint, until.events(count))
    assert exchange.ending is Ending.ABANDONED
    assert exchange.received.count(b"data:") >= count
    assert exchange.watched_s is not None


def test_a_stream_shorter_than_hoped_for_ends_complete(serve: Serve) -> None:
    exchange = record(serve(sends(STREAM, EVENT, b"0\r\n\r\n")), until.events(5))
    assert exchange.ending is Ending.COMPLETE


def test_events_under_gzip_are_counted(serve: Serve) -> None:
    head = STREAM.replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n")
    coded = gzip.compress(b"data: 1\n\ndata: 2\n\n")
    endpoint = serve(sends(head, *[chunk(coded[i : i + 5]) for i in range(0, len(coded), 5)]))
    assert record(endpoint, until.events(2)).ending is Ending.ABANDONED


def test_pieces_in_an_unknown_coding_count_as_events(serve: Serve) -> None:
    head = STREAM.replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n")
    endpoint = serve(sends(head, chunk(b"??"), chunk(b"??"), pause_s=0.05))
    exchange = record(endpoint, until.events(2), first_event_s=0.02, idle_s=5)
    assert exchange.ending is Ending.ABANDONED


def test_a_head_is_enough_where_only_that_is_wanted(serve: Serve) -> None:
    exchange = record(serve(sends(STREAM)), until.head())
    assert (exchange.ending, exchange.received) == (Ending.ABANDONED, STREAM)


def test_an_interim_response_is_enough_where_only_that_is_wanted(serve: Serve) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    exchange = record(serve(sends(interim)), until.interim())
    assert (exchange.ending, exchange.received) == (Ending.ABANDONED, interim)


def test_elapsed_time_ends_the_recording_though_nothing_comes(serve: Serve) -> None:
    exchange = record(serve(sends(STREAM, EVENT)), until.elapsed(0.3))
    assert exchange.ending is Ending.ABANDONED
    assert exchange.ended_at_s >= 0.3


def test_silence_after_the_response_shows_what_follows_it(serve: Serve) -> None:
    exchange = record(serve(sends(REFUSAL, b"surplus", pause_s=0.05)), until.silence(0.3))
    assert exchange.ending is Ending.COMPLETE
    assert exchange.received == REFUSAL + b"surplus"


def test_the_first_of_several_conditions_ends_the_recording(serve: Serve) -> None:
    endpoint = serve(sends(STREAM, EVENT))
    either = until.any_of(until.events(2), until.elapsed(0.2))
    exchange = record(endpoint, either)
    assert exchange.ending is Ending.ABANDONED
    assert exchange.ended_at_s >= 0.2


# Times.


def test_bytes_are_stamped_when_they_arrive(serve_either: Serve) -> None:
    pause_s = 0.05
    exchange = record(serve_either(sends(STREAM, EVENT, EVENT, b"0\r\n\r\n", pause_s=pause_s)),
                      until.complete())  # fmt: skip
    times = [read.at_s for read in exchange.reads]
    assert times == sorted(times)
    # The server's pauses are lower bounds, whatever else the machine is doing.
    assert times[-1] >= 3 * pause_s
    assert times[-1] <= exchange.ended_at_s
    assert 0 < exchange.sent_at_s <= times[0]

"""However a stream is received, the same is said of it."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
import gevent.socket
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.recorder.endpoint import Endpoint
from streamchat_load.client.connection import StreamConnection
from streamchat_load.client.exchange import exchange
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.client.reading import StopReason, StreamReading
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.faults import StreamFault
from streamchat_load.verification.expected_body import learn_body
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.stream_verifier import StreamVerifier
from streamchat_load.verification.template import LEARNING_NONCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DIALECT = StreamChatDialect()
NONCE, OTHER = "00112233445566ff", "ffeeddccbbaa9988"
LIMIT_S = 5.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def events_of(nonce: str) -> list[bytes]:
    return [b'data: {"response": "%d sc-%b"}\n\n' % (n, nonce.encode()) for n in range(4)]


def answer_of(events: Sequence[bytes]) -> bytes:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events)
    return HEAD + chunks + b"0\r\n\r\n"


SOUND = answer_of(events_of(NONCE))
ORACLE = Oracle(
    expected_body=learn_body([b"".join(events_of(n)) for n in (*LEARNING_NONCES, OTHER)], OTHER),
    length=4,
    body_bytes=len(b"".join(events_of(NONCE))),
)


def read(pieces: Sequence[bytes], *, plainly: bool = False, **members: Any) -> StreamReading:
    """Read an answer that is sent in pieces, each once the other side had a chance to read."""
    with gevent.socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
                for piece in pieces:
                    connection.sendall(piece)
                    gevent.idle()

        server = gevent.spawn(serve)
        reading = StreamReading(
            verifier=StreamVerifier(DIALECT.build(NONCE), ORACLE, DIALECT),
            due_s=perf_counter(),
            phase="",
            recording=[] if plainly else None,
            **members,
        )
        port = listening.getsockname()[1]
        reading.connection = StreamConnection(Endpoint("http", "127.0.0.1", port, "/"))
        with gevent.Timeout(LIMIT_S):
            exchange(reading, b"POST / HTTP/1.1\r\n\r\n")
            reading.connection.close()
            server.join()
    return reading


def cut_at(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if end > start]


def said_of(reading: StreamReading) -> tuple[object, ...]:
    evidence = reading.evidence
    return (
        reading.outcome,
        reading.verifier.events,
        len(reading.stamps_s),
        reading.first_event_s is not None,
        evidence and (evidence.fault, evidence.event, evidence.message),
    )


places = st.lists(st.integers(0, len(SOUND)), max_size=6)


@settings(max_examples=examples(60), deadline=None)
@given(cuts=places)
def test_a_predictable_stream_is_verified_however_it_is_cut(cuts: list[int]) -> None:
    reading = read(cut_at(SOUND, cuts))
    assert reading.outcome is StreamOutcome.VERIFIED, reading.evidence
    assert reading.verifier.events == len(reading.stamps_s) == 4
    assert reading.body_bytes == ORACLE.body_bytes
    assert reading.reusable


@settings(max_examples=examples(150), deadline=None)
@given(
    cuts=places,
    at=st.integers(len(HEAD), len(SOUND) - 1),
    byte=st.integers(0, 255),
    end=st.none() | st.integers(len(HEAD), len(SOUND)),
)
def test_a_broken_stream_gets_the_same_fault_in_both_ways(
    cuts: list[int], at: int, byte: int, end: int | None
) -> None:
    answer = (SOUND[:at] + bytes([byte]) + SOUND[at + 1 :])[:end]
    pieces = cut_at(answer, cuts)
    followed, plain = read(pieces), read(pieces, plainly=True)
    assert said_of(followed) == said_of(plain)
    if answer == SOUND:
        assert followed.outcome is StreamOutcome.VERIFIED


@pytest.mark.parametrize("plainly", [False, True])
def test_a_stream_is_cut_after_the_event_that_was_asked_for(plainly: bool) -> None:
    reading = read(cut_at(SOUND, range(0, len(SOUND), 7)), plainly=plainly, cut_after=2)
    assert reading.outcome is StreamOutcome.VERIFIED
    assert reading.verifier.events == 2
    assert not reading.reusable


@pytest.mark.parametrize("plainly", [False, True])
def test_events_that_came_with_the_head_are_judged_before_what_is_wrong_behind_them(
    plainly: bool,
) -> None:
    first = SOUND[: SOUND.index(b"\r\n", SOUND.index(b"data:")) + 2]
    reading = read([first + b"zz\r\n"], plainly=plainly)
    assert reading.outcome is StreamOutcome.FAULTY
    assert reading.evidence is not None
    assert (reading.evidence.fault, reading.evidence.event) == (StreamFault.FRAMING, 1)
    assert len(reading.stamps_s) == 1


@contextmanager
def reading_three_events() -> Iterator[tuple[StreamReading, gevent.Greenlet[..., None], Any]]:
    """Yield a reading that waits for its fourth event, its greenlet, and the server's socket."""
    with gevent.socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        reading = StreamReading(
            verifier=StreamVerifier(DIALECT.build(NONCE), ORACLE, DIALECT),
            due_s=perf_counter(),
            phase="",
        )
        reading.connection = StreamConnection(Endpoint("http", "127.0.0.1", port, "/"))
        reader = gevent.spawn(exchange, reading, b"POST / HTTP/1.1\r\n\r\n")
        server, _ = listening.accept()
        server.sendall(SOUND[:-30])
        with server, gevent.Timeout(LIMIT_S):
            while reading.verifier.events < 3:
                gevent.idle()
            yield reading, reader, server
        reading.connection.close()


def test_a_stream_that_is_ended_from_outside_wakes_its_reader() -> None:
    with reading_three_events() as (reading, reader, _):
        reading.end(StopReason.SILENT)
        reader.join()
    assert reading.outcome is StreamOutcome.FAULTY
    assert reading.evidence is not None
    assert reading.evidence.fault is StreamFault.STALL


def test_a_reader_that_is_killed_leaves_nothing_behind_in_the_loop() -> None:
    with reading_three_events() as (reading, reader, server):
        reader.kill()
        server.sendall(SOUND[-30:])
        gevent.sleep(0)
    assert reading.verifier.events == 3
    assert reading.outcome is None

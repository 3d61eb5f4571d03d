from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.recorder import Connection, Endpoint, Limits, Progress, until

Handler = Callable[[socket.socket, threading.Event], None]
Serve = Callable[[Handler], Endpoint]

MIB = 1024 * 1024
HEAD = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"


def upload(length: int) -> bytes:
    return HEAD % length + b"x" * length


def read_all(peer: socket.socket, length: int) -> None:
    """Read that many bytes of a request."""
    while length > 0:
        data = peer.recv(min(length, 65_536))
        if not data:
            raise ConnectionError("the request ended early")
        length -= len(data)


def test_an_upload_is_sent_whole(serve_either: Serve, limits: Limits) -> None:
    request = upload(MIB)

    def read_then_answer(peer: socket.socket, halt: threading.Event) -> None:
        read_all(peer, len(request))
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        halt.wait(10)

    with Connection.open(serve_either(read_then_answer), limits) as connection:
        exchange = connection.exchange(request, until=until.complete())
    assert exchange.ending is Ending.COMPLETE
    assert exchange.sent_bytes is None
    assert 0 < exchange.sent_at_s <= exchange.reads[0].at_s


def test_a_refusal_in_the_midst_of_an_upload_is_recorded(
    serve_either: Serve, limits: Limits
) -> None:
    # More than the socket buffers of both sides take together.
    request = upload(16 * MIB)
    seen = threading.Event()

    def refuse(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(1024)
        peer.sendall(REFUSAL)
        seen.wait(10)

    def complete(progress: Progress) -> bool:
        if progress.reader.complete:
            seen.set()
        return progress.reader.complete

    with Connection.open(serve_either(refuse), limits) as connection:
        exchange = connection.exchange(request, until=complete)
        assert not connection.is_open()
    assert exchange.ending is Ending.COMPLETE
    assert exchange.received == REFUSAL
    assert exchange.sent_bytes is not None
    assert exchange.sent_bytes < len(request)


def test_a_refusal_in_the_midst_of_an_upload_is_recorded_though_the_server_closes(
    serve: Serve, limits: Limits
) -> None:
    # Not over TLS: a reset that comes first ends the session, and takes what it carried with it.
    request = upload(16 * MIB)

    def refuse_and_close(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(1024)
        peer.sendall(REFUSAL)

    with Connection.open(serve(refuse_and_close), limits) as connection:
        exchange = connection.exchange(request, until=until.complete())
        assert connection.send_error is not None or not connection.is_open()
    assert exchange.ending is Ending.COMPLETE
    assert exchange.received == REFUSAL
    assert exchange.sent_bytes is not None
    assert exchange.sent_bytes < len(request)


def test_a_server_that_answers_and_reads_no_more_is_not_waited_for_long(
    serve_either: Serve,
) -> None:
    answered = threading.Event()

    def refuse_and_stand_still(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(1024)
        peer.sendall(REFUSAL)
        answered.wait(10)

    # Waiting for the socket as long as an unanswered request does would outlast everything.
    limits = Limits(send_s=600.0, total_s=600.0)
    with Connection.open(serve_either(refuse_and_stand_still), limits) as connection:
        exchange = connection.exchange(upload(16 * MIB), until=until.complete())
    answered.set()
    assert exchange.ending is Ending.COMPLETE
    assert exchange.limit is None
    assert exchange.received == REFUSAL
    assert exchange.sent_bytes is not None


def test_reading_on_after_such_a_refusal_ends_with_the_connection(
    serve: Serve, limits: Limits
) -> None:
    def refuse_and_close(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(1024)
        peer.sendall(REFUSAL)

    with Connection.open(serve(refuse_and_close), limits) as connection:
        exchange = connection.exchange(upload(16 * MIB), until=until.closed())
    # A close over unread bytes is a reset; which of both is seen first is up to the kernel.
    assert exchange.ending in (Ending.RESET, Ending.CLOSED)
    assert exchange.received == REFUSAL


def test_an_early_refusal_does_not_keep_the_rest_from_being_sent(
    serve: Serve, limits: Limits
) -> None:
    request = upload(8 * MIB)

    def refuse_and_read_on(peer: socket.socket, _halt: threading.Event) -> None:
        taken = len(peer.recv(1024))
        peer.sendall(REFUSAL)
        read_all(peer, len(request) - taken)
        peer.recv(1024)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with Connection.open(serve(refuse_and_read_on), limits) as connection:
        exchange = connection.exchange(request, until=until.complete())
        assert (exchange.ending, exchange.sent_bytes) == (Ending.COMPLETE, None)
        again = connection.exchange(b"POST / HTTP/1.1\r\n\r\n", until=until.complete())
    response = read_response(again)
    assert response.head is not None
    assert response.head.status == 200


def test_the_rest_stays_unsent_when_that_is_wanted(serve: Serve, limits: Limits) -> None:
    def refuse(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(1024)
        peer.sendall(REFUSAL)
        halt.wait(10)

    with Connection.open(serve(refuse), limits) as connection:
        exchange = connection.exchange(
            upload(10), until=until.complete(), pieces=[HEAD % 10, b"x" * 10], pause_s=5,
            finish_sending=False,
        )  # fmt: skip
    assert exchange.ending is Ending.COMPLETE
    assert exchange.sent_bytes == len(HEAD % 10)
    assert exchange.ended_at_s < 5


def test_a_reset_during_an_upload_ends_reset_and_reports_how_much_was_sent(serve: Serve) -> None:
    def cut(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(1024)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    request = upload(16 * MIB)
    with Connection.open(serve(cut), Limits()) as connection:
        exchange = connection.exchange(request, until=until.complete())
    assert exchange.ending is Ending.RESET
    assert exchange.reads == ()
    assert exchange.sent_bytes is not None
    assert exchange.sent_bytes < len(request)


def test_a_server_that_never_reads_ends_by_the_send_limit(serve_either: Serve) -> None:
    def never_read(_peer: socket.socket, halt: threading.Event) -> None:
        halt.wait(10)

    request = upload(16 * MIB)
    with Connection.open(serve_either(never_read), Limits(send_s=0.3)) as connection:
        exchange = connection.exchange(request, until=until.complete())
    assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "send_s=0.3")
    assert exchange.sent_bytes is not None
    assert exchange.sent_bytes < len(request)


def test_pieces_leave_one_by_one_with_pauses(serve_either: Serve, limits: Limits) -> None:
    arrived: list[bytes] = []

    def note(peer: socket.socket, halt: threading.Event) -> None:
        while sum(map(len, arrived)) < 6:
            arrived.append(peer.recv(1024))
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        halt.wait(10)

    pause_s = 0.1
    with Connection.open(serve_either(note), limits) as connection:
        exchange = connection.exchange(
            b"abcdef", pieces=[b"ab", b"c", b"def"], pause_s=pause_s, until=until.complete()
        )
    assert exchange.ending is Ending.COMPLETE
    assert exchange.sent_at_s >= 2 * pause_s
    assert arrived == [b"ab", b"c", b"def"]


def test_pauses_on_purpose_do_not_count_as_a_stalled_upload(serve: Serve) -> None:
    def answer_at_the_end(peer: socket.socket, halt: threading.Event) -> None:
        read_all(peer, 2)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        halt.wait(10)

    with Connection.open(serve(answer_at_the_end), Limits(send_s=0.1, head_s=0.1)) as connection:
        exchange = connection.exchange(
            b"ab", pieces=[b"a", b"b"], pause_s=0.3, until=until.complete()
        )
    assert exchange.ending is Ending.COMPLETE


def test_sending_slowly_is_bound_by_the_total_limit(serve: Serve) -> None:
    def read_on(peer: socket.socket, _halt: threading.Event) -> None:
        while peer.recv(1024):
            pass

    endpoint, limits = serve(read_on), Limits(total_s=0.3)
    with Connection.open(endpoint, limits) as connection:
        exchange = connection.exchange(
            b"ab", pieces=[b"a", b"b"], pause_s=5, until=until.complete()
        )
        assert (exchange.ending, exchange.limit) == (Ending.TIMED_OUT, "total_s=0.3")
        assert exchange.sent_bytes == 1
    with Connection.open(endpoint, limits) as connection:
        assert connection.send(b"ab", pieces=[b"a", b"b"], pause_s=5) == 1


def test_an_interim_response_is_seen_while_the_body_is_held_back(
    serve: Serve, limits: Limits
) -> None:
    def go_on(peer: socket.socket, halt: threading.Event) -> None:
        read_all(peer, len(HEAD % 2))
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        read_all(peer, 2)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        halt.wait(10)

    with Connection.open(serve(go_on), limits) as connection:
        exchange = connection.exchange(
            HEAD % 2 + b"{}", pieces=[HEAD % 2, b"{}"], pause_s=0.3, until=until.complete()
        )
    response = read_response(exchange)
    assert response.head is not None
    assert response.interim[0].at_s < exchange.sent_at_s < response.head.at_s


def test_pieces_that_are_not_the_request_are_refused(serve: Serve, limits: Limits) -> None:
    def close(peer: socket.socket, halt: threading.Event) -> None:
        pass

    with Connection.open(serve(close), limits) as connection:
        with pytest.raises(ValueError, match="the pieces, joined"):
            connection.send(b"abc", pieces=[b"a", b"b"])
        with pytest.raises(ValueError, match="the pieces, joined"):
            connection.exchange(b"abc", pieces=[b"a", b"b"], until=until.complete())


@pytest.mark.parametrize("pause_s", [0.0, 5.0])
def test_sending_to_a_server_that_has_gone_raises_nothing(
    serve_either: Serve, limits: Limits, pause_s: float
) -> None:
    def cut(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(1024)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with Connection.open(serve_either(cut), limits) as connection:
        assert connection.send(b"first") == 5
        assert connection.wait_for_close(5)
        sent = connection.send(b"second", pieces=[b"sec", b"ond"], pause_s=pause_s)
        assert sent == 0
        assert connection.send_error is not None
        exchange = connection.receive(until=until.complete(), request=b"second")
    assert exchange.ending is Ending.RESET

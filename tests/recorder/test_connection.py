from __future__ import annotations

import queue
import socket
import struct
import threading
from collections.abc import Callable

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.recorder import Connection, Endpoint, Limits, channel, until

Handler = Callable[[socket.socket, threading.Event], None]
Serve = Callable[[Handler], Endpoint]

REQUEST = b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"


def response(body: bytes) -> bytes:
    return b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def answers(*replies: bytes) -> Handler:
    """A server that sends one reply for each read of a request, then waits."""

    def handler(peer: socket.socket, halt: threading.Event) -> None:
        for reply in replies:
            peer.recv(65_536)
            peer.sendall(reply)
        halt.wait(10)

    return handler


def close_with_rst(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# Several exchanges on one connection.


def test_a_connection_is_kept_alive(serve_either: Serve, limits: Limits) -> None:
    endpoint = serve_either(answers(response(b"one"), response(b"two")))
    with Connection.open(endpoint, limits) as connection:
        exchanges = [connection.exchange(REQUEST, until=until.complete()) for _ in range(2)]
    assert [read_response(exchange).body for exchange in exchanges] == [b"one", b"two"]
    assert [exchange.position for exchange in exchanges] == [0, 1]
    assert {exchange.connection for exchange in exchanges} == {connection.number}


def test_connections_have_numbers_of_their_own(serve: Serve, limits: Limits) -> None:
    endpoint = serve(answers())
    with Connection.open(endpoint, limits) as one, Connection.open(endpoint, limits) as two:
        assert one.number != two.number
        assert one.local_port != two.local_port


def test_pipelined_responses_in_one_read_are_distinguished(
    serve_either: Serve, limits: Limits
) -> None:
    requests = [REQUEST + b"1", REQUEST + b"22", REQUEST + b"333"]
    replies = [b"HTTP/1.1 100 Continue\r\n\r\n" + response(b"one"), response(b"two"),
               response(b"three")]  # fmt: skip
    with Connection.open(serve_either(answers(b"".join(replies))), limits) as connection:
        assert connection.send(b"".join(requests)) == sum(map(len, requests))
        exchanges = [
            connection.receive(until=until.complete(), request=request) for request in requests
        ]
    assert [exchange.received for exchange in exchanges] == replies
    assert [exchange.request for exchange in exchanges] == requests
    assert [exchange.ending for exchange in exchanges] == [Ending.COMPLETE] * 3
    assert [exchange.sent_bytes for exchange in exchanges] == [None] * 3


def test_what_is_left_over_keeps_its_time_of_arrival(serve: Serve, limits: Limits) -> None:
    release = threading.Event()

    def handler(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(response(b"one") + response(b"two")[:20])
        release.wait(10)
        peer.sendall(response(b"two")[20:])
        halt.wait(10)

    with Connection.open(serve(handler), limits) as connection:
        connection.send(REQUEST + REQUEST)
        first = connection.receive(until=until.complete(), request=REQUEST)
        assert connection.pause_reading(0.2) is None
        release.set()
        second = connection.receive(until=until.complete(), request=REQUEST)
    assert first.received == response(b"one")
    assert len(second.reads[0].data) == 20
    assert second.reads[0].at_s == pytest.approx(first.reads[-1].at_s)
    assert second.reads[1].at_s >= second.reads[0].at_s + 0.2


def test_a_request_sent_after_another_has_a_zero_of_its_own(serve: Serve, limits: Limits) -> None:
    def handler(peer: socket.socket, halt: threading.Event) -> None:
        received = b""
        while received.count(b"\r\n\r\n") < 2:
            received += peer.recv(65_536)
        peer.sendall(response(b"one") + response(b"two"))
        halt.wait(10)

    with Connection.open(serve(handler), limits) as connection:
        connection.send(REQUEST)
        assert connection.pause_reading(0.2) is None
        connection.send(REQUEST)
        first = connection.receive(until=until.complete(), request=REQUEST)
        second = connection.receive(until=until.complete(), request=REQUEST)
    assert first.reads[0].at_s - second.reads[0].at_s >= 0.2


def test_unasked_bytes_are_seen_here_and_by_whoever_reads_next(
    serve: Serve, limits: Limits
) -> None:
    surplus = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
    with Connection.open(serve(answers(response(b"one") + surplus)), limits) as connection:
        first = connection.exchange(REQUEST, until=until.complete())
        second = connection.exchange(REQUEST, until=until.complete())
    assert first.received == response(b"one") + surplus
    assert second.received == surplus
    assert second.notes == ("bytes had arrived before this request was sent",)
    assert second.reads[0].at_s < 0


def test_a_connection_that_the_server_has_ended_sends_nothing_more(
    serve_either: Serve, limits: Limits
) -> None:
    def close_after_one(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(response(b"one"))

    with Connection.open(serve_either(close_after_one), limits) as connection:
        connection.exchange(REQUEST, until=until.complete())
        assert connection.wait_for_close(5)
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert (exchange.ending, exchange.sent_bytes, exchange.reads) == (Ending.CLOSED, 0, ())
    assert "had ended the connection" in " ".join(exchange.notes)


def test_a_head_request_has_no_body(serve: Serve, limits: Limits) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    with Connection.open(serve(answers(head)), limits) as connection:
        exchange = connection.exchange(b"HEAD / HTTP/1.1\r\n\r\n", until=until.complete())
    assert exchange.ending is Ending.COMPLETE


# Ends.


def test_after_a_half_close_the_response_still_comes(serve: Serve, limits: Limits) -> None:
    def answer_at_the_end(peer: socket.socket, _halt: threading.Event) -> None:
        while peer.recv(65_536):
            pass
        peer.sendall(response(b"late"))

    with Connection.open(serve(answer_at_the_end), limits) as connection:
        connection.send(REQUEST)
        connection.half_close()
        exchange = connection.receive(until=until.complete(), request=REQUEST)
    assert exchange.ending is Ending.COMPLETE
    assert read_response(exchange).body == b"late"


@pytest.mark.parametrize("how", ["close", "reset"])
def test_abandoning_is_seen_by_the_server_as_meant(
    serve_either: Serve, limits: Limits, how: str
) -> None:
    seen: queue.Queue[str] = queue.Queue()
    release = threading.Event()

    def stream(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n")
        peer.sendall(b"data: 2\n\n" * 1000)
        release.wait(10)
        try:
            # Beneath TLS, which makes no difference between the two.
            while socket.socket.recv(peer, 65_536):
                pass
            seen.put("close")
        except ConnectionResetError:
            seen.put("reset")

    with Connection.open(serve_either(stream), limits) as connection:
        connection.exchange(REQUEST, until=until.events(1))
        assert connection.is_open()
        # Unread bytes must not turn a close into a reset.
        assert connection.pause_reading(0.1) is None
        getattr(connection, how)()
        assert not connection.is_open()
        release.set()
        assert seen.get(timeout=5) == how


def test_a_closed_stream_takes_no_more_writes(serve: Serve, limits: Limits) -> None:
    failed = threading.Event()

    def stream(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while not halt.wait(0.005):
                peer.sendall(b"data: 1\n\n")
        except OSError:
            failed.set()

    with Connection.open(serve(stream), limits) as connection:
        connection.exchange(REQUEST, until=until.events(1))
    assert failed.wait(5)


def test_waiting_for_the_close_returns_whether_it_came(serve_either: Serve, limits: Limits) -> None:
    release = threading.Event()

    def close_when_asked(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(response(b"one"))
        release.wait(10)

    with Connection.open(serve_either(close_when_asked), limits) as connection:
        connection.exchange(REQUEST, until=until.complete())
        assert connection.is_open()
        assert not connection.wait_for_close(0.1)
        release.set()
        assert connection.wait_for_close(5)
        assert not connection.is_open()


def test_bytes_that_come_while_waiting_for_the_close_are_kept(serve: Serve, limits: Limits) -> None:
    def answer_twice_and_close(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(response(b"one"))
        halt.wait(0.05)
        peer.sendall(response(b"two"))

    with Connection.open(serve(answer_twice_and_close), limits) as connection:
        connection.exchange(REQUEST, until=until.complete())
        assert connection.wait_for_close(5)
        rest = connection.receive(until=until.complete(), request=b"")
        end = connection.receive(until=until.complete(), request=b"")
    assert (rest.ending, rest.received) == (Ending.COMPLETE, response(b"two"))
    assert (end.ending, end.received) == (Ending.CLOSED, b"")


def test_a_flood_while_waiting_for_the_close_is_bounded(serve: Serve) -> None:
    def flood(peer: socket.socket, halt: threading.Event) -> None:
        while not halt.is_set():
            peer.sendall(b"x" * 65_536)

    with Connection.open(serve(flood), Limits(recording_bytes=100_000)) as connection:
        assert not connection.wait_for_close(30)


@pytest.mark.parametrize(
    ("how", "ending"), [("fin", Ending.CLOSED), ("rst", Ending.RESET), ("open", None)]
)
def test_a_client_that_does_not_read_still_notices_the_end(
    serve_either: Serve, limits: Limits, how: str, ending: Ending | None
) -> None:
    def stream(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"data: 1\n\n" * 10)
        halt.wait(0.1)
        if how == "rst":
            close_with_rst(peer)
        elif how == "open":
            halt.wait(10)

    with Connection.open(serve_either(stream), limits) as connection:
        connection.send(REQUEST)
        assert connection.pause_reading(0.3 if how == "open" else 5) is ending
        assert connection.is_open() is (how == "open")
        if how == "fin":
            exchange = connection.receive(until=until.closed(), request=REQUEST)
            assert exchange.received.count(b"data: 1\n\n") == 10


@pytest.mark.parametrize("how", ["fin", "rst", "open"])
def test_where_poll_does_not_report_a_fin_a_look_does(
    serve: Serve, limits: Limits, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    def end(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        if how == "rst":
            close_with_rst(peer)
        elif how == "open":
            peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            halt.wait(10)

    monkeypatch.setattr(channel, "_POLL_FIN", 0)
    with Connection.open(serve(end), limits) as connection:
        assert connection.is_open()
        connection.send(REQUEST)
        if how == "open":
            connection.receive(until=until.head(), request=REQUEST)
        else:
            assert connection.wait_for_close(5)
        assert connection.is_open() is (how == "open")


def test_a_small_receive_buffer_is_felt_by_the_server(serve: Serve, limits: Limits) -> None:
    written: queue.Queue[int] = queue.Queue()

    def write_until_full(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        peer.settimeout(0.3)
        total = 0
        try:
            while total < 8_000_000:
                total += peer.send(b"x" * 65_536)
        except TimeoutError:
            written.put(total)

    with Connection.open(serve(write_until_full), limits, receive_buffer_bytes=4096) as connection:
        connection.send(REQUEST)
        assert written.get(timeout=5) < 1_000_000


def test_a_connection_closed_by_its_user_refuses_further_use(serve: Serve, limits: Limits) -> None:
    connection = Connection.open(serve(answers()), limits)
    connection.close()
    connection.close()
    connection.reset()
    for use in (
        lambda: connection.send(b""),
        lambda: connection.receive(until=until.complete(), request=b""),
        lambda: connection.exchange(b"", until=until.complete()),
        lambda: connection.wait_for_close(1),
        lambda: connection.pause_reading(1),
        connection.half_close,
    ):
        with pytest.raises(ValueError, match="closed by its user"):
            use()


def test_nothing_is_printed_or_logged(
    serve: Serve, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    secret = b"POST / HTTP/1.1\r\nAuthorization: Bearer s3cret\r\n\r\n"
    caplog.set_level(0)
    with Connection.open(serve(answers()), Limits(head_s=0.05)) as connection:
        connection.exchange(secret, until=until.complete())
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""
    assert "s3cret" not in repr(connection)

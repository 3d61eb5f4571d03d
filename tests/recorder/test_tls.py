"""What is particular to TLS; whatever plain and TLS have in common is tested with both."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.recorder import Connection, Endpoint, Limits, until

Serve = Callable[[Callable[[socket.socket, threading.Event], None]], Endpoint]

REQUEST = b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"
UNDELIMITED = b"HTTP/1.1 200 OK\r\n\r\ndata: {}\n\n"


def test_a_close_without_close_notify_is_an_end_with_a_note(
    serve_tls: Serve, limits: Limits
) -> None:
    def cut(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(UNDELIMITED)
        peer.shutdown(socket.SHUT_RDWR)

    with Connection.open(serve_tls(cut), limits) as connection:
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert (exchange.ending, exchange.received) == (Ending.CLOSED, UNDELIMITED)
    assert exchange.notes == ("the server closed without TLS close_notify",)


def test_a_close_with_close_notify_has_no_note(serve_tls: Serve, limits: Limits) -> None:
    def close(peer: socket.socket, _halt: threading.Event) -> None:
        assert isinstance(peer, ssl.SSLSocket)
        peer.recv(65_536)
        peer.sendall(UNDELIMITED)
        peer.unwrap()

    with Connection.open(serve_tls(close), limits) as connection:
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert (exchange.ending, exchange.received) == (Ending.CLOSED, UNDELIMITED)
    assert exchange.notes == ()


def test_garbage_between_records_is_a_reset_with_a_note(serve_tls: Serve, limits: Limits) -> None:
    def garble(peer: socket.socket, halt: threading.Event) -> None:
        assert isinstance(peer, ssl.SSLSocket)
        peer.recv(65_536)
        peer.sendall(UNDELIMITED)
        socket.socket.sendall(peer, b"HTTP/1.1 500 plain text in the midst of TLS\r\n\r\n")
        halt.wait(10)

    with Connection.open(serve_tls(garble), limits) as connection:
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert exchange.ending is Ending.RESET
    assert any(note.startswith("TLS failed: ") for note in exchange.notes)


def test_a_server_that_speaks_first_is_heard(serve_tls: Serve, limits: Limits) -> None:
    # Such bytes may come with the handshake's last record, and poll does not report them.
    early = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"

    def speak_first(peer: socket.socket, halt: threading.Event) -> None:
        peer.sendall(early)
        halt.wait(10)

    with Connection.open(serve_tls(speak_first), limits) as connection:
        connection.send(REQUEST)
        exchange = connection.receive(until=until.complete(), request=REQUEST)
    assert (exchange.ending, exchange.received) == (Ending.COMPLETE, early)


def test_more_than_one_record_in_one_read_is_seen_at_once(serve_tls: Serve, limits: Limits) -> None:
    # The last record's plaintext must not wait inside the engine for more ciphertext.
    body = b"x" * 100_000

    def answer(peer: socket.socket, halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        for start in range(0, len(body), 1000):
            peer.sendall(body[start : start + 1000])
        halt.wait(10)

    with Connection.open(serve_tls(answer), limits) as connection:
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert exchange.ending is Ending.COMPLETE
    assert read_response(exchange).body == body


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_versions_of_tls_are_spoken(
    serve_tls: Serve, server_context: ssl.SSLContext, limits: Limits, version: ssl.TLSVersion
) -> None:
    spoken: list[str | None] = []

    def answer(peer: socket.socket, halt: threading.Event) -> None:
        assert isinstance(peer, ssl.SSLSocket)
        spoken.append(peer.version())
        peer.recv(65_536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        halt.wait(10)

    server_context.maximum_version = version
    with Connection.open(serve_tls(answer), limits) as connection:
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert exchange.ending is Ending.COMPLETE
    assert spoken == [version.name.replace("_", ".")]


def test_http11_is_asked_for_by_alpn(
    serve_tls: Serve, server_context: ssl.SSLContext, limits: Limits
) -> None:
    chosen: list[str | None] = []

    def note(peer: socket.socket, _halt: threading.Event) -> None:
        assert isinstance(peer, ssl.SSLSocket)
        chosen.append(peer.selected_alpn_protocol())

    server_context.set_alpn_protocols(["h2", "http/1.1"])
    with Connection.open(serve_tls(note), limits) as connection:
        assert connection.wait_for_close(5)
    assert chosen == ["http/1.1"]


def test_a_half_close_says_close_notify_and_the_response_still_comes(
    serve_tls: Serve, limits: Limits
) -> None:
    def answer_at_the_end(peer: socket.socket, _halt: threading.Event) -> None:
        while peer.recv(65_536):
            pass
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    with Connection.open(serve_tls(answer_at_the_end), limits) as connection:
        connection.send(REQUEST)
        connection.half_close()
        exchange = connection.receive(until=until.complete(), request=REQUEST)
    assert exchange.ending is Ending.COMPLETE
    assert read_response(exchange).body == b"late"

"""Connections and responses, in this process: gevent's sockets need no patching."""

from __future__ import annotations

import itertools
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.recorder.endpoint import Endpoint
from streamchat_load.client.connection import StreamConnectError, StreamConnection
from streamchat_load.client.response import StreamResponse

from .harness import refusing_port

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_S = 2.0

STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"6\r\ndata: \r\n3\r\nx\n\n\r\n0\r\n\r\n"
)


@pytest.fixture
def pair() -> Iterator[tuple[StreamConnection, socket.socket]]:
    """A connection, and the server's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = Endpoint("http", "127.0.0.1", listening.getsockname()[1], "/")
        connection = StreamConnection(endpoint)
        peer, _ = listening.accept()
        peer.settimeout(WAIT_S)
        with peer:
            yield connection, peer
        connection.close()


def arrived(connection: StreamConnection) -> None:
    """Wait until something, or the end, has arrived: the loopback device takes its time."""
    connection._socket.settimeout(WAIT_S)
    connection._socket.recv(1, socket.MSG_PEEK)


def test_an_idle_connection_is_open(pair: tuple[StreamConnection, socket.socket]) -> None:
    connection, peer = pair
    assert connection.is_open()
    connection.send(b"still blocking")
    assert peer.recv(64) == b"still blocking"


def test_a_connection_that_the_server_closed_is_not_open(
    pair: tuple[StreamConnection, socket.socket],
) -> None:
    connection, peer = pair
    peer.close()
    arrived(connection)
    assert not connection.is_open()


def test_a_connection_that_timed_out_with_a_408_is_not_open(
    pair: tuple[StreamConnection, socket.socket],
) -> None:
    connection, peer = pair
    peer.sendall(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
    arrived(connection)
    assert not connection.is_open()


def test_unexpected_bytes_stay_for_the_next_answer(
    pair: tuple[StreamConnection, socket.socket],
) -> None:
    connection, peer = pair
    peer.sendall(b"rubbish")
    arrived(connection)
    assert connection.is_open()
    assert connection.recv(64) == b"rubbish"


def test_a_refused_connection_says_so() -> None:
    with refusing_port() as port, pytest.raises(StreamConnectError, match="connection refused"):
        StreamConnection(Endpoint("http", "127.0.0.1", port, "/"))


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_a_response_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    response = StreamResponse()
    body = b""
    for start, end in itertools.pairwise(edges):
        assert response.feed(STREAM[start:end]) is None
        body += response.take()
    assert (response.status, body, response.complete) == (200, b"data: x\n\n", True)
    assert response.framed
    assert response.persistent
    assert response.field(b"content-type") == "text/event-stream"


def test_an_interim_response_is_passed_over() -> None:
    response = StreamResponse()
    response.feed(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + STREAM)
    assert response.status == 200
    assert response.take() == b"data: x\n\n"
    assert not response.field(b"x")
    assert not response.surplus


def test_a_second_response_is_surplus_and_the_connection_not_used_again() -> None:
    response = StreamResponse()
    response.feed(STREAM + b"HTTP/1.1 200 OK\r\n")
    assert response.complete
    assert response.surplus
    assert not response.persistent


def test_a_response_that_says_close_is_not_persistent() -> None:
    response = StreamResponse()
    response.feed(STREAM.replace(b"\r\nT", b"\r\nConnection: close\r\nT", 1))
    assert response.complete
    assert not response.persistent


@pytest.mark.parametrize("data", [b"rubbish\r\n\r\n", STREAM.replace(b"6\r\n", b"zz\r\n")])
def test_what_is_not_http_is_reported(data: bytes) -> None:
    assert StreamResponse().feed(data)

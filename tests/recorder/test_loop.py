"""Waiting is done in poll: turns of the loop are counted, since times and loads are not ours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.recorder import (
    Connection,
    Endpoint,
    Limits,
    Plan,
    Progress,
    Until,
    record_together,
    until,
)

Handler = Callable[[socket.socket, threading.Event], None]
Serve = Callable[[Handler], Endpoint]

REQUEST = b"POST / HTTP/1.1\r\nHost: h\r\n\r\n"
STREAM = b"HTTP/1.1 200 OK\r\n\r\n"
FEW = 12
"""Turns for connecting, sending and a few bytes; a busy loop makes thousands in a second."""


def say_nothing(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    halt.wait(10)


def send_and_wait(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    peer.sendall(STREAM + b"data: 1\n\n")
    halt.wait(10)


def send_and_half_close(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    peer.sendall(STREAM + b"data: 1\n\n")
    peer.shutdown(socket.SHUT_WR)
    halt.wait(10)


def test_waiting_for_a_silent_server_takes_few_turns(serve_either: Serve, polls: list[int]) -> None:
    with Connection.open(serve_either(say_nothing), Limits(head_s=1)) as connection:
        exchange = connection.exchange(REQUEST, until=until.complete())
    assert exchange.limit == "head_s=1"
    assert len(polls) <= FEW


@pytest.mark.parametrize("condition", [until.elapsed(0.5), until.silence(0.5)])
def test_waiting_for_a_time_takes_few_turns(
    serve: Serve, polls: list[int], condition: Until
) -> None:
    with Connection.open(serve(send_and_wait), Limits()) as connection:
        exchange = connection.exchange(REQUEST, until=condition)
    assert exchange.ending is Ending.ABANDONED
    assert len(polls) <= FEW


def test_a_condition_that_names_a_time_past_is_not_asked_without_pause(
    serve: Serve, polls: list[int]
) -> None:
    class Impatient:
        def __call__(self, progress: Progress) -> bool:
            return progress.reader.complete

        def wake_at_s(self, progress: Progress) -> float:
            return progress.elapsed_s - 1

    with Connection.open(serve(say_nothing), Limits(head_s=0.2)) as connection:
        exchange = connection.exchange(REQUEST, until=Impatient())
    assert exchange.limit == "head_s=0.2"
    assert len(polls) <= 200 + FEW


def test_not_reading_what_is_there_takes_few_turns(serve_either: Serve, polls: list[int]) -> None:
    with Connection.open(serve_either(send_and_wait), Limits()) as connection:
        connection.send(REQUEST)
        assert connection.pause_reading(0.5) is None
    assert len(polls) <= FEW


def test_a_plan_that_does_not_read_takes_few_turns(serve: Serve, polls: list[int]) -> None:
    plan = Plan(
        endpoint=serve(send_and_wait), request=REQUEST, until=until.elapsed(0.5), reading=False
    )
    (exchange,) = record_together([plan], Limits())
    assert exchange.ending is Ending.ABANDONED
    assert len(polls) <= FEW


def test_a_pause_between_pieces_takes_few_turns(serve: Serve, polls: list[int]) -> None:
    with Connection.open(serve(say_nothing), Limits(head_s=0.1)) as connection:
        connection.exchange(b"ab", pieces=[b"a", b"b"], pause_s=0.5, until=until.complete())
        connection.send(b"ab", pieces=[b"a", b"b"], pause_s=0.5)
    assert len(polls) <= FEW


def test_a_socket_that_takes_no_more_takes_few_turns(serve: Serve, polls: list[int]) -> None:
    def never_read(_peer: socket.socket, halt: threading.Event) -> None:
        halt.wait(10)

    with Connection.open(serve(never_read), Limits(send_s=0.5)) as connection:
        exchange = connection.exchange(b"x" * 16_777_216, until=until.complete())
    assert exchange.limit == "send_s=0.5"
    assert len(polls) <= 10 * FEW


def test_a_half_closed_server_that_is_not_read_takes_few_turns(
    serve: Serve, polls: list[int]
) -> None:
    with Connection.open(serve(send_and_half_close), Limits()) as connection:
        connection.send(REQUEST)
        assert connection.pause_reading(5) is Ending.CLOSED
        assert connection.pause_reading(5) is Ending.CLOSED
    assert len(polls) <= FEW

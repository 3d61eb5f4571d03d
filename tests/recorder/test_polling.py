"""Waiting for sockets by `select` gives what `poll` gives."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable

import pytest
from streamchat_conformance.recorder.polling import POLLIN, POLLOUT, Poller, SelectPoller, poller

POLLERS = pytest.mark.parametrize("made", [poller, SelectPoller])


@POLLERS
def test_what_is_ready_is_reported_and_nothing_else(made: Callable[[], Poller]) -> None:
    near, far = socket.socketpair()
    with near, far:
        waiting = made()
        waiting.register(near, POLLIN)
        waiting.register(far.fileno(), POLLIN | POLLOUT)
        assert waiting.poll(0) == [(far.fileno(), POLLOUT)]
        far.send(b"x")
        assert dict(waiting.poll(1000)) == {near.fileno(): POLLIN, far.fileno(): POLLOUT}
        near.recv(1)
        assert dict(waiting.poll(0)) == {far.fileno(): POLLOUT}


@POLLERS
def test_the_end_of_a_peer_makes_a_socket_readable(made: Callable[[], Poller]) -> None:
    near, far = socket.socketpair()
    with near:
        far.close()
        waiting = made()
        waiting.register(near, POLLIN)
        ((descriptor, events),) = waiting.poll(1000)
        assert descriptor == near.fileno()
        assert events & POLLIN


@POLLERS
def test_waiting_ends_in_time_whatever_is_watched(made: Callable[[], Poller]) -> None:
    near, far = socket.socketpair()
    with near, far:
        for watched in ([], [near]):
            waiting = made()
            for sock in watched:
                waiting.register(sock, POLLIN)
            begun_s = time.monotonic()
            assert waiting.poll(30) == []
            assert time.monotonic() - begun_s >= 0.02


def test_a_system_without_poll_waits_by_select(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    assert isinstance(poller(), SelectPoller)

"""Clients that are slow, silent, gone or too many: the others do not notice."""

from __future__ import annotations

import resource
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from .harness import Conversation, post, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import RunningServer

PROMPTLY_S = 20.0
"""Far less than it would take otherwise, and more than a busy machine needs."""
SLOTS = 8
"""`--max-streams` of the endless server."""


def wait_until_admitted(server: RunningServer, limit_s: float) -> float:
    """Give how long it took until one more stream was admitted; no wait beyond `limit_s`."""
    began_s = time.monotonic()
    while time.monotonic() - began_s < limit_s:
        with server.connect() as conversation:
            conversation.send(post())
            if conversation.read_head().status == 200:
                return time.monotonic() - began_s
    raise AssertionError(f"no stream was admitted within {limit_s} s")


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
def test_a_place_is_free_soon_after_a_hang_up_even_in_silence(
    tmp_path: Path, *, reset: bool
) -> None:
    options = ("--max-streams", "1", "--interval", "60", "--heartbeat", "60")
    with running_server(tmp_path, *options) as server:
        with server.connect() as conversation:
            conversation.send(post())
            conversation.read_until(b"data: ")
            assert server.exchange(post()).status == 503
            if reset:
                conversation.reset()
        # The aim is 0.1 s; the machine may be busy, and without notice it would take a minute.
        assert wait_until_admitted(server, PROMPTLY_S) < PROMPTLY_S


def test_one_stream_too_many_gets_503_on_a_connection_that_serves_on(
    endless: RunningServer,
) -> None:
    with ExitStack() as stack:
        for _ in range(SLOTS):
            conversation = stack.enter_context(endless.connect())
            conversation.send(post())
            assert conversation.read_head().status == 200
        with endless.connect() as refused:
            refused.send(post())
            response = refused.read_response()
            assert (response.status, response.head.first("retry-after")) == (503, "1")
            assert response.json["error"].startswith("Too many streams")
            refused.send(post(b"{"))
            assert refused.read_response().status == 400
    wait_until_admitted(endless, PROMPTLY_S)


def test_fifty_abandoned_streams_leave_nothing_behind(endless: RunningServer) -> None:
    for number in range(50):
        with endless.connect() as conversation:
            conversation.send(post())
            conversation.read_head()
            if number % 2:
                conversation.reset()
    wait_until_admitted(endless, PROMPTLY_S)


def test_streams_progress_together(endless: RunningServer) -> None:
    with ExitStack() as stack:
        conversations = [stack.enter_context(endless.connect()) for _ in range(SLOTS)]
        for conversation in conversations:
            conversation.send(post())
        for _ in range(3):
            for conversation in conversations:
                conversation.read_until(b"data: ")


def test_a_client_that_never_reads_stops_no_other(endless: RunningServer) -> None:
    with endless.connect() as idle, endless.connect() as reader:
        idle.send(post({"prompt": "x" * 1_000_000, "history": []}))
        reader.send(post())
        began_s = time.monotonic()
        for _ in range(5):
            reader.read_until(b"data: ")
        assert time.monotonic() - began_s < PROMPTLY_S


@pytest.mark.parametrize(
    "start",
    [b"", b"POST /api/st", post()[:-20]],
    ids=["silent", "half a head", "half a body"],
)
def test_a_hundred_half_sent_requests_cannot_take_the_last_thread(
    tmp_path: Path, start: bytes
) -> None:
    # One stream and 64 requests have threads here: fewer than there are slow clients.
    with running_server(tmp_path, "--max-streams", "1") as server, ExitStack() as stack:
        for _ in range(100):
            slow = stack.enter_context(server.connect())
            slow.send(start)
        for _ in range(3):
            began_s = time.monotonic()
            assert server.exchange(post(b"{")).status == 400
            assert time.monotonic() - began_s < PROMPTLY_S


def test_a_slow_reader_keeps_its_stream_when_threads_run_short(tmp_path: Path) -> None:
    options = ("--max-streams", "1", "--interval", "0")
    with running_server(tmp_path, *options) as server, ExitStack() as stack:
        reader = stack.enter_context(server.connect())
        reader.send(post({"prompt": "x" * 1_000_000, "history": []}))
        reader.read_until(b"data: ")
        for _ in range(100):
            stack.enter_context(server.connect()).send(post()[:-20])
        assert server.exchange(post(b"{")).status == 400
        # Far more than the buffers on the way hold: the server still writes.
        for _ in range(20):
            reader.read_until(b"data: ")


def test_half_sent_requests_are_answered_with_408_when_their_time_is_over(tmp_path: Path) -> None:
    options = ("--head-seconds", "0.3", "--request-seconds", "0.6")
    with running_server(tmp_path, *options) as server:
        for start in (b"POST /api/st", post()[:-5]):
            with server.connect() as conversation:
                conversation.send(start)
                response = conversation.read_response()
                assert (response.status, response.head.first("connection")) == (408, "close")
                assert "error" in response.json
                assert conversation.read_to_end() == b""


def test_dribbling_does_not_prolong_a_requests_time(tmp_path: Path) -> None:
    with running_server(tmp_path, "--head-seconds", "0.5") as server:
        with server.connect() as conversation:
            began_s = time.monotonic()
            conversation.socket.settimeout(0.05)
            answered = False
            for byte in post(b"", "X: " + "y" * 1_000):
                conversation.socket.sendall(bytes([byte]))
                try:
                    answered = bool(conversation.socket.recv(1))
                except TimeoutError:
                    continue
                break
        assert answered
        assert time.monotonic() - began_s < PROMPTLY_S


def test_a_stream_whose_client_never_reads_is_given_up(tmp_path: Path) -> None:
    options = ("--max-streams", "1", "--interval", "0", "--stall-seconds", "0.3")
    with running_server(tmp_path, *options) as server, server.connect() as idle:
        idle.send(post({"prompt": "x" * 100_000, "history": []}))
        assert idle.read_head().status == 200
        wait_until_admitted(server, PROMPTLY_S)


def test_closing_a_connection_that_stays_open_delays_no_other(server: RunningServer) -> None:
    with ExitStack() as stack:
        for _ in range(30):
            lingering = stack.enter_context(server.connect())
            lingering.send(post(b"{", "Connection: close"))
            lingering.read_response()
        began_s = time.monotonic()
        with server.connect() as conversation:
            conversation.send(post(b"{"))
            conversation.read_response()
        # gunicorn alone would wait up to 2 s for each of them.
        assert time.monotonic() - began_s < PROMPTLY_S


@pytest.fixture
def _many_descriptors() -> Iterator[None]:
    """Let this process open some thousand sockets, as it may, for one test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4_000 if hard == resource.RLIM_INFINITY else min(4_000, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("_many_descriptors")
def test_more_connections_than_there_can_be_push_out_the_idle_ones(tmp_path: Path) -> None:
    with running_server(tmp_path, "--max-streams", "1") as server, ExitStack() as stack:
        idle: list[Conversation] = [stack.enter_context(server.connect()) for _ in range(1_100)]
        began_s = time.monotonic()
        assert server.exchange(post(b"{")).status == 400
        assert time.monotonic() - began_s < PROMPTLY_S
        assert idle[0].read_to_end() == b""

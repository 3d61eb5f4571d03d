"""The loop that drives all streams of a process: what one stream does never becomes another's."""

from __future__ import annotations

import socket
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from streamchat_reference.http.client_socket import ClientSocket, ClientTimeLimits, WaitingClients
from streamchat_reference.http.driven_response import DrivenResponse
from streamchat_reference.http.driven_stream import WakeReason
from streamchat_reference.http.stop_signal import StopSignal
from streamchat_reference.http.stream_loop import StreamLoop

from .harness import post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    from gunicorn.http.wsgi import Response
    from streamchat_reference.http.driven_stream import Step, Watch

    from .harness import RunningServer

    Drive: TypeAlias = "Callable[[Stream], tuple[DrivenResponse, socket.socket]]"

PROMPTLY_S = 20.0
LONG_S = 60.0
STALL_S = 0.3
END = b"end"


class Stream:
    """A stream of given steps; it notes why its waits ended, and whether it was closed."""

    def __init__(self, steps: Callable[[], Iterator[Step]]) -> None:
        self._steps = steps()
        self.reasons: list[WakeReason | None] = []
        self.closed = False

    def watch_by(self, watch: Watch) -> None:
        """Need no watch."""

    def resume(self, reason: WakeReason | None = None) -> Step:
        self.reasons.append(reason)
        return None if reason is WakeReason.STOP else next(self._steps, None)

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        self.closed = True


class PlainResponse:
    """Writes blocks as they are, and a mark at the end."""

    def __init__(self) -> None:
        self.sock: socket.socket

    def write(self, block: bytes) -> None:
        self.sock.sendall(block)

    def close(self) -> None:
        self.sock.sendall(END)


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    with closing(StopSignal()) as signal:
        yield signal


@pytest.fixture
def loop(stop: StopSignal) -> Iterator[StreamLoop]:
    with closing(StreamLoop(stop, LONG_S)) as started:
        yield started


@pytest.fixture
def impatient_loop(stop: StopSignal) -> Iterator[StreamLoop]:
    with closing(StreamLoop(stop, STALL_S)) as started:
        yield started


@contextmanager
def driving(loop: StreamLoop) -> Iterator[Drive]:
    """Drive streams; what it yields gives the response and the client's end of its connection."""
    responses: list[DrivenResponse] = []
    clients: list[socket.socket] = []

    def drive(stream: Stream) -> tuple[DrivenResponse, socket.socket]:
        server, client = socket.socketpair()
        client.settimeout(PROMPTLY_S)
        accepted = ClientSocket(server, WaitingClients(), ClientTimeLimits())
        response = cast("Response", PlainResponse())
        driven = DrivenResponse(stream, accepted, response, stream, serves_on=True)
        responses.append(driven)
        clients.append(client)
        loop.add(driven)
        return driven, client

    try:
        yield drive
    finally:
        for client in clients:
            client.close()
        for response in responses:
            response.ended.result(PROMPTLY_S)  # the loop lets go of a connection before this
            response.client.close()


@pytest.fixture
def driven(loop: StreamLoop) -> Iterator[Drive]:
    with driving(loop) as drive:
        yield drive


def received(client: socket.socket) -> bytes:
    data = b""
    while not data.endswith(END):
        data += client.recv(65536)
    return data.removesuffix(END)


def test_blocks_and_waits_alternate(driven: Drive) -> None:
    def steps() -> Iterator[Step]:
        yield b"a"
        yield time.monotonic() + 0.05
        yield b"b"

    stream = Stream(steps)
    response, client = driven(stream)
    assert received(client) == b"ab"
    assert response.ended.result(PROMPTLY_S)
    assert stream.reasons == [None, None, WakeReason.TIME, None]
    assert stream.closed


def test_a_slow_client_gets_every_byte_in_order(
    driven: Drive,
) -> None:
    blocks = [bytes([number]) * 100_000 for number in range(50)]
    response, client = driven(Stream(lambda: iter(blocks)))
    assert received(client) == b"".join(blocks)
    assert response.ended.result(PROMPTLY_S)


def test_a_client_that_takes_nothing_loses_its_stream(impatient_loop: StreamLoop) -> None:
    stream = Stream(lambda: iter([b"x" * 10_000_000]))
    with driving(impatient_loop) as drive:
        response, _ = drive(stream)
        assert not response.ended.result(PROMPTLY_S)
    assert stream.closed


def test_a_client_that_has_gone_ends_its_stream(
    driven: Drive,
) -> None:
    def steps() -> Iterator[Step]:
        yield time.monotonic() + LONG_S
        yield b"to nobody"

    stream = Stream(steps)
    response, client = driven(stream)
    client.close()
    assert not response.ended.result(PROMPTLY_S)
    assert WakeReason.DEAD in stream.reasons


def test_a_stream_that_never_waits_lets_the_others_have_their_turn(
    driven: Drive,
) -> None:
    going = True

    def greedy() -> Iterator[Step]:
        while going:
            yield b""

    response, _ = driven(Stream(greedy))
    _, other = driven(Stream(lambda: iter([b"a", 0.0, b"b"])))
    assert received(other) == b"ab"
    assert not response.ended.done()
    going = False
    assert response.ended.result(PROMPTLY_S)


def test_a_stream_that_fails_ends_alone(driven: Drive, caplog: pytest.LogCaptureFixture) -> None:
    def failing() -> Iterator[Step]:
        yield b"a"
        raise SystemExit("not the whole loop")

    response, _ = driven(Stream(failing))
    assert not response.ended.result(PROMPTLY_S)
    assert "A stream failed" in caplog.text
    _, other = driven(Stream(lambda: iter([b"b"])))
    assert received(other) == b"b"


def test_a_stop_wakes_all_streams_and_those_that_come_later(
    stop: StopSignal, driven: Drive
) -> None:
    def waiting() -> Iterator[Step]:
        yield time.monotonic() + LONG_S

    responses = [driven(Stream(waiting))[0] for _ in range(3)]
    stop.set()
    responses.append(driven(Stream(waiting))[0])
    assert all(response.ended.result(PROMPTLY_S) for response in responses)


def test_a_time_that_moves_back_is_kept(
    driven: Drive,
) -> None:
    due_s: list[float] = []

    def steps() -> Iterator[Step]:
        for number in range(1, 4):
            due_s.append(time.monotonic() + 0.02 * number)
            yield due_s[-1]
            assert time.monotonic() >= due_s[-1]
            yield b"a"

    response, client = driven(Stream(steps))
    assert received(client) == b"aaa"
    assert response.ended.result(PROMPTLY_S)


def test_open_streams_take_no_threads(endless: RunningServer) -> None:
    conversations = [endless.connect() for _ in range(8)]
    try:
        for conversation in conversations:
            conversation.send(post())
            conversation.read_until(b"data: ")
        tasks = list(Path(f"/proc/{endless.worker_pid()}/task").iterdir())
        # The main loop, the loop of streams, and the threads of requests, which served in turn.
        assert len(tasks) < 2 + len(conversations)
    finally:
        for conversation in conversations:
            conversation.socket.close()

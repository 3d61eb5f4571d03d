"""One stream against one client's socket, without a server."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from streamchat_reference.answerers.interface import AnswererError, Pause, Question, Thought
from streamchat_reference.dialects.stream_chat.events import ChatEvents
from streamchat_reference.http.stop_signal import StopSignal
from streamchat_reference.streaming.answer_stream import AnswerStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamchat_reference.answerers.interface import Pieces, Step

LONG_S = 60.0
PROMPTLY_S = 20.0
"""Far less than LONG_S; the machine may be busy."""
"""Generous, because the machine may be busy; a missed wake-up would take `LONG_S`."""


class Answerer:
    """Answers with what `generate` makes, and remembers whether it was closed."""

    echoes_request = certain = calls_tools = False

    def __init__(self, generate: Callable[[], Pieces], *, blocking: bool = False) -> None:
        self._generate = generate
        self.blocking = blocking
        self.closed = threading.Event()

    def generate(self, question: Question) -> Iterator[Step]:
        assert question == Question("p", [1])
        try:
            yield from self._generate()
        finally:
            self.closed.set()


@pytest.fixture
def stop() -> Iterator[StopSignal]:
    signal = StopSignal()
    yield signal
    signal.close()


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection: the server's end and the client's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        server, _ = listener.accept()
        with server, client:
            yield server, client


def stream(
    answerer: Answerer,
    stop: StopSignal,
    client: socket.socket | None = None,
    heartbeat_s: float = LONG_S,
    on_close: Callable[[], None] = lambda: None,
    echo: str = "",
) -> AnswerStream[Step]:
    return AnswerStream(
        lambda: answerer.generate(Question("p", [1])),
        ChatEvents(echo),
        blocking=answerer.blocking,
        client=client,
        stop=stop,
        heartbeat_s=heartbeat_s,
        on_close=on_close,
    )


def data(blocks: list[bytes]) -> list[Any]:
    lines = b"".join(blocks).decode("ascii").splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data")]


both_ways = pytest.mark.parametrize("blocking", [False, True], ids=["direct", "pumped"])


@both_ways
def test_each_piece_is_one_event(stop: StopSignal, *, blocking: bool) -> None:
    answerer = Answerer(lambda: ["a", Pause(0.01), "\u2028\n\r\0", "b"], blocking=blocking)
    blocks = list(stream(answerer, stop))
    assert blocks[0] == b": open\n\n"
    assert data(blocks) == [{"response": "a"}, {"response": "\u2028\n\r\0"}, {"response": "b"}]
    assert all(block.count(b"\n") == 2 for block in blocks)


def test_reasoning_is_not_shown_in_this_dialect(stop: StopSignal) -> None:
    answer = data(list(stream(Answerer(lambda: [Thought("Hm."), "a"]), stop)))
    assert answer == [{"response": "a"}]


@both_ways
def test_an_echo_repeats_the_request_in_each_event(stop: StopSignal, *, blocking: bool) -> None:
    answerer = Answerer(lambda: ["a", "b"], blocking=blocking)
    answers = data(list(stream(answerer, stop, echo='"prompt":"p","history":[1]')))
    assert answers == [{"prompt": "p", "history": [1], "response": piece} for piece in "ab"]


@both_ways
def test_an_answer_of_nothing_is_one_empty_event(stop: StopSignal, *, blocking: bool) -> None:
    assert data(list(stream(Answerer(list, blocking=blocking), stop))) == [{"response": ""}]


@both_ways
def test_a_failure_is_reported_in_an_error_event_after_the_pieces_before_it(
    stop: StopSignal, *, blocking: bool
) -> None:
    def failing() -> Iterator[str]:
        yield "a"
        raise AnswererError("it is tired")

    blocks = list(stream(Answerer(failing, blocking=blocking), stop))
    assert data(blocks) == [{"response": "a"}, {"error": "The answerer failed: it is tired"}]
    assert blocks[-1].startswith(b"event: error\ndata: ")


@both_ways
def test_an_unforeseen_failure_shows_nothing_of_itself(stop: StopSignal, *, blocking: bool) -> None:
    def failing() -> Iterator[str]:
        raise RuntimeError("secret")
        yield ""

    blocks = list(stream(Answerer(failing, blocking=blocking), stop))
    assert data(blocks) == [{"error": "The answerer failed"}]


@both_ways
def test_a_piece_that_is_no_text_is_a_failure(stop: StopSignal, *, blocking: bool) -> None:
    blocks = list(stream(Answerer(lambda: [b"a"], blocking=blocking), stop))  # type: ignore[list-item]  # the fault
    assert data(blocks) == [{"error": "The answerer failed"}]


@both_ways
def test_while_the_answerer_is_silent_comments_are_sent(
    stop: StopSignal, *, blocking: bool
) -> None:
    answerer = Answerer(lambda: [Pause(0.5), "a"], blocking=blocking)
    blocks = list(stream(answerer, stop, heartbeat_s=0.1))
    assert 1 <= blocks.count(b": still here\n\n") <= 5
    assert data(blocks) == [{"response": "a"}]


@both_ways
def test_a_stop_ends_the_stream_with_an_error_event(stop: StopSignal, *, blocking: bool) -> None:
    answerer = Answerer(lambda: ["a", Pause(LONG_S)], blocking=blocking)
    blocks = stream(answerer, stop)
    assert [next(blocks), next(blocks)][1].startswith(b"data")
    stopper = threading.Timer(0.1, stop.set)
    stopper.start()
    began_s = time.monotonic()
    assert data(list(blocks)) == [{"error": "The server is stopping"}]
    assert time.monotonic() - began_s < PROMPTLY_S
    assert answerer.closed.wait(PROMPTLY_S)
    stopper.join()


def test_a_stop_ends_an_answerer_that_never_waits(stop: StopSignal) -> None:
    def greedy() -> Iterator[str]:
        while True:
            yield "a"

    blocks = stream(Answerer(greedy), stop)
    assert [next(blocks) for _ in range(100)]
    stop.set()
    assert data(list(blocks)) == [{"error": "The server is stopping"}]


@both_ways
def test_a_hang_up_is_noticed_while_the_answerer_is_silent(
    stop: StopSignal, ends: tuple[socket.socket, socket.socket], *, blocking: bool
) -> None:
    server, client = ends
    answerer = Answerer(lambda: ["a", Pause(LONG_S)], blocking=blocking)
    blocks = stream(answerer, stop, server)
    server.sendall(next(blocks) + next(blocks))
    client.recv(1000)
    client.close()
    began_s = time.monotonic()
    try:
        for block in blocks:
            server.sendall(block)
    except OSError:
        blocks.close()
    assert time.monotonic() - began_s < PROMPTLY_S
    assert answerer.closed.wait(PROMPTLY_S)


def test_a_client_that_only_stops_sending_gets_the_whole_stream(
    stop: StopSignal, ends: tuple[socket.socket, socket.socket]
) -> None:
    server, client = ends
    client.shutdown(socket.SHUT_WR)
    blocks = []
    for block in stream(Answerer(lambda: [Pause(0.3), "a", Pause(0.1), "b"]), stop, server):
        server.sendall(block)
        blocks.append(block)
    assert data(blocks) == [{"response": "a"}, {"response": "b"}]
    assert blocks.count(b": ?\n\n") == 3


def test_closing_is_reported_once_even_before_the_beginning(stop: StopSignal) -> None:
    answers: list[int] = []
    blocks = stream(Answerer(lambda: ["a"]), stop, on_close=lambda: answers.append(1))
    blocks.close()
    blocks.close()
    assert answers == [1]
    assert list(blocks) == []


def test_a_blocking_answerer_is_held_back_by_a_slow_client(stop: StopSignal) -> None:
    made: list[int] = []

    def counting() -> Iterator[str]:
        for number in range(100_000):
            made.append(number)
            yield "a"

    answerer = Answerer(counting, blocking=True)
    blocks = stream(answerer, stop)
    assert [next(blocks) for _ in range(3)]
    assert len(made) < 1000
    blocks.close()
    assert answerer.closed.wait(PROMPTLY_S)
    assert len(made) < 1000

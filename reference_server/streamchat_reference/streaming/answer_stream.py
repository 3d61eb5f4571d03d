"""One stream: runs an answerer, has its events written and watches the client meanwhile."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from streamchat_reference.answerers.interface import AnswererError, Closable, Pause
from streamchat_reference.http.driven_stream import WakeReason
from streamchat_reference.streaming import event_stream
from streamchat_reference.streaming.stream_poller import StreamPoller
from streamchat_reference.streaming.thread_bridge import ThreadBridge

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from typing import TypeAlias

    from streamchat_reference.http.connection_control import ConnectionControl
    from streamchat_reference.http.driven_stream import HasFileno, Step, Watch
    from streamchat_reference.http.stop_signal import StopSignal

    Steps: TypeAlias = Generator[bytes | float, WakeReason | None, None]

PROBES = 3
"""How many writes show whether a client that closed its side still reads."""
PROBE_INTERVAL_S = 0.02
"""After a client's FIN, this many probes, this far apart, distinguish a closed peer from a
half-closed one."""

ANSWERER_FAILED = "The answerer failed"
SERVER_STOPPING = "The server is stopping"

PieceT = TypeVar("PieceT")
WrittenT_contra = TypeVar("WrittenT_contra", contravariant=True)

log = logging.getLogger("streamchat_reference")


class _ServerStoppingError(Exception):
    """The server ends its streams."""


class _ClientGoneError(Exception):
    """The client has closed the connection."""


class EventWriter(Protocol[WrittenT_contra]):
    """Writes what happens in an answer as the events of a dialect; each is one whole block."""

    def begin(self) -> Iterable[bytes]:
        """Return the events that precede the first piece."""

    def piece(self, piece: WrittenT_contra, /) -> Iterable[bytes]:
        """Return the events for one piece of the answer."""

    def end(self) -> Iterable[bytes]:
        """Return the events after the last piece of a complete answer."""

    def fail(self, text: str, /) -> Iterable[bytes]:
        """Return the events that report a failure. The stream ends with them."""


class AnswerStream(Generic[PieceT]):
    """The body of one response: an iterable of whole blocks of an event stream.

    Iterating over it waits in `poll`. A `driver` may take it over, and wait for many at once.

    `answer` starts the answer, and may wait by itself where it is `blocking`. `on_close` is
    called once, however the stream ends: by itself, by failure, by hang-up, or before it began.
    `heartbeat` is the block that leaves in silence.
    """

    def __init__(
        self,
        answer: Callable[[], Iterable[PieceT | Pause]],
        writer: EventWriter[PieceT],
        *,
        blocking: bool,
        client: HasFileno | None,
        stop: StopSignal,
        heartbeat_s: float,
        on_close: Callable[[], None],
        heartbeat: bytes = event_stream.HEARTBEAT,
        driver: ConnectionControl | None = None,
    ) -> None:
        self._answer = answer
        self._writer = writer
        self._blocking = blocking
        self._client = client
        self._stop = stop
        self._heartbeat_s = heartbeat_s
        self._on_close = on_close
        self._heartbeat = heartbeat
        self._driver = driver
        self._poller: StreamPoller | None = None
        self._watch: Watch
        self._last_write_s = 0.0
        self._steps = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._poller is None:
            self._poller = StreamPoller(self._client, self._stop)
            self.watch_by(self._poller)
        step = self.resume()
        while isinstance(step, float):
            step = self.resume(self._poller.wait(step))
        if step is None:
            raise StopIteration
        return step

    def watch_by(self, watch: Watch) -> None:
        """Use `watch` from now on."""
        self._watch = watch

    def resume(self, reason: WakeReason | None = None) -> Step:
        """Return the next block, the time until which to wait, or None at the end."""
        try:
            step = self._steps.send(reason)
        except StopIteration:
            return None
        if isinstance(step, bytes):
            self._last_write_s = time.monotonic()
        return step

    def close(self) -> None:
        """End the stream now: the answerer is closed, its slot is free."""
        try:
            self._steps.close()
        finally:
            on_close, self._on_close = self._on_close, _nothing
            on_close()

    def _run(self) -> Steps:
        if self._driver is not None:
            self._driver.take_over(self)
        yield event_stream.OPENING
        try:
            yield from self._writer.begin()
            yield from self._bridged() if self._blocking else self._direct()
            yield from self._writer.end()
        except _ServerStoppingError:
            yield from self._writer.fail(SERVER_STOPPING)
        except _ClientGoneError:
            return
        except AnswererError as error:
            log.error("The answerer failed: %s", error)  # noqa: TRY400 - expected: no traceback
            yield from self._writer.fail(f"{ANSWERER_FAILED}: {error}")
        except Exception:
            log.exception(ANSWERER_FAILED)
            yield from self._writer.fail(ANSWERER_FAILED)

    def _direct(self) -> Steps:
        pieces = self._answer()
        try:
            for piece in pieces:
                if isinstance(piece, Pause):
                    yield from self._wait(time.monotonic() + piece.seconds)
                else:
                    if self._stop.is_set():
                        raise _ServerStoppingError
                    yield from self._writer.piece(piece)
        finally:
            if isinstance(pieces, Closable):
                pieces.close()

    def _bridged(self) -> Steps:
        with ThreadBridge(self._answer) as bridge:
            self._watch.add(bridge)
            try:
                while not bridge.ended():
                    yield from self._wait(math.inf)
                    for piece in bridge.take():
                        yield from self._writer.piece(piece)
            finally:
                self._watch.remove(bridge)

    def _wait(self, until_s: float) -> Steps:
        """Wait until a monotonic time, or for the bridge; write heartbeats; notice hang-ups."""
        probes = 0
        while True:
            beat_s = self._last_write_s + (PROBE_INTERVAL_S if probes else self._heartbeat_s)
            reason = yield min(until_s, beat_s)
            if reason is WakeReason.READY:
                return
            if reason is WakeReason.STOP:
                raise _ServerStoppingError
            if reason is WakeReason.DEAD:
                raise _ClientGoneError
            if reason is WakeReason.PEER_FINISHED:
                probes = PROBES - 1
                self._watch.ignore_half_close()
                yield event_stream.PROBE
            elif time.monotonic() >= until_s:
                return
            elif probes:
                probes -= 1
                yield event_stream.PROBE
            elif time.monotonic() >= beat_s:
                yield self._heartbeat


def _nothing() -> None:
    """Stand in for a callback that was called already."""

"""One stream: runs an answerer, writes its events and watches the client meanwhile."""

from __future__ import annotations

import logging
import math
import time
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from streamchat_reference.answerers.interface import AnswererError, Pause
from streamchat_reference.chat import event_stream
from streamchat_reference.chat.stream_poller import StreamPoller, WakeReason
from streamchat_reference.chat.thread_bridge import ThreadBridge

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from streamchat_reference.answerers.interface import Answerer
    from streamchat_reference.chat.request import AcceptedRequest
    from streamchat_reference.http.connection_control import HasFileno
    from streamchat_reference.http.stop_signal import StopSignal

PROBES = 3
PROBE_INTERVAL_S = 0.02
"""After a client's FIN, this many probes, this far apart, distinguish a closed peer from a
half-closed one."""

ANSWERER_FAILED = "The answerer failed"
SERVER_STOPPING = "The server is stopping"

log = logging.getLogger("streamchat_reference")


class _ServerStoppingError(Exception):
    """The server ends its streams."""


class _ClientGoneError(Exception):
    """The client has closed the connection."""


@runtime_checkable
class _Closable(Protocol):
    def close(self) -> None: ...


class ChatStream:
    """The body of one response: an iterable of whole blocks of an event stream.

    `on_close` is called once, however the stream ends: by itself, by failure, by hang-up, or
    before it began.
    """

    def __init__(
        self,
        request: AcceptedRequest,
        answerer: Answerer,
        *,
        client: HasFileno | None,
        stop: StopSignal,
        heartbeat_s: float,
        on_close: Callable[[], None],
    ) -> None:
        self._request = request
        self._answerer = answerer
        self._client = client
        self._stop = stop
        self._heartbeat_s = heartbeat_s
        self._on_close = on_close
        self._echo = request.echo if answerer.echoes_request else ""
        self._last_write_s = 0.0
        self._empty = True
        self._blocks = self._run()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = next(self._blocks)
        self._last_write_s = time.monotonic()
        return block

    def close(self) -> None:
        """End the stream now: the answerer is closed, its slot is free."""
        try:
            self._blocks.close()
        finally:
            on_close, self._on_close = self._on_close, _nothing
            on_close()

    def _run(self) -> Generator[bytes, None, None]:
        yield event_stream.OPENING
        self._poller = StreamPoller(self._client, self._stop)
        try:
            yield from self._bridged() if self._answerer.blocking else self._direct()
            if self._empty:
                yield self._content("")
        except _ServerStoppingError:
            yield event_stream.failure(SERVER_STOPPING)
        except _ClientGoneError:
            return
        except AnswererError as error:
            log.error("The answerer failed: %s", error)  # noqa: TRY400 - expected: no traceback
            yield event_stream.failure(f"{ANSWERER_FAILED}: {error}")
        except Exception:
            log.exception(ANSWERER_FAILED)
            yield event_stream.failure(ANSWERER_FAILED)

    def _direct(self) -> Generator[bytes, None, None]:
        pieces = self._answerer.generate(self._request.prompt, self._request.history)
        try:
            for step in pieces:
                if isinstance(step, Pause):
                    yield from self._wait(time.monotonic() + step.seconds)
                else:
                    if self._stop.is_set():
                        raise _ServerStoppingError
                    yield self._content(step)
        finally:
            if isinstance(pieces, _Closable):
                pieces.close()

    def _bridged(self) -> Generator[bytes, None, None]:
        with ThreadBridge(
            lambda: self._answerer.generate(self._request.prompt, self._request.history)
        ) as bridge:
            self._poller.add(bridge)
            while True:
                yield from self._wait(math.inf)
                for piece in bridge.take():
                    yield self._content(piece)
                if bridge.ended():
                    return

    def _content(self, piece: object) -> bytes:
        if not isinstance(piece, str):
            raise TypeError(f"pieces must be text, not {type(piece).__name__}")
        self._empty = False
        return event_stream.content(piece, self._echo)

    def _wait(self, until_s: float) -> Generator[bytes, None, None]:
        """Wait until a monotonic time, or for the bridge; write heartbeats; notice hang-ups."""
        probes = 0
        while True:
            beat_s = self._last_write_s + (PROBE_INTERVAL_S if probes else self._heartbeat_s)
            reason = self._poller.wait(min(until_s, beat_s))
            if reason is WakeReason.READY:
                return
            if reason is WakeReason.STOP:
                raise _ServerStoppingError
            if reason is WakeReason.DEAD:
                raise _ClientGoneError
            if reason is WakeReason.PEER_FINISHED:
                probes = PROBES - 1
                self._poller.ignore_half_close()
                yield event_stream.PROBE
            elif time.monotonic() >= until_s:
                return
            elif probes:
                probes -= 1
                yield event_stream.PROBE
            elif time.monotonic() >= beat_s:
                yield event_stream.HEARTBEAT


def _nothing() -> None:
    """Stand in for a callback that was called already."""

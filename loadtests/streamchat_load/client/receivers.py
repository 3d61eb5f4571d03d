"""Receivers of a stream's bytes: as fast as they arrive, slowly, or with a recording.

The normal way is in the callbacks of the event loop: to wake the stream's greenlet for each event
(a failed `recv`, a waiter, two switches) would cost more than verifying it. The greenlet is woken
for malformed HTTP, for the end, and where the stream is to be cut.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import gevent
from gevent.hub import Waiter
from streamchat_conformance.core.exchange import Read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamchat_load.client.connection import StreamConnection
    from streamchat_load.client.reading import StreamReading
    from streamchat_load.client.response import StreamResponse

READ_BYTES = 65536

_BUFFER = memoryview(bytearray(READ_BYTES))
"""The buffer of all streams: bytes are parsed before anything else can run.

A new buffer for each `recv` would cost more than the call itself.
"""

_BUFFERS = (_BUFFER,)


@contextmanager
def receiving(
    reading: StreamReading, connection: StreamConnection, response: StreamResponse
) -> Iterator[Callable[[], tuple[memoryview, str | None]]]:
    """Yield a function that receives more of a stream and feeds the response with it.

    It returns the bytes, none of them where the connection ended, and what is malformed about
    them, or None; `reading.last_s` is when they came. It raises OSError. What it returns is valid
    until it is called again. It may take bytes to the verifier itself, and wait for more.
    """
    if reading.recording is not None:
        yield _Recorded(reading, connection, response).receive
    elif reading.read_bytes_per_s is not None:
        yield _Slow(reading, connection, response).receive
    elif connection.tls or sys.platform == "win32":
        # Bytes decrypted in a TLS session make no socket readable; Windows has no `readv`.
        yield _Plain(reading, connection, response).receive
    else:
        follower = _Follower(reading, connection, response)
        try:
            yield follower.receive
        finally:
            follower.close()


class _Plain:
    """Receives whatever there is, each time it is asked."""

    def __init__(
        self, reading: StreamReading, connection: StreamConnection, response: StreamResponse
    ) -> None:
        self._reading = reading
        self._recv_into = connection.recv_into
        self._feed = response.feed

    def receive(self) -> tuple[memoryview, str | None]:
        data = self._next()
        # Stamped before anything is parsed: the time for parsing is not the server's latency.
        self._reading.last_s = perf_counter()
        return data, self._feed(data) if data else None

    def _next(self) -> memoryview:
        return _BUFFER[: self._recv_into(_BUFFER)]


class _Recorded(_Plain):
    """Keeps everything in the reading's recording, too."""

    def receive(self) -> tuple[memoryview, str | None]:
        data, problem = super().receive()
        reading = self._reading
        if reading.recording is not None:
            reading.recording.append(Read(reading.last_s - reading.sent_s, bytes(data)))
        return data, problem


class _Slow(_Plain):
    """Receives no faster than the reading says."""

    def __init__(
        self, reading: StreamReading, connection: StreamConnection, response: StreamResponse
    ) -> None:
        super().__init__(reading, connection, response)
        self._bytes_per_s = reading.read_bytes_per_s or READ_BYTES
        self._part = _BUFFER[: max(256, min(READ_BYTES, int(self._bytes_per_s / 4)))]
        self._pause_s = 0.0

    def _next(self) -> memoryview:
        gevent.sleep(self._pause_s)
        received = self._recv_into(self._part)
        self._pause_s = received / self._bytes_per_s
        return _BUFFER[:received]


class _Follower:
    """Takes bytes to the verifier in the loop's callbacks; `receive` returns the last ones."""

    __slots__ = (
        "_descriptor",
        "_error",
        "_hub",
        "_problem",
        "_reading",
        "_received",
        "_response",
        "_waiter",
        "_watcher",
    )

    def __init__(
        self, reading: StreamReading, connection: StreamConnection, response: StreamResponse
    ) -> None:
        self._reading = reading
        self._response = response
        self._hub: Any = gevent.get_hub()
        self._descriptor = connection.fileno()
        self._watcher: Any = self._hub.loop.io(self._descriptor, 1)
        self._waiter: Any = None
        self._received = 0
        self._problem: str | None = None
        self._error: Exception | None = None

    def receive(self) -> tuple[memoryview, str | None]:
        self._waiter = Waiter(self._hub)
        self._watcher.start(self._on_readable)
        try:
            self._waiter.get()
        finally:
            # Also when the greenlet is killed while it waits.
            self._watcher.stop()
        if self._error is not None:
            raise self._error
        return _BUFFER[: self._received], self._problem

    def close(self) -> None:
        self._watcher.close()

    def _on_readable(self) -> None:
        try:
            over = self._take()
        except BlockingIOError:
            return
        except Exception as error:  # noqa: BLE001 -- raised again where it is waited for
            self._error = error
            over = True
        if over:
            # Switch at once: the next reading uses the same buffer.
            self._waiter.switch(None)

    def _take(self) -> bool:
        """Receive once; return whether the greenlet has to handle the bytes or the end."""
        # Not gevent's `recv_into`, which would wait here. gevent's sockets never block.
        received = self._received = os.readv(self._descriptor, _BUFFERS)
        reading, response = self._reading, self._response
        now_s = reading.last_s = perf_counter()
        if not received:
            return True
        self._problem = response.feed(_BUFFER[:received])
        if self._problem is not None or response.complete:
            return True
        if not response.pieces:
            return False
        piece = response.take()
        count = reading.verifier.match(piece)
        if count is None:
            count = reading.verifier.receive(piece, now_s)
        return reading.stamp(count, now_s)

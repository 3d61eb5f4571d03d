"""The client's side of a connection, with time limits: no client can hold a thread forever.

gunicorn's threaded worker reads and writes without time limits. All its reading and writing
goes through the socket, so the limits live here.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer
    from gunicorn.http import Request

    from streamchat_reference.http.driven_stream import DrivenStream


@dataclass(frozen=True)
class ClientTimeLimits:
    """Time limits for a client.

    Its request's head must be complete `head_s` after the first byte, the whole request
    `request_s` after it; while a response is written, it must take something every `stall_s`.
    """

    head_s: float = 10.0
    request_s: float = 60.0
    stall_s: float = 30.0


EVICTION_AGE_S = 0.25
"""A request younger than this is never given up because threads run short."""


class WaitingClients:
    """The connections where something waits for the client: the ones that may be given up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: set[ClientSocket] = set()

    @contextmanager
    def on(self, client: ClientSocket) -> Iterator[None]:
        """Count `client` as waiting meanwhile."""
        self.add(client)
        try:
            yield
        finally:
            self.discard(client)

    def add(self, client: ClientSocket) -> None:
        """Count `client` as waiting from now on."""
        with self._lock:
            self._sockets.add(client)

    def discard(self, client: ClientSocket) -> None:
        """Count `client` as waiting no longer."""
        with self._lock:
            self._sockets.discard(client)

    def evict(self, count: int) -> None:
        """Give up at most `count` requests, oldest first: their threads are free at once.

        Streams that were admitted are kept, and requests younger than `EVICTION_AGE_S`.
        """
        born_before_s = time.monotonic() - EVICTION_AGE_S
        with self._lock:
            old = [
                client
                for client in self._sockets
                if not client.streaming and client.begun_s < born_before_s
            ]
            for client in sorted(old, key=lambda client: client.begun_s)[:count]:
                client.give_up()

    def evict_all(self) -> None:
        """Give up all requests for whose client something waits."""
        with self._lock:
            for client in self._sockets:
                client.give_up()


class ClientSocket(socket.socket):
    """An accepted connection whose reads and writes end in time, with `TimeoutError` if need be.

    It is also what the application knows of its server (see `http.connection_control`).
    """

    def __init__(
        self, accepted: socket.socket, waiting: WaitingClients, time_limits: ClientTimeLimits
    ) -> None:
        family, kind, protocol = accepted.family, accepted.type, accepted.proto
        super().__init__(family, kind, protocol, fileno=accepted.detach())
        self._waiting = waiting
        self._time_limits = time_limits
        self._read_until_s = 0.0
        self.begun_s = 0.0
        self.streaming = False
        self.stream: DrivenStream | None = None
        self.request: Request | None = None

    def begin_request(self) -> None:
        """Start the clocks: a request is about to be read."""
        self.begun_s = time.monotonic()
        self._read_until_s = self.begun_s + self._time_limits.head_s
        self.streaming = False
        self.stream = None
        self.request = None

    def begin_body(self, request: Request) -> None:
        """Note that the head is complete."""
        self.request = request
        self._read_until_s = self.begun_s + self._time_limits.request_s

    def close_after_response(self) -> None:
        """Make this response the last one on the connection, and say so in its head."""
        if self.request is not None:
            self.request.force_close()

    def stream_begins(self) -> None:
        """Note that the request was admitted as a stream, which may take long."""
        self.streaming = True

    def take_over(self, stream: DrivenStream) -> None:
        """Note the stream that the response's body is."""
        self.stream = stream

    def begin_stall(self) -> None:
        """Count the client as one that something waits for: until `end_stall`."""
        self._waiting.add(self)

    def end_stall(self) -> None:
        """Count the client as one that nothing waits for."""
        self._waiting.discard(self)

    def give_up(self) -> None:
        """Shut the connection down: whatever waits for this client stops waiting."""
        try:
            self.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already

    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Read as sockets do; `TimeoutError` when the request's time is over."""
        left_s = self._read_until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the request did not arrive in time")
        self.settimeout(left_s)
        with self._waiting.on(self):
            return super().recv(size, flags)

    def sendall(self, data: ReadableBuffer, flags: int = 0, /) -> None:
        """Write everything; `TimeoutError` when the client takes nothing for too long."""
        self.settimeout(self._time_limits.stall_s)
        rest = memoryview(data)
        with self._waiting.on(self):
            while rest:
                rest = rest[self.send(rest, flags) :]

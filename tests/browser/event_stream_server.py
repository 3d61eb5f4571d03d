"""A server of event streams, each cut into reads as a test says, and a record of who came back."""

from __future__ import annotations

import itertools
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamchat_fixtures.socket_server import SocketServer, receive_request

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE_LIMIT_S = 20.0
"""How long a piece may take to arrive; also how long a request and a send may take."""
_LAST_EVENT_ID = re.compile(rb"\r\nlast-event-id:([^\r\n]*)", re.IGNORECASE)
_PAGE = b"<!doctype html><title>event streams</title>"


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a stream."""

    at_s: float
    """When its head was there (monotonic clock, seconds)."""
    last_event_id: bytes | None
    """The value of `Last-Event-ID`, bare of spaces and tabs around it; None without the field."""


@dataclass(slots=True)
class _Stream:
    pieces: tuple[bytes, ...]
    awaited: bool
    requests: list[Request] = field(default_factory=list)
    ended_at_s: float | None = None
    arrived_bytes: int = 0
    complaint: str = ""


class EventStreamServer(SocketServer):
    """Serves each stream once, and 204 from then on: that stops an EventSource.

    At its origin is an empty page.
    """

    def __init__(self) -> None:
        super().__init__(self._answer, wait_s=PIECE_LIMIT_S)
        self._streams: dict[str, _Stream] = {}
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    def add(self, pieces: Sequence[bytes], *, awaited: bool) -> str:
        """Add a stream; return its path.

        `awaited`: the next piece goes out when `arrived` has reported that the last one is there,
        so that the reader's reads are these pieces, whatever lies between.
        """
        path = f"/stream/{next(self._numbers)}"
        self._streams[path] = _Stream(tuple(piece for piece in pieces if piece), awaited)
        return path

    def arrived(self, path: str, size_bytes: int) -> None:
        """Note that the reader has read this many more bytes of a stream."""
        with self._changed:
            if stream := self._streams.get(path):
                stream.arrived_bytes += size_bytes
                self._changed.notify_all()

    def requests(self, path: str) -> tuple[Request, ...]:
        """Return the requests for a stream, in order. Raises AssertionError if one went wrong."""
        stream = self._streams[path]
        assert not stream.complaint, stream.complaint
        return tuple(stream.requests)

    def pause_s(self, path: str) -> float | None:
        """Return the time from a stream's end to the second request for it; None without one.

        The clock starts before the end is sent: the pause is never shorter than the reader's own.
        """
        stream = self._streams[path]
        if stream.ended_at_s is None or len(stream.requests) < 2:
            return None
        return stream.requests[1].at_s - stream.ended_at_s

    def _answer(self, connection: socket.socket, _: int) -> None:
        if head := receive_request(connection):
            self._respond(connection, head)

    def _respond(self, connection: socket.socket, head: bytes) -> None:
        path = head.split(b" ", 2)[1].decode("ascii")
        stream = self._streams.get(path)
        if stream is None:
            status = b"200 OK" if path == "/" else b"404 Not Found"
            _send_page(connection, status, _PAGE)
            return
        value = _LAST_EVENT_ID.search(head)
        stream.requests.append(Request(time.monotonic(), value[1].strip(b" \t") if value else None))
        if len(stream.requests) > 1:
            connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            return
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        sent_bytes = 0
        for piece in stream.pieces:
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent_bytes += len(piece)
            if stream.awaited and not self._await(stream, sent_bytes):
                stream.complaint = f"{piece!r:.200}, up to byte {sent_bytes}, did not arrive"
                return
        stream.ended_at_s = time.monotonic()
        connection.sendall(b"0\r\n\r\n")

    def _await(self, stream: _Stream, sent_bytes: int) -> bool:
        with self._changed:
            return self._changed.wait_for(
                lambda: stream.arrived_bytes >= sent_bytes, timeout=PIECE_LIMIT_S
            )


def _send_page(connection: socket.socket, status: bytes, page: bytes) -> None:
    connection.sendall(
        b"HTTP/1.1 %b\r\nContent-Type: text/html\r\nContent-Length: %d\r\n"
        b"Connection: close\r\n\r\n%b" % (status, len(page), page)
    )

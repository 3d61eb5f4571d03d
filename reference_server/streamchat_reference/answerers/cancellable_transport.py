"""A transport for the HTTP client of OpenAI's SDK: it can be cancelled, and its lines are bounded.

Closing a response does not end a read that another thread is blocked in; shutting its socket
down does.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import httpx2

from streamchat_reference.answerers.interface import AnswererError

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_LIMIT_BYTES = 1024 * 1024


class CancellableTransport(httpx2.HTTPTransport):
    """Carries the requests of one client, one after another."""

    def __init__(self) -> None:
        super().__init__(verify=_tls())
        self._socket: socket.socket | None = None
        self._cancelled = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, and return its response, whose lines are bounded."""
        request.extensions["trace"] = self._note_socket
        # The limit is on what a line takes in memory.
        request.headers["Accept-Encoding"] = "identity"
        response = super().handle_request(request)
        response.stream = _BoundedLines(cast("httpx2.SyncByteStream", response.stream))
        return response

    def cancel(self) -> None:
        """Make a blocked read or write end, from another thread."""
        self._cancelled = True
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def _note_socket(self, event: str, info: dict[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._cancelled:
                self.cancel()


class _BoundedLines(httpx2.SyncByteStream):
    """The bytes of a response, as long as its lines end."""

    def __init__(self, stream: httpx2.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        line_bytes = 0
        for data in self._stream:
            end = data.rfind(b"\n")
            line_bytes = line_bytes + len(data) if end < 0 else len(data) - end - 1
            if line_bytes > LINE_LIMIT_BYTES:
                raise AnswererError("the model server sent an endless line")
            yield data

    def close(self) -> None:
        self._stream.close()


@cache
def _tls() -> ssl.SSLContext:
    """Return the settings of TLS; they take longer to load than a request takes."""
    return ssl.create_default_context()

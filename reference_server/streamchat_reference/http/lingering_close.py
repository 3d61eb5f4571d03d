"""Closing connections without losing the last response, and without waiting for anybody.

When a server closes while the client is still sending, the client's system gets a reset and may
throw the response away unread. RFC 9112, section 9.6: stop writing first, go on reading for a
while, then close.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LINGER_S = 2.0
"""How long a closed connection is read on at most."""
LINGER_BYTES = 16 * 1024 * 1024
"""A connection is read this long and this much before it is closed."""

_READ_BYTES = 256 * 1024


class LingeringClose:
    """Connections that are read, and thrown away, until their clients close; oldest first.

    `closed` is called once for each socket, which is closed by then.
    """

    def __init__(self, poller: selectors.BaseSelector, closed: Callable[[], None]) -> None:
        self._poller = poller
        self._closed = closed
        self._left: OrderedDict[socket.socket, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def add(self, sock: socket.socket) -> None:
        """Signal that nothing more will be written, and close `sock` later."""
        try:
            sock.shutdown(socket.SHUT_WR)
        except OSError:  # the connection is gone already
            sock.close()
            self._closed()
            return
        sock.settimeout(0)
        self._left[sock] = (time.monotonic() + LINGER_S, LINGER_BYTES)
        self._poller.register(sock, selectors.EVENT_READ, self._on_readable)

    def close_expired(self) -> None:
        """Close those whose time is over."""
        now_s = time.monotonic()
        while self._left and next(iter(self._left.values()))[0] <= now_s:
            self.close_oldest()

    def close_oldest(self) -> None:
        """Close the one that has lingered longest."""
        self._close(next(iter(self._left)))

    def close_all(self) -> None:
        """Close all of them."""
        while self._left:
            self.close_oldest()

    def _on_readable(self, sock: socket.socket) -> None:
        if sock not in self._left:
            return  # it was closed in this very round
        until_s, left_bytes = self._left[sock]
        try:
            read_bytes = len(sock.recv(_READ_BYTES))
        except BlockingIOError:
            return
        except OSError:
            read_bytes = 0
        if read_bytes == 0 or read_bytes >= left_bytes:
            self._close(sock)
        else:
            self._left[sock] = (until_s, left_bytes - read_bytes)

    def _close(self, sock: socket.socket) -> None:
        del self._left[sock]
        self._poller.unregister(sock)
        sock.close()
        self._closed()

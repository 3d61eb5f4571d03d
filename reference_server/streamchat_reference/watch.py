"""Waiting with open eyes: for time, for the client's hang-up, for the server's stop, for a pump.

Everything is one `poll` call, so a stream costs no wake-ups while nothing happens.
"""

from __future__ import annotations

import os
import select
import threading
import time
from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

# Linux tells a peer's FIN apart from data waiting to be read. Elsewhere only resets are seen,
# and a hang-up is noticed when something is written.
_PEER_FINISHED = getattr(select, "POLLRDHUP", 0)
_CONNECTION_DEAD = select.POLLERR | select.POLLHUP | select.POLLNVAL


class HasFileno(Protocol):
    """A socket, or anything else that `poll` can wait for."""

    def fileno(self) -> int:
        """Give its descriptor."""
        ...


class Noticed(Enum):
    """Why a wait ended."""

    TIME = auto()
    READY = auto()
    STOP = auto()
    PEER_FINISHED = auto()
    DEAD = auto()


class StopSignal:
    """Says once, to every stream of this process, that the server stops.

    Safe to set from a signal handler. One pipe, never read, wakes all waits.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self._reading, self._writing = os.pipe()

    def fileno(self) -> int:
        """Give a descriptor that is readable for ever after `set`."""
        return self._reading

    def set(self) -> None:
        """Stop. Further calls change nothing."""
        if not self._set.is_set():
            self._set.set()
            os.write(self._writing, b"!")

    def is_set(self) -> bool:
        """Tell whether the server stops."""
        return self._set.is_set()

    def renew(self) -> None:
        """Take a pipe of its own: after a fork, the old one is shared with other processes."""
        self.close()
        self._reading, self._writing = os.pipe()

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._reading)
        os.close(self._writing)


class Watch:
    """What one stream waits for. Used by one thread only."""

    def __init__(self, client: HasFileno | None, stop: StopSignal) -> None:
        self._poll = select.poll()
        self._stop_fd = stop.fileno()
        self._poll.register(self._stop_fd, select.POLLIN)
        self._client_fd = -1 if client is None else client.fileno()
        if self._client_fd >= 0:
            self._poll.register(self._client_fd, _PEER_FINISHED)

    def add(self, source: HasFileno) -> None:
        """Also wake when `source` can be read."""
        self._poll.register(source.fileno(), select.POLLIN)

    def ignore_half_close(self) -> None:
        """Stop reporting that the client finished sending; it may still read."""
        self._poll.modify(self._client_fd, 0)

    def wait(self, until_s: float) -> Noticed:
        """Wait until the monotonic time `until_s`, or until something happens."""
        left_ms = max(0.0, (until_s - time.monotonic()) * 1000)
        noticed = Noticed.TIME
        for fd, flags in self._poll.poll(left_ms):
            if fd == self._stop_fd:
                return Noticed.STOP
            if fd != self._client_fd:
                noticed = Noticed.READY
            elif flags & _CONNECTION_DEAD:
                return Noticed.DEAD
            else:
                return Noticed.PEER_FINISHED
        return noticed


def client_socket(environ: Mapping[str, object]) -> HasFileno | None:
    """Give the client's socket, where the WSGI server tells it (gunicorn and Werkzeug do)."""
    for key in ("gunicorn.socket", "werkzeug.socket"):
        candidate = environ.get(key)
        if candidate is not None and hasattr(candidate, "fileno"):
            return candidate
    return None

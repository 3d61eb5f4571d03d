"""Waiting for sockets: `poll`, and where the system has none (Windows), the same by `select`."""

from __future__ import annotations

import select
import time
from typing import Final, Protocol

POLLIN: Final = getattr(select, "POLLIN", 0x001)
POLLOUT: Final = getattr(select, "POLLOUT", 0x004)
POLLERR: Final = getattr(select, "POLLERR", 0x008)
POLLHUP: Final = getattr(select, "POLLHUP", 0x010)
POLLNVAL: Final = getattr(select, "POLLNVAL", 0x020)


class HasDescriptor(Protocol):
    """A socket, or what else has a descriptor."""

    def fileno(self) -> int:
        """Return the descriptor."""


class Poller(Protocol):
    """What waits for several sockets."""

    def register(self, fd: int | HasDescriptor, eventmask: int = ..., /) -> None:
        """Wait for these events of a descriptor, too."""

    def poll(self, timeout: float | None = ..., /) -> list[tuple[int, int]]:
        """Wait; return descriptors with their events. The time is in milliseconds."""


class SelectPoller:
    """A poller that is made of `select`."""

    def __init__(self) -> None:
        self._events: dict[int, int] = {}

    def register(self, fd: int | HasDescriptor, eventmask: int = POLLIN | POLLOUT, /) -> None:
        """Wait for these events of a descriptor, too."""
        self._events[fd if isinstance(fd, int) else fd.fileno()] = eventmask

    def poll(self, timeout: float | None = None, /) -> list[tuple[int, int]]:
        """Wait; return descriptors with their events. The time is in milliseconds."""
        timeout_s = None if timeout is None or timeout < 0 else timeout / 1000
        watched = list(self._events)
        if not watched:
            # Windows refuses to wait for nothing.
            time.sleep(timeout_s or 0.0)
            return []
        reading = [fd for fd in watched if self._events[fd] & POLLIN]
        writing = [fd for fd in watched if self._events[fd] & POLLOUT]
        # Windows reports a connection that was refused as exceptional.
        readable, writable, failed = select.select(reading, writing, watched, timeout_s)
        found = dict.fromkeys(watched, 0)
        for ready, event in ((readable, POLLIN), (writable, POLLOUT), (failed, POLLERR)):
            for fd in ready:
                found[fd] |= event
        return [(fd, events) for fd, events in found.items() if events]


def poller() -> Poller:
    """Return what waits for sockets on this system."""
    made: Poller = select.poll() if hasattr(select, "poll") else SelectPoller()
    return made

"""A stream that never waits by itself: what drives it waits for it, in a thread or in a loop."""

from __future__ import annotations

import select
from enum import Enum, auto
from typing import Protocol, TypeAlias

# Linux reports a peer's FIN apart from data waiting to be read. Elsewhere only resets are seen,
# and a hang-up is noticed when something is written.
PEER_FINISHED = getattr(select, "POLLRDHUP", 0)
_CONNECTION_DEAD = select.POLLERR | select.POLLHUP | select.POLLNVAL

Step: TypeAlias = "bytes | float | None"
"""A block to be sent, the monotonic time until which to wait, or None at the end."""


class WakeReason(Enum):
    """Why a wait ended."""

    TIME = auto()
    READY = auto()
    STOP = auto()
    PEER_FINISHED = auto()
    DEAD = auto()


def client_reason(flags: int) -> WakeReason:
    """Return what has happened to a client's connection, by the flags of `poll` or `epoll`."""
    return WakeReason.DEAD if flags & _CONNECTION_DEAD else WakeReason.PEER_FINISHED


class HasFileno(Protocol):
    """A socket, or anything else that `poll` can wait for."""

    def fileno(self) -> int:
        """Return its descriptor."""
        ...


class Watch(Protocol):
    """Watches the client and further sources for a stream while it waits."""

    def add(self, source: HasFileno) -> None:
        """Also wake when `source` can be read."""

    def remove(self, source: HasFileno) -> None:
        """Watch `source` no longer. It is still open."""

    def ignore_half_close(self) -> None:
        """Stop reporting that the client finished sending; it may still read."""


class DrivenStream(Protocol):
    """The body of a response, step by step."""

    def watch_by(self, watch: Watch) -> None:
        """Use `watch` from now on. Called at most once, before the first wait."""

    def resume(self, reason: WakeReason | None = None) -> Step:
        """Return the next step, given why the wait ended that the last one asked for, if any."""

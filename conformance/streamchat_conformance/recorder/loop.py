"""One thread, one poll loop: whatever waits for sockets and times is advanced from here."""

from __future__ import annotations

import math
import socket
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

from streamchat_conformance.recorder import polling
from streamchat_conformance.recorder.running_clock import RunningClock

__all__ = ["NEVER", "Stop", "Task", "clock", "drive"]

clock: Final = RunningClock()
"""The time of all that is recorded."""
NEVER: Final = math.inf

_MAX_WAIT_MS: Final = 3_600_000


class Task(Protocol):
    """Something that waits for a socket, for a time, or for both.

    In each turn all tasks first `transfer` (so that bytes are stamped before anything is
    worked out), then all `advance`.
    """

    @property
    def done(self) -> bool:
        """Whether there is nothing more to wait for."""

    def fileno(self) -> int:
        """Return the descriptor to poll; -1 for none."""

    def interest(self) -> int:
        """Return the poll events to wait for; 0 still reports errors and hang-ups."""

    def wake_at(self) -> float:
        """Return the clock's time at which to be advanced at the latest."""

    def transfer(self, events: int) -> None:
        """Do the I/O that these poll events (0: none) allow, without waiting."""

    def advance(self, now: float) -> None:
        """Draw the consequences of what was transferred and of the time."""

    def stop(self, now: float) -> None:
        """End at once: the loop was asked to stop."""


class Stop:
    """A flag that another thread can raise, and that wakes the loop."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)
        self.raised = False

    def fileno(self) -> int:
        """Return the descriptor that becomes readable."""
        return self._reader.fileno()

    def raise_(self) -> None:
        """Ask the loop to stop. May be called more than once."""
        if not self.raised:
            self.raised = True
            self._writer.close()

    def close(self) -> None:
        """Release the descriptors, once the loop has ended."""
        self._reader.close()
        self._writer.close()


def drive(tasks: Sequence[Task], stop: Stop | None = None) -> None:
    """Advance all tasks until each is done, or until asked to stop.

    Waits in poll for exactly what the tasks wait for, until the earliest of their times. The
    loop ends because tasks do: each is bound by limits.
    """
    clock.run()
    live = [task for task in tasks if not task.done]
    while live:
        if stop is not None and stop.raised:
            now = clock()
            for task in live:
                task.stop(now)
            return
        ready = _wait(live, stop)
        for task in live:
            task.transfer(ready.get(task.fileno(), 0))
        now = clock()
        for task in live:
            task.advance(now)
        live = [task for task in live if not task.done]


def _wait(tasks: Sequence[Task], stop: Stop | None) -> dict[int, int]:
    poller = polling.poller()
    for task in tasks:
        if (descriptor := task.fileno()) >= 0:
            poller.register(descriptor, task.interest())
    if stop is not None:
        poller.register(stop.fileno(), polling.POLLIN)
    wait_s = min(task.wake_at() for task in tasks) - clock()
    # Rounded up to poll's unit: waking early would mean to wait again for nothing.
    wait_ms = _MAX_WAIT_MS if wait_s > _MAX_WAIT_MS / 1000 else max(0, math.ceil(wait_s * 1000))
    return dict(poller.poll(wait_ms))

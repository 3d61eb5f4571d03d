"""A clock that stands still while this process is not run.

What a server takes is measured by when its bytes are read here. On a busy machine, in a container
that has used up its share, or on a machine that was suspended, this process may not be run for
seconds: bytes that came meanwhile are read late, and limits seem to pass that nobody watched. None
of that is the server's time. So a thread that has nothing else to do notes the time twenty times a
second; where it is late itself, all that waits here is, and the clock has stood still.

What holds up the server alone cannot be seen from here: for that, what took long is repeated.
"""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RunningClock"]

TICK_S: Final = 0.05
"""How often the time is noted (seconds)."""

MOST_S: Final = 3 * TICK_S
"""How far the clock goes without a note (seconds): threads take turns, and may well be as late."""


class RunningClock:
    """A clock like `time.monotonic` (seconds), less what this process was not run.

    Until `run` is called it is that clock. Safe to be read from any thread.
    """

    def __init__(self, source: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        now = source()
        self._noted = (now, now)
        """(the source's time, this clock's time) at the last note; replaced whole."""
        self._most_s = float("inf")
        self._starting = threading.Lock()

    def __call__(self) -> float:
        """Return the time (seconds)."""
        noted_at, shown_s = self._noted
        return shown_s + min(self._source() - noted_at, self._most_s)

    @property
    def held_up_s(self) -> float:
        """How long the process was not run so far (seconds)."""
        return self._source() - self()

    def run(self) -> None:
        """Note the time from now on, in a thread that ends with the process."""
        if self._most_s == MOST_S:
            return
        with self._starting:
            if self._most_s == MOST_S:
                return
            self.tick()
            threading.Thread(target=self._tick_on, name="streamchat-clock", daemon=True).start()
            self._most_s = MOST_S
        if hasattr(os, "register_at_fork"):
            # Threads do not live on in the child of a fork.
            os.register_at_fork(after_in_child=self._stop)

    def tick(self) -> None:
        """Note the time. Only one thread may do so."""
        noted_at, shown_s = self._noted
        now = self._source()
        self._noted = (now, shown_s + min(now - noted_at, self._most_s))

    def _tick_on(self) -> None:
        while True:
            time.sleep(TICK_S)
            self.tick()

    def _stop(self) -> None:
        self.tick()
        self._most_s = float("inf")

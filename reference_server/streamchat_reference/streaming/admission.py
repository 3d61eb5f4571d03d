"""Admission of streams: how many may be open at once."""

from __future__ import annotations

import threading


class Admission:
    """Counts streams up to a limit, and knows whether one more may start."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._open = 0
        self._lock = threading.Lock()

    def enter(self) -> bool:
        """Take a place for a stream. False: all are taken, nothing was done."""
        with self._lock:
            if self._open >= self.limit:
                return False
            self._open += 1
            return True

    def leave(self) -> None:
        """Return the place: exactly once for each `enter` that was true."""
        with self._lock:
            self._open -= 1

    @property
    def open_streams(self) -> int:
        """How many streams are open now."""
        return self._open

"""Streams that were left before their end, and may still take up the server."""

from __future__ import annotations

import threading
from collections import deque

MOST_LEFT = 256
"""No more streams are left next to each other while the server may not have noticed: it holds a
connection for each, and often a thread."""


class LeftStreams:
    """When streams were left, as far as that still matters. Knows no clock."""

    def __init__(self) -> None:
        self._left_at_s: deque[float] = deque(maxlen=MOST_LEFT)
        """When the latest ones were left (seconds of the caller's clock), the earliest first."""
        self._lock = threading.Lock()

    def note(self, now_s: float) -> None:
        """Take note that a stream was left."""
        with self._lock:
            self._left_at_s.append(now_s)

    def wait_s(self, now_s: float, held_s: float) -> float:
        """Return how long to wait before one more stream may be left (seconds).

        The server holds a stream for up to `held_s` after it was left.
        """
        with self._lock:
            if len(self._left_at_s) < MOST_LEFT:
                return 0.0
            return max(0.0, self._left_at_s[0] + held_s - now_s)

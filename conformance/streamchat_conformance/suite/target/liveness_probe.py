"""A probe of whether the target answers at all, sent when a request was not answered in time.

A server that hangs in mid-run fails everything that is sent to it from then on. That is one
fault, and is reported as one: the request that was waited for, `resilience.alive`, and all the
rest blocked by that.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from streamchat_conformance.core.exchange import Exchange

PROBES = 2
"""How many good requests in a row must go unanswered before the target is given up."""

LOOK_AGAIN_S = 5.0
"""How long a target that was given up is left alone before it is asked again (seconds)."""

PROBE_LIMIT_S = 1.0
"""How long it is then waited for (seconds)."""


class LivenessProbe:
    """A probe of the target. `probe` sends a good request and returns whether it was answered.

    Its argument is how long to wait (seconds), or None for the baseline's time.
    """

    def __init__(self, probe: Callable[[float | None], bool]) -> None:
        self.stopped_at: Exchange | None = None
        """The exchange that was waited for when the target stopped answering, or None."""
        self._probe = probe
        self._looked_s = 0.0
        self._loads = 0
        self._lock = threading.Lock()

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """Doubt nothing meanwhile: clients are held open or cut off to see whom it stops."""
        with self._lock:
            self._loads += 1
        try:
            yield
        finally:
            with self._lock:
                self._loads -= 1

    def doubt(self, exchange: Exchange) -> bool:
        """Find out whether the target lives, after an exchange without any answer.

        Returns True when this is how it was found out that it does not.
        """
        with self._lock:
            if self._loads or self.stopped_at is not None:
                return False
            if any(self._probe(None) for _ in range(PROBES)):
                return False
            self.stopped_at = exchange
            self._looked_s = time.monotonic()
            return True

    def give_up(self, exchange: Exchange) -> None:
        """Take the target to have stopped answering, as an exchange showed."""
        with self._lock:
            self.stopped_at = exchange
            self._looked_s = time.monotonic()

    def stopped(self) -> bool:
        """Return whether the target has stopped answering; now and then it is asked again."""
        with self._lock:
            if self.stopped_at is None:
                return False
            if time.monotonic() - self._looked_s >= LOOK_AGAIN_S:
                if self._probe(PROBE_LIMIT_S):
                    self.stopped_at = None
                    return False
                self._looked_s = time.monotonic()
            return True

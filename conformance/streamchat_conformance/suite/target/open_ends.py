"""Streams that stay open after their sentinel: waited for a few times, and then no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Progress, Until
from streamchat_conformance.recorder.stop_conditions import wake_at_s

HANGING_S = 5.0
"""A body that goes on for this long after the sentinel has no end (seconds)."""
AFTER_SENTINEL_S = 0.3
"""How long what follows the sentinel is waited for, once that is known (seconds)."""


class OpenEnds:
    """Knows whether a target leaves its streams open after the sentinel."""

    def __init__(self) -> None:
        self.seen = 0
        """How many streams were left open."""

    def note(self, reading: Reading) -> None:
        """Take note of a stream that was watched long enough after its sentinel."""
        if reading.ended or not reading.is_stream or reading.dialect.sentinel is None:
            return
        last = reading.events[-1].event if reading.events else None
        if last is not None and reading.dialect.marks_end(last.data):
            self.seen += reading.exchange.ended_at_s - last.at_s >= HANGING_S

    def bounded(self, until: Until, dialect: Dialect) -> Until:
        """Return a stop condition that waits for the end of the body no longer than is useful."""
        return _SentinelCame(until, dialect.marks_end) if self.seen else until


@dataclass(frozen=True, slots=True)
class _SentinelCame:
    """Stop a little after the sentinel, or where another condition is met."""

    until: Until
    marks_end: Callable[[str], bool]

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        return self.until(progress) or progress.elapsed_s >= self._over_at_s(progress)

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        return min(wake_at_s(self.until, progress), self._over_at_s(progress))

    def _over_at_s(self, progress: Progress) -> float:
        last = progress.last_event
        came = last is not None and self.marks_end(last.data)
        return last.at_s + AFTER_SENTINEL_S if last is not None and came else float("inf")

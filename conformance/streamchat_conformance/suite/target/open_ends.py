"""Streams that stay open after their sentinel: waited for once, and then no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Progress, Until
from streamchat_conformance.recorder.stop_conditions import wake_at_s

HANGING_S = 5.0
"""A body that goes on for this long after the sentinel has no end (seconds)."""
WATCHED_S = HANGING_S + 0.2
"""How long the first stream is watched after its sentinel (seconds)."""
AFTER_SENTINEL_S = 0.3
"""How long what follows the sentinel is waited for, once that is known (seconds)."""


class OpenEnds:
    """Knows whether a target leaves its streams open after the sentinel.

    The first stream that comes to its sentinel shows it: it is watched to the end of its body,
    though less of it may be needed. Without that each request could cost its whole limit.
    """

    def __init__(self) -> None:
        self.seen = 0
        """How many streams were left open."""
        self._ended = False
        """Whether some stream ended soon after its sentinel."""

    def note(self, reading: Reading) -> None:
        """Take note of a stream that was watched after its sentinel."""
        if (hung := _hung(reading)) is None:
            return
        self.seen += hung
        self._ended = self._ended or (not hung and reading.ended)

    def take_back(self, reading: Reading) -> None:
        """Take back what a stream has shown: another one for the same request does not."""
        self.seen -= bool(_hung(reading))

    def bounded(self, until: Until, dialect: Dialect) -> Until:
        """Return a stop condition that waits for the end of the body as long as is useful."""
        if isinstance(until, Unbounded):
            return until.until
        if self.seen:
            return _SentinelCame(until, dialect.marks_end)
        if self._ended or dialect.sentinel is None:
            return until
        return _EndSeen(until, dialect.marks_end)


@dataclass(frozen=True, slots=True)
class Unbounded:
    """A stop condition that is to be left as it is: a request is repeated as it was sent."""

    until: Until

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        return self.until(progress)


def _hung(reading: Reading) -> bool | None:
    """Return whether a body went on for long after its sentinel; None if that was not watched."""
    if not reading.is_stream or reading.dialect.sentinel is None:
        return None
    last = reading.events[-1].event if reading.events else None
    if last is None or not reading.dialect.marks_end(last.data):
        return None
    # A server that leaves its streams open may close them after some time.
    return reading.exchange.ended_at_s - last.at_s >= HANGING_S


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
        came_at_s = _sentinel_at_s(progress, self.marks_end)
        return float("inf") if came_at_s is None else came_at_s + AFTER_SENTINEL_S


@dataclass(frozen=True, slots=True)
class _EndSeen:
    """Stop where another condition is met; after the sentinel only at the end of the body."""

    until: Until
    marks_end: Callable[[str], bool]

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        came_at_s = _sentinel_at_s(progress, self.marks_end)
        if came_at_s is None or progress.reader.complete:
            return self.until(progress)
        return progress.elapsed_s >= came_at_s + WATCHED_S

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        came_at_s = _sentinel_at_s(progress, self.marks_end)
        if came_at_s is None or progress.reader.complete:
            return wake_at_s(self.until, progress)
        return came_at_s + WATCHED_S


def _sentinel_at_s(progress: Progress, marks_end: Callable[[str], bool]) -> float | None:
    """Return when the sentinel came, if it is the last event so far (seconds)."""
    last = progress.last_event
    return last.at_s if last is not None and marks_end(last.data) else None

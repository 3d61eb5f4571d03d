"""Stop conditions of the suite, in addition to those of the recorder."""

from __future__ import annotations

import math
from dataclasses import dataclass

from streamchat_conformance.judges.reading import UNFINISHED_S
from streamchat_conformance.recorder import Progress

STALLED_REFUSAL_S = 2.0
"""A refusal whose body stops short for this long is not waited for (seconds)."""
LAST_CHUNK_S = UNFINISHED_S + 0.2
"""The rest of a last chunk that was begun is not waited for any longer (seconds)."""
BROKEN_FRAMING_SILENCE_S = 0.3
"""How long a silence ends a message whose framing is broken (seconds)."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Stop at the end of the response, or once a stream has had this many events."""

    events: int = 1
    whole: bool = False
    """Read streams to their end, however many events they have."""
    within_s: float = math.inf
    """After this time nothing more is waited for (seconds)."""

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        if progress.reader.complete or progress.elapsed_s >= self.within_s:
            return True
        if not self.whole and progress.events >= self.events:
            return True
        return progress.since_last_read_s >= self._stalled_s(progress)

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        stalled_at_s = progress.elapsed_s - progress.since_last_read_s + self._stalled_s(progress)
        return min(stalled_at_s, self.within_s)

    def _stalled_s(self, progress: Progress) -> float:
        """Return after how much silence nothing more is to be hoped for (seconds)."""
        if progress.reader.broken:
            return BROKEN_FRAMING_SILENCE_S
        if progress.reader.last_chunk is not None:
            return LAST_CHUNK_S
        head = progress.reader.head
        return STALLED_REFUSAL_S if head is not None and head.status >= 400 else math.inf


_BEGUN = Answered()
_OVER = Answered(whole=True)
"""Made once: they are asked after each read."""


@dataclass(frozen=True, slots=True)
class QuietAfterEnd:
    """Stop when the response is over and nothing more has come for a while."""

    seconds: float
    events: float = math.inf
    """Leave a stream that is not over after this many events: it may never be."""
    within_s: float = math.inf
    """After this time what follows the response is no longer listened to: it may have no end."""

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        if not _OVER(progress):
            return progress.events >= self.events
        return progress.since_last_read_s >= self.seconds or progress.elapsed_s >= self.within_s

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        if not progress.reader.complete:
            return _BEGUN.wake_at_s(progress)
        return progress.elapsed_s - progress.since_last_read_s + self.seconds


@dataclass(slots=True)
class Paced:
    """Watch a stream for its pace: for some events or some time, but never for its start alone.

    What goes on after a first burst distinguishes a fast stream from one that was held back. One
    object watches one stream.
    """

    seconds: float
    events: int
    settled_s: float
    """How long to watch at the least, from the first event on where that came late (seconds)."""
    first_s: float | None = None
    """When the first event was seen, or the first one after a long silence (seconds)."""
    last_s: float = 0.0
    """When an event was seen last (seconds)."""
    seen: int = 0
    """How many events were seen."""

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        if _OVER(progress):
            return True
        if progress.events > self.seen:
            # A stream may begin with an event that brings nothing, and be held back then.
            if self.first_s is None or progress.elapsed_s - self.last_s >= self.settled_s:
                self.first_s = progress.elapsed_s
            self.last_s, self.seen = progress.elapsed_s, progress.events
        if self.first_s is None or progress.elapsed_s < self._settled_at_s(self.first_s):
            return False
        return progress.events >= self.events or progress.elapsed_s >= self.seconds

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        if self.first_s is None:
            return _BEGUN.wake_at_s(progress)
        settled_at_s = self._settled_at_s(self.first_s)
        if progress.events >= self.events:
            return settled_at_s
        return max(self.seconds, settled_at_s)

    def _settled_at_s(self, first_s: float) -> float:
        """Return until when to watch at the least.

        What began late may have been held back; what began soon shows nothing before it is long.
        """
        return first_s + self.settled_s if first_s >= self.settled_s else self.settled_s


@dataclass(frozen=True, slots=True)
class Watched:
    """Watch a stream for its end, but no longer than `seconds` once an event has come."""

    seconds: float
    events: int | None = None
    """Leave earlier, after this many events."""

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        if _OVER(progress):
            return True
        if self.events is not None and progress.events >= self.events:
            return True
        return progress.events >= 1 and progress.elapsed_s >= self.seconds

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        if progress.events >= 1:
            return self.seconds
        return _BEGUN.wake_at_s(progress)

"""Streams that stop while others are open: they fall silent, or end before they are complete.

A stream has stopped where it was silent for several times as long as the others opened with it,
or ended after fewer events. A server may do either by itself, now and then: so it counts only
where it shows in every crowd, and where the same request alone shows it never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from streamchat_conformance.recorder import Progress
from streamchat_conformance.suite.target.stop_conditions import Watched

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading

UNTYPICAL_FACTOR = 3.0
"""A silence is no longer a typical one where it takes this many times as long."""

MORE_S = 0.5
"""And this much longer, because machines are busy (seconds)."""

_ENDED = "one ended"

WATCHING_LIMIT_S = 10.0
"""A stream that has fallen silent is not watched for longer (seconds)."""


@dataclass(frozen=True, slots=True)
class WatchedForSilence:
    """Watch a stream as `Watched` does, and on while a silence may be more than a typical one."""

    watched: Watched
    typical_s: float
    """The typical time between two events (seconds)."""
    silent_s: float
    """How long a silence is watched at most (seconds)."""

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""
        if not self.watched(progress):
            return False
        if progress.reader.complete or progress.reader.broken or not self._doubtful(progress):
            return True
        return progress.since_last_read_s >= self.silent_s

    def wake_at_s(self, progress: Progress) -> float:
        """Return when to ask again though nothing arrives (seconds)."""
        watched_s = self.watched.wake_at_s(progress)
        if progress.elapsed_s < watched_s:
            return watched_s
        return progress.elapsed_s - progress.since_last_read_s + self.silent_s

    def _doubtful(self, progress: Progress) -> bool:
        enough = self.watched.events is not None and progress.events >= self.watched.events
        return not enough and progress.since_last_read_s > MORE_S / 2 + 1.2 * self.typical_s


def until_silent(watched: Watched, typical_s: float, count: int) -> WatchedForSilence:
    """Return the condition that watches one of `count` streams.

    `count` streams that share one processor may each take `count` times as long.
    """
    silent_s = 2 * MORE_S + max(UNTYPICAL_FACTOR, 2 * count) * typical_s
    return WatchedForSilence(watched, typical_s, min(WATCHING_LIMIT_S, silent_s))


@dataclass(frozen=True, slots=True)
class StreamCourse:
    """How far a stream came while it was watched."""

    events: int
    pieces: int
    """How many of them brought a piece of the text: one may have another end than others."""
    ended: bool
    silence_s: float
    """The longest time without an event, from the first one on (seconds)."""
    complete: bool = False
    """Whether it has the dialect's own sign of a complete answer, however long that is."""

    @classmethod
    def of(cls, reading: Reading) -> StreamCourse:
        """Return a stream's course."""
        times = [block.event.at_s for block in reading.events if block.event is not None]
        ended = reading.ended
        until = [] if ended or not times else [max(times[-1], reading.exchange.ended_at_s)]
        gaps = [later - earlier for earlier, later in pairwise([*times, *until])]
        content = reading.content
        silence_s = max(gaps, default=0.0)
        return cls(len(times), len(content.pieces), ended, silence_s, content.finished)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stream that stopped next to others."""

    number: int
    """Its number among the streams that were opened together."""
    reading: Reading
    course: StreamCourse
    reason: str

    @property
    def early(self) -> bool:
        """Whether it ended, and did not fall silent."""
        return self.reason.startswith(_ENDED)


def stopped_streams(readings: Sequence[Reading], typical_s: float) -> list[Stopped]:
    """Return the streams that did not go on as the others did.

    `typical_s` is the typical time between two events of a single stream (seconds).
    """
    courses = {
        number: StreamCourse.of(reading)
        for number, reading in enumerate(readings)
        if reading.accepted and reading.events and not _has_no_room(reading)
    }
    found = []
    for number, course in courses.items():
        others = [other for each, other in courses.items() if each != number]
        if reason := _stopped(course, others, typical_s):
            found.append(Stopped(number, readings[number], course, reason))
    return found


def _has_no_room(reading: Reading) -> bool:
    """Return whether the server says "not now", by its status or in the stream."""
    return reading.overloaded or reading.content.no_room


def _stopped(course: StreamCourse, others: Sequence[StreamCourse], typical_s: float) -> str:
    """Return how a stream stopped next to others, or an empty text."""
    if not others:
        return ""
    # A quarter of the others is enough to compare with: many may have stopped.
    quarter = len(others) // 4
    events = sorted((other.events for other in others), reverse=True)[quarter]
    pieces = sorted((other.pieces for other in others), reverse=True)[quarter]
    fewer = course.pieces < pieces if pieces else course.events < events
    if course.ended and not course.complete and fewer:
        return f"{_ENDED} after {course.events} event(s), others had {events}"
    silence_s = sorted(other.silence_s for other in others)[quarter]
    # Streams of one processor are slow together. All may stop together, too.
    bound_s = MORE_S + UNTYPICAL_FACTOR * max(silence_s, typical_s)
    all_bound_s = 2 * MORE_S + 2 * (len(others) + 1) * max(typical_s, 0.05)
    if course.silence_s > min(bound_s, all_bound_s):
        return f"one was silent for {course.silence_s:.2f} s"
    return ""


def alone_too(stopped: Stopped, alone: Sequence[Reading]) -> bool:
    """Return whether the same request stops when it comes alone as well, or may do so.

    Where streams that come alone have different lengths, an early end says nothing.
    """
    courses = [StreamCourse.of(reading) for reading in alone if reading.accepted]
    if not courses:
        return True
    if not stopped.early:
        longest_s = max(course.silence_s for course in courses)
        return MORE_S + UNTYPICAL_FACTOR * longest_s >= stopped.course.silence_s
    # A stream with all of its text lacks its end alone, and that is the dialect's own requirement.
    lengths = [course.pieces if stopped.course.pieces else course.events for course in courses]
    own = stopped.course.pieces or stopped.course.events
    ends = {length for length, course in zip(lengths, courses, strict=True) if course.ended}
    return len(ends) > 1 or min(lengths) <= own

"""Stop conditions: until when a response is recorded. The limits apply in addition to each.

Every condition but `closed` and `silence` is also met by the end of the response, so that a
stream shorter than hoped for ends the recording at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from streamchat_conformance.recorder.loop import NEVER
from streamchat_conformance.recorder.progress import Progress

__all__ = [
    "TimedUntil",
    "Until",
    "any_of",
    "closed",
    "complete",
    "elapsed",
    "events",
    "head",
    "interim",
    "silence",
    "wake_at_s",
]

Until = Callable[[Progress], bool]
"""A stop condition: called after each read, and at its own times if it is a TimedUntil."""


@runtime_checkable
class TimedUntil(Protocol):
    """A stop condition that time alone can meet."""

    def __call__(self, progress: Progress) -> bool:
        """Return whether to stop."""

    def wake_at_s(self, progress: Progress) -> float:
        """Return the exchange's time (seconds) at which to ask again; infinite for never."""


def wake_at_s(until: Until, progress: Progress) -> float:
    """Return when to ask a condition again though nothing arrives; infinite for never."""
    # Asked in each turn of the loop: `isinstance` with a protocol would look at all its members.
    wake: Callable[[Progress], float] | None = getattr(until, "wake_at_s", None)
    return NEVER if wake is None else wake(progress)


def complete() -> Until:
    """Stop at the end of the response by its own framing."""
    return _complete


def events(count: int) -> Until:
    """Stop once that many events have arrived."""
    return lambda progress: progress.events >= count or progress.reader.complete


def head() -> Until:
    """Stop once the head of the final response has arrived."""
    return lambda progress: progress.reader.head is not None


def interim() -> Until:
    """Stop once an interim (1xx) or the final response's head has arrived."""
    return lambda progress: progress.reader.interim_count > 0 or progress.reader.head is not None


def elapsed(seconds: float) -> Until:
    """Stop that long after the first byte of the request."""
    return _Elapsed(seconds)


def silence(seconds: float) -> Until:
    """Stop when nothing has arrived for this long, even after the response's end.

    After `complete` this sees bytes that should not be there.
    """
    return _Silence(seconds)


def closed() -> Until:
    """Never stop by itself: read on to the end of the connection, past the response's end."""
    return _never


def any_of(*conditions: Until) -> Until:
    """Stop when the first of the conditions is met."""
    return _AnyOf(conditions)


def _complete(progress: Progress) -> bool:
    return progress.reader.complete


def _never(progress: Progress) -> bool:  # noqa: ARG001 - the signature of a condition
    return False


@dataclass(frozen=True, slots=True)
class _Elapsed:
    seconds: float

    def __call__(self, progress: Progress) -> bool:
        return progress.elapsed_s >= self.seconds or progress.reader.complete

    def wake_at_s(self, progress: Progress) -> float:  # noqa: ARG002 - the protocol's signature
        return self.seconds


@dataclass(frozen=True, slots=True)
class _Silence:
    seconds: float

    def __call__(self, progress: Progress) -> bool:
        return progress.since_last_read_s >= self.seconds

    def wake_at_s(self, progress: Progress) -> float:
        return progress.elapsed_s - progress.since_last_read_s + self.seconds


@dataclass(frozen=True, slots=True)
class _AnyOf:
    conditions: tuple[Until, ...]

    def __call__(self, progress: Progress) -> bool:
        return any(condition(progress) for condition in self.conditions)

    def wake_at_s(self, progress: Progress) -> float:
        return min((wake_at_s(each, progress) for each in self.conditions), default=NEVER)

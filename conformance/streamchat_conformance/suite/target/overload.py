"""Servers that say "not now": 503 (or 429) with Retry-After is waited out, and never judged.

How many streams a server takes is its own choice, and the suite itself opens many: what its slow
observations take alongside the cases may be all there is.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

Result = TypeVar("Result")
Subject = TypeVar("Subject")

PATIENCE_S = 6.0
"""How long an overloaded server is asked again (seconds)."""
LEAST_PAUSE_S = 0.1
"""How long it is left alone at least, even where it says that it may be asked at once."""
LONGEST_PAUSE_S = 1.0
"""How long at most: its streams are short, or are the suite's own."""


class NoRoom(NotApplicable):
    """A case met an overloaded server where it cannot ask again by itself."""

    def __init__(self, status: int, retry_after: str) -> None:
        super().__init__(f"the server had no room: {status} with Retry-After")
        self.retry_after = retry_after


class Pauses:
    """The pauses of one wait for room."""

    def __init__(self) -> None:
        self._waited_s = 0.0

    def pause(self, retry_after: str) -> bool:
        """Wait before the server is asked again; return False when that was done long enough."""
        if self._waited_s >= PATIENCE_S:
            return False
        pause_s = min(LONGEST_PAUSE_S, max(LEAST_PAUSE_S, _seconds(retry_after)))
        threading.Event().wait(pause_s)
        self._waited_s += pause_s
        return True


def _seconds(retry_after: str) -> float:
    """Read Retry-After; a date, or what is no number, is a second (RFC 9110 section 10.2.3)."""
    short = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6
    return float(retry_after) if short else 1.0


def retry_after(reading: Reading) -> str:
    """Return the value of Retry-After, or an empty text."""
    return (reading.head.first("retry-after") or "") if reading.head else ""


def admitted(reading: Reading) -> Reading:
    """Return a reading. Raises NoRoom when it is a "not now"."""
    if reading.overloaded:
        raise NoRoom(reading.status, retry_after(reading))
    return reading


def with_room(attempt: Callable[[], Result]) -> Result:
    """Return what an attempt returns; made again, after a pause, while it raises NoRoom."""
    pauses = Pauses()
    while True:
        try:
            return attempt()
        except NoRoom as full:
            if not pauses.pause(full.retry_after):
                raise


def needs_room(case: Callable[[Subject], None]) -> Callable[[Subject], None]:
    """Make a case that begins again when the server says "not now" on one of its connections."""

    @functools.wraps(case)
    def test(target: Subject) -> None:
        with_room(lambda: case(target))

    return test

"""Servers that say "not now": 503 (or 429) with Retry-After is waited out, and never judged.

How many streams a server takes is its own choice, and the suite itself opens many: what its slow
observations take beside the cases may be all there is.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.outcomes import NotApplicable

if TYPE_CHECKING:
    from streamchat_conformance.suite.target import Target

Result = TypeVar("Result")

PATIENCE_S = 6.0
"""How long an overloaded server is asked again (seconds)."""
LEAST_PAUSE_S = 0.1
"""How long it is left alone at least, even where it says that it may be asked at once."""
LONGEST_PAUSE_S = 1.0
"""How long at most: its streams are short, or are the suite's own."""


class NoRoom(NotApplicable):
    """A case met an overloaded server where it cannot ask again by itself."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(f"the server had no room: {reading.status} with Retry-After")
        self.reading = reading


class Pauses:
    """The pauses of one wait for room."""

    def __init__(self) -> None:
        self._waited_s = 0.0

    def pause(self, reading: Reading) -> bool:
        """Wait before the server is asked again; return False when that was done long enough."""
        if self._waited_s >= PATIENCE_S:
            return False
        pause_s = min(LONGEST_PAUSE_S, max(LEAST_PAUSE_S, retry_after_s(reading)))
        threading.Event().wait(pause_s)
        self._waited_s += pause_s
        return True


def retry_after_s(reading: Reading) -> float:
    """Return Retry-After in seconds; 1 when it is a date or unreadable (RFC 9110 10.2.3)."""
    value = (reading.head.first("retry-after") or "") if reading.head else ""
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else 1.0


def admitted(reading: Reading) -> Reading:
    """Return a reading. Raises NoRoom when it is a "not now"."""
    if reading.overloaded:
        raise NoRoom(reading)
    return reading


def with_room(attempt: Callable[[], Result]) -> Result:
    """Return what an attempt returns; made anew, after a pause, as long as it raises NoRoom."""
    pauses = Pauses()
    while True:
        try:
            return attempt()
        except NoRoom as full:
            if not pauses.pause(full.reading):
                raise


def needs_room(case: Callable[[Target], None]) -> Callable[[Target], None]:
    """Make a case that begins anew when the server says "not now" on one of its connections."""

    @functools.wraps(case)
    def test(target: Target) -> None:
        with_room(lambda: case(target))

    return test

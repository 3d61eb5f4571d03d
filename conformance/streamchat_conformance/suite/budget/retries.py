"""Requests that are put off (429, 503): when they are sent again, and when that is given up.

Theory of operation. A server that has no room (503 with Retry-After) has some within seconds: its
streams are short, or are the suite's own. One that limits requests by the minute (429) says when
the next minute begins, and is waited for. But who answers 429 to the same request for good has no
such minute: after a few waits that brought nothing, little is waited for until one brings something
again; and all waits of a run together have a bound. Where nothing at all is served any more, the
server is given up (`Retries.gives_up`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class RetryBounds:
    """How long one request that was put off is waited for."""

    longest_s: float
    """The longest pause, whatever the server asks for (seconds)."""
    total_s: float
    """All pauses together (seconds)."""


BUSY = RetryBounds(5.0, 10.0)
"""For 503: somebody else has the place."""
LIMITED = RetryBounds(60.0, 75.0)
"""For 429: limits are counted by the minute."""
FRUITLESS = RetryBounds(1.0, 3.0)
"""Where waiting has brought nothing before."""
USELESS_WAITS_LIMIT = 2
"""How many waits in a row that brought nothing show that waiting is of no use."""
GIVES_UP_S = 45.0
"""How long nothing is served, however often it is waited, before waiting ends (seconds)."""
GIVES_UP_WAITS = 4
"""How many waits in a row have brought nothing by then."""
RUN_S = 600.0
"""All waits of a run together (seconds)."""
LEAST_PAUSE_S = 0.1
"""The first pause at the least, even where a server says that it may be asked at once; each is
twice the one before (seconds)."""
DEFAULT_PAUSE_S = 1.0
"""The same where a server does not say how long (seconds)."""


class Retries:
    """What a run has learned about waiting for a server."""

    def __init__(
        self,
        wait: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.put_off = 0
        """How often a request was put off and sent again."""
        self.waited_s = 0.0
        """All pauses (seconds)."""
        self._fruitless = 0
        self._since_s: float | None = None
        """When the first of the waits in a row began that brought nothing (seconds)."""
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self._lock = threading.Lock()

    def begin(self) -> Retry:
        """Return what decides about one request."""
        return Retry(self)

    def bounds(self, status: int) -> RetryBounds:
        """Return how long a request with this answer is waited for."""
        if self._fruitless >= USELESS_WAITS_LIMIT or self.waited_s >= RUN_S:
            return FRUITLESS
        return LIMITED if status == TOO_MANY_REQUESTS else BUSY

    def pause(self, seconds: float) -> None:
        """Wait before a request is sent again."""
        with self._lock:
            self.put_off += 1
            self.waited_s += seconds
        self._wait(seconds)

    def note(self, *, served: bool) -> None:
        """Take note of whether a wait brought something."""
        with self._lock:
            self._fruitless = 0 if served else self._fruitless + 1
            if served:
                self._since_s = None
            elif self._since_s is None:
                self._since_s = self._clock()

    def revive(self) -> None:
        """Take note that a valid request was served: the server is not given up any more."""
        with self._lock:
            self._since_s = None

    @property
    def gives_up(self) -> bool:
        """Whether waiting has brought nothing for long: it is worth nothing any more."""
        since_s = self._since_s
        return (
            since_s is not None
            and self._fruitless >= GIVES_UP_WAITS
            and self._clock() - since_s >= GIVES_UP_S
        )


class Retry:
    """One request that may be put off several times."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._waited_s = 0.0
        self._pauses = 0

    def again(self, status: int, asked_s: float | None) -> bool:
        """Wait, and return True; or False at once where that was done long enough.

        `asked_s` is the pause that the server asks for, or None (see `asked_pause_s`).
        """
        if self._retries.gives_up:
            return False
        bounds = self._retries.bounds(status)
        left_s = bounds.total_s - self._waited_s
        if left_s <= 0:
            if self._pauses:
                self._retries.note(served=False)
            return False
        # A server that asks for too little is not asked all the time.
        least_s = (DEFAULT_PAUSE_S if asked_s is None else LEAST_PAUSE_S) * 2**self._pauses
        pause_s = min(bounds.longest_s, left_s, max(least_s, asked_s or 0.0))
        self._retries.pause(pause_s)
        self._waited_s += pause_s
        self._pauses += 1
        return True

    def served(self) -> None:
        """Take note that the request was not put off again."""
        if self._pauses:
            self._retries.note(served=True)


def asked_pause_s(field: Callable[[str], str | None]) -> float | None:
    """Return how long a server asks to be left alone (seconds), or None where it does not.

    `field` returns the value of a header field. Retry-After is a number of seconds or a date (RFC
    9110 section 10.2.3); OpenAI's clients also read `retry-after-ms`.
    """
    millis = _number(field("retry-after-ms"))
    if millis is not None:
        return millis / 1000
    value = field("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    until, now = _date(value), _date(field("date") or "")
    # Without the server's own clock a date says nothing.
    return max(0.0, (until - now).total_seconds()) if until and now else None


def _number(text: str | None) -> float | None:
    short = text is not None and len(text) < 12 and text.strip().isascii()
    try:
        number = float(text) if text is not None and short else None
    except ValueError:
        return None
    return number if number is not None and 0 <= number < float("inf") else None


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text[:64])
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return date if date.tzinfo is not None else None

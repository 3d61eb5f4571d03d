"""The rate of requests, and when the next one is due under it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)/(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
LONGEST_INTERVAL_S = 3600.0
"""A rate that is slower is taken for a slip."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most this many requests in a unit of time."""

    text: str
    """As it was written, such as 15/m."""
    interval_s: float
    """The time from one request to the next (seconds)."""

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Read a rate. Raises ValueError, saying how it is written."""
        found = _RATE.fullmatch(text.strip())
        number = float(found[1]) if found else 0.0
        if found is None or not number or _SECONDS[found[2]] / number > LONGEST_INTERVAL_S:
            raise ValueError(
                f"rate {text!r}: write how many requests in how much time, such as 15/m or 2/s"
            )
        return cls(text.strip(), _SECONDS[found[2]] / number)


class Pacer:
    """Says when requests may be sent, so that they never exceed a rate. Knows no clock.

    Time that passes without requests is not saved up: where a server counts by the minute, a
    burst after a pause may exceed what it allows. Around requests that have to be sent together
    there is as much time before and after as each of them would have taken, so that no minute
    has more of them than allowed, wherever it begins.
    """

    def __init__(self, rate: Rate) -> None:
        self._interval_s = rate.interval_s
        self._due_s = float("-inf")
        """When the next request may be sent (seconds of the caller's clock)."""

    def take(self, requests: int, now_s: float) -> float:
        """Reserve a time for requests that are sent together; return how long to wait for it."""
        at_s = max(now_s, self._due_s + (requests - 1) * self._interval_s)
        self._due_s = at_s + requests * self._interval_s
        return at_s - now_s

    def owe(self, requests: int, now_s: float) -> None:
        """Take note of requests that are sent at once: those after them wait for longer."""
        self._due_s = max(now_s, self._due_s) + requests * self._interval_s

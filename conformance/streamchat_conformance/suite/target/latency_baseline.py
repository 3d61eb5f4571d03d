"""Times of single requests on this target: what varies by itself is no sign of waiting.

One measurement is no measure. A server that thinks for a random time, or now and then for long,
serves some requests late with nobody else there; only what exceeds that was caused by others.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.judges import Reading

SHARE = 0.75
"""The share of single requests that were served within the baseline."""
VARIES_S = 0.1
"""Single requests that differ by no more take the same time (seconds)."""
VARIES_BY = 0.5
"""Nor do they vary where they differ by no more than this share of the longest."""
SMALL_BYTES = 4096
"""Larger requests may well take longer than others."""


@dataclass(slots=True)
class Flight:
    """One request under way."""

    alone: bool
    """Whether no other request of the same kind of client was under way at any time."""


class LatencyBaseline:
    """Collects the times of single requests."""

    def __init__(self) -> None:
        self._first_events_s: list[float] = []
        self._refusals_s: list[float] = []
        self._lock = threading.Lock()
        self._active: list[Flight] = []

    @property
    def first_event_s(self) -> float:
        """How long the first event of a single stream may well take; 0 if none was seen."""
        return _upper(self._first_events_s)

    @property
    def refusal_s(self) -> float:
        """How long a single refusal may well take; 0 if none was seen."""
        return _upper(self._refusals_s)

    @property
    def first_events_s(self) -> list[float]:
        """The times of the first events of single streams, the longest one first.

        Without the very first one, where there are others: many a server warms up on it.
        """
        return sorted(self._first_events_s[1:] or self._first_events_s, reverse=True)

    @property
    def spread_s(self) -> float:
        """How much single streams differed in their first event; 0 if none was seen."""
        times_s = self.first_events_s or [0.0]
        return times_s[0] - times_s[-1]

    @property
    def varies(self) -> bool:
        """Whether single streams differed in their first event by more than machines do."""
        return self.spread_s > max(VARIES_S, VARIES_BY * max(self.first_events_s, default=0.0))

    @property
    def streams(self) -> int:
        """How many single streams were seen."""
        return len(self._first_events_s)

    @contextmanager
    def flight(self) -> Iterator[Flight]:
        """Count a request as under way, and find out whether it was alone."""
        with self._lock:
            flight = Flight(alone=not self._active)
            for other in self._active:
                other.alone = False
            self._active.append(flight)
        try:
            yield flight
        finally:
            with self._lock:
                # By identity: two flights may well be equal.
                self._active = [other for other in self._active if other is not flight]

    def note(self, reading: Reading) -> None:
        """Enter a single request's time, if it is one that matters."""
        exchange = reading.exchange
        if len(exchange.request) > SMALL_BYTES:
            return
        first = reading.events[0].event if reading.accepted and reading.events else None
        if first is not None:
            self._first_events_s.append(first.at_s)
        elif (
            reading.asked.expectation is Expectation.REFUSE
            and reading.refused
            and reading.response.complete
        ):
            self._refusals_s.append(exchange.ended_at_s)


def _upper(times_s: list[float]) -> float:
    """Return the time that a good part of some times do not exceed; 0 of none."""
    ordered = sorted(times_s)
    return ordered[math.ceil(SHARE * (len(ordered) - 1))] if ordered else 0.0

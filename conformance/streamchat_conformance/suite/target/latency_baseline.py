"""What lone requests take on this target: what varies by itself is no sign of waiting.

One measurement is no measure. A server that thinks for a random time, or now and then for long,
serves some requests late with nobody else there; only what exceeds that was caused by others.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.target.stop_conditions import Watched

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target

SAMPLES = 6
"""So many lone requests tell how much a target varies."""
SAMPLES_S = 4.0
"""How long is spent on taking them (seconds)."""
SAMPLE_STREAM_S = 3.0
"""How long such a stream is watched for its end, so that the next one is alone, too (seconds)."""
SHARE = 0.75
"""The share of lone requests that were served within what counts as usual."""
SMALL_BYTES = 4096
"""Larger requests may well take longer than others."""


@dataclass(slots=True)
class Flight:
    """One request under way."""

    alone: bool
    """Whether no other request of the same kind of client was under way at any time."""


class LatencyBaseline:
    """Collects the times of lone requests."""

    def __init__(self) -> None:
        self._first_events_s: list[float] = []
        self._refusals_s: list[float] = []
        self._lock = threading.Lock()
        self._active: list[Flight] = []

    @property
    def first_event_s(self) -> float:
        """How long the first event of a lone stream may well take; 0 if none was seen."""
        return _upper(self._first_events_s)

    @property
    def refusal_s(self) -> float:
        """How long a lone refusal may well take; 0 if none was seen."""
        return _upper(self._refusals_s)

    @property
    def streams(self) -> int:
        """How many lone streams were seen."""
        return len(self._first_events_s)

    @contextmanager
    def flight(self) -> Iterator[Flight]:
        """Count a request as under way, and learn whether it was alone."""
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
        """Enter a lone request's time, if it is one that tells something."""
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


def learn_usual(target: Target, *, drained: bool = True) -> None:
    """Make sure that enough lone streams were seen, in bounded time, and once in a run.

    Where streams were left before, and the target may still be busy with them (not `drained`),
    the first one only waits for its turn.
    """
    # What is given the whole limit anyway cannot be given more.
    if "usual" in target.once or target.served_within_s >= target.limits.first_event_s:
        return
    target.once.add("usual")
    request = HttpRequest.chat(target.plain("Alone."))
    stop = Watched(SAMPLE_STREAM_S, events=8)
    label = "a lone request, to know how much its time varies"
    if not drained:
        target.send(request, stop=stop, label=label, timed=False)
    ends_at = time.monotonic() + SAMPLES_S
    while target.latency.streams < SAMPLES and time.monotonic() < ends_at:
        if not target.send(request, stop=stop, label=label, timed=True).events:
            return


def _upper(times_s: list[float]) -> float:
    """Return the time that a good part of some times do not exceed; 0 of none."""
    ordered = sorted(times_s)
    return ordered[math.ceil(SHARE * (len(ordered) - 1))] if ordered else 0.0

"""Judging a stream's course in time, relative to itself."""

from __future__ import annotations

from dataclasses import dataclass

from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.judges import Reading

LONG_ENOUGH_S = 0.5
"""A stream that lasts less shows nothing about buffering (seconds)."""

LEAST_EVENTS = 3
"""Fewer events show nothing about buffering."""

TOGETHER_S = 0.004
"""Events that arrive so closely on average may have been sent together (seconds)."""

BURST_S = 0.1
"""A burst takes no longer than this, however many events it has (seconds). A fast model that
sends hundreds of tokens a second does so for longer."""

PREAMBLE_BYTES = 16
"""A content coding's own head (gzip has 10 bytes) may leave before there is anything to say."""


@dataclass(frozen=True, slots=True)
class Burst:
    """How the events of one stream are spread over its time."""

    events: int
    first_s: float
    spread_s: float
    """From the first event to the last (seconds)."""
    ended: bool

    @property
    def at_end(self) -> bool:
        """Whether all events came together, half a second or more after the request."""
        together_s = min(BURST_S, TOGETHER_S * (self.events - 1))
        return self.first_s >= LONG_ENOUGH_S and self.spread_s <= together_s


def burst_of(reading: Reading) -> Burst | None:
    """Return how a stream's events are spread; None when it is too short to decide.

    Those that bring some of the answer count, where they are known: one that brings nothing, such
    as a role, may well leave before the answer is made. A flood that was longer than is recorded
    shows nothing either: its end was not seen.
    """
    if reading.exchange.ending is Ending.OVERFLOW:
        return None
    content = reading.content
    blocks = reading.events
    if content.thoughts is not None and len(content.said) >= LEAST_EVENTS:
        blocks = content.said
    times = [block.event.at_s for block in blocks if block.event is not None]
    if len(times) < LEAST_EVENTS or times[-1] < LONG_ENOUGH_S:
        return None
    return Burst(len(times), times[0], times[-1] - times[0], reading.ended)


def coded_burst_of(reading: Reading) -> Burst | None:
    """Return how a body in a coding that is not read here is spread: its pieces, for events."""
    times: list[float] = []
    seen_bytes = 0
    for read in reading.coded_reads:
        seen_bytes += len(read.data)
        if seen_bytes > PREAMBLE_BYTES:
            times.append(read.at_s)
    if not times or times[-1] < LONG_ENOUGH_S:
        return None
    return Burst(len(times), times[0], times[-1] - times[0], reading.ended)

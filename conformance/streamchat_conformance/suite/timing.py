"""Judging a stream's course in time, relative to itself."""

from __future__ import annotations

from dataclasses import dataclass

from streamchat_conformance.judges import Reading

LONG_ENOUGH_S = 0.5
"""A stream that lasts less tells nothing about buffering (seconds)."""

TOGETHER_S = 0.004
"""Events that arrive so closely on average were sent together (seconds). Real tokens, even
fast ones, are further apart."""


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
        return self.first_s >= LONG_ENOUGH_S and self.spread_s <= TOGETHER_S * (self.events - 1)


def burst_of(reading: Reading) -> Burst | None:
    """Return how a stream's events are spread; None when it is too short to tell."""
    times = [block.event.at_s for block in reading.events if block.event is not None]
    if len(times) < 3 or times[-1] < LONG_ENOUGH_S:
        return None
    return Burst(len(times), times[0], times[-1] - times[0], reading.ended)

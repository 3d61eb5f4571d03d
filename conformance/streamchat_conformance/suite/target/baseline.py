"""The answer to a plain, valid request: every relative judgement starts here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from streamchat_conformance.core.http_request import Body
from streamchat_conformance.judges import Reading

MOST_PRELIMINARIES = 4
"""How many events before the first of the answer are waited for in each stream."""


@dataclass(slots=True)
class Baseline:
    """The plainest accepted request and what came of it, measured on this target."""

    plain: Body
    accepted: bool = False
    streams: bool = False
    """Whether the answer is an event stream with at least one event."""
    cause: str = "request.valid-accepted"
    """The requirement that is red when there is no stream."""
    problem: str = ""
    """What came instead of a stream, in a few words."""
    essence: str = ""
    """The media type of the answer, without parameters."""
    echo: bool = False
    finite: bool = False
    preliminaries: int = 0
    """How many events come before the first that brings some of the answer."""
    first_event_s: float = 0.0
    first_event_bytes: int = 0
    """How much had arrived when the first event was whole, the head included."""
    duration_s: float = 0.0
    """From the request to the end of the stream, or to where it was left."""
    interval_s: float = 0.0
    """Median time between events (seconds); with fewer than two, how long the next one was
    waited for, or 0 where the stream had ended."""
    refusal_s: float = 0.0
    """How long a single refusal took (seconds)."""
    refuses: bool = True
    """Whether a request without prompt is refused at all."""

    @property
    def write_intervals_s(self) -> float:
        """Two write intervals: how long a slot may stay taken after its client left (seconds)."""
        return 2 * max(self.interval_s, 0.05)


def pace(reading: Reading) -> tuple[float, float, float]:
    """Return (first event, median interval, end) of a stream, in seconds from the request."""
    times = [block.event.at_s for block in reading.events if block.event is not None]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    first = times[0] if times else 0.0
    ended_at_s = reading.exchange.ended_at_s
    # Where the second event did not come while it was watched, the interval is at least as long.
    waited_s = ended_at_s - first if times and not reading.ended else 0.0
    return first, median(gaps) if gaps else waited_s, ended_at_s


def first_event_bytes(reading: Reading) -> int:
    """Return how much had arrived when the first event of a stream was whole; 0 without one."""
    first = reading.events[0].event if reading.events else None
    if first is None:
        return 0
    return sum(len(read.data) for read in reading.exchange.reads if read.at_s <= first.at_s)


def preliminaries(reading: Reading) -> int:
    """Return how many events of a stream come before the first that brings some of the answer."""
    content = reading.content
    if content.thoughts is None or not content.said:
        return 0
    before = [block for block in reading.events if block.index < content.said[0].index]
    return min(len(before), MOST_PRELIMINARIES)


def echoes(reading: Reading) -> bool:
    """Return whether the first event repeats the request."""
    return bool(reading.payloads) and bool(reading.dialect.content(reading.payloads[:1]).echoes)

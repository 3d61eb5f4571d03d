"""stream: what one exchange shows of a stream's course in time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.reading import Reading

OTHERS_OPEN = "other connections were open"
"""Note of an exchange with others under way, whether or not it may have had to wait for them."""

WITH_OTHER_CLIENTS = "recorded with other clients"
"""Note of an exchange that may have had to wait for others."""

NEXT_TO_OTHERS = frozenset({OTHERS_OPEN, WITH_OTHER_CLIENTS})
"""The notes of an exchange that was not alone."""

HELD_BACK_S = 0.05
"""A part of an event that comes so late, and with the next event, was held back (seconds)."""


@judge(
    "stream.first-event",
    MUST,
    "The first event arrives within the first-event limit.",
    source="article",
    evidence=Evidence.KEPT,
)
def first_event(reading: Reading) -> Verdict:
    exchange = reading.exchange
    sent = reading.asked.sent
    if reading.asked.expectation is not Expectation.ACCEPT or reading.refused or sent is None:
        return None
    # What waits for other clients is resilience.*.
    if WITH_OTHER_CLIENTS in exchange.notes:
        return None
    # What a content coding holds back is stream.incremental-encoded.
    if sent.first("accept-encoding") is not None:
        return None
    if reading.events:
        return []
    if reading.lost:
        return None
    waited_out = exchange.ending is Ending.TIMED_OUT and (exchange.limit or "").startswith(
        ("first_event_s", "head_s")
    )
    if not waited_out or (reading.head is not None and not reading.accepted):
        return None
    # After waits that brought nothing the next ones are shorter: what was waited counts, not the
    # limit that is set.
    came = f"{len(exchange.received)} bytes, no event" if exchange.reads else "nothing"
    return [
        Nonconformity(
            "a person who waits in front of a silent page goes away",
            f"an event within the {exchange.ended_at_s:.1f} s that it was waited for",
            f"{came} in {exchange.ended_at_s:.1f} s",
            timed=True,
        )
    ]


@judge(
    "stream.gap",
    SHOULD,
    "The longest silence inside an observed stream is at most 15 s, or the limit that is set.",
    source="WHATWG HTML 9.2.7 (a comment every 15 seconds or so)",
    evidence=Evidence.PART,
)
def gap(reading: Reading) -> Verdict:
    found = longest_silence(reading)
    if found is None:
        return None
    longest, after = found
    if longest <= reading.gap_limit_s:
        return []
    # Where a server may queue, a silence next to others may be the wait for them: it counts on
    # streams that were alone.
    if reading.dialect.queues and not NEXT_TO_OTHERS.isdisjoint(reading.exchange.notes):
        return None
    return [
        Nonconformity(
            "proxies and clients take a silence of this length for the end",
            f"a comment or event at least every {reading.gap_limit_s:g} s",
            f"{longest:.1f} s of silence, {after:.1f} s after the request "
            f"(watched for {reading.exchange.ended_at_s:.1f} s)",
            timed=True,
        )
    ]


def longest_silence(reading: Reading) -> tuple[float, float] | None:
    """Return the longest silence inside a stream, and when after the request it began (seconds).

    None where no stream can be judged by it.
    """
    exchange = reading.exchange
    if not reading.judges_stream or len(exchange.reads) == 0:
        return None
    # Silence before the first event is stream.headers-early and stream.heartbeat.
    if not reading.events or reading.events[0].event is None:
        return None
    start = reading.events[0].event.at_s
    times = [start, *(read.at_s for read in exchange.reads if read.at_s > start)]
    # What follows a last chunk that was begun is no silence of the stream: transport.terminated.
    over = reading.ended or reading.response.last_chunk is not None
    if not over and not reading.unrecorded:
        times.append(exchange.ended_at_s)
    return max(
        ((later - earlier, earlier) for earlier, later in pairwise(times)), default=(0.0, start)
    )


@judge(
    "stream.whole-events",
    SHOULD,
    "No event is held back until the next one is made.",
    source="practice",
    evidence=Evidence.PART,
)
def whole_events(reading: Reading) -> Verdict:
    if not reading.judges_stream or reading.codings:
        return None
    pairs = list(_pairs(reading))
    if not pairs:
        return None
    # A server that holds back does so as a rule. What is late once or twice may be a slow packet, a
    # pause between two writes, or a client that was late to read. The end of an event is seldom a
    # write of its own: fewer of those make a rule.
    ends = [pair for pair in pairs if pair.held and pair.end_alone]
    torn = [pair for pair in pairs if pair.held and not pair.end_alone]
    held = []
    if len(ends) >= max(min(2, len(pairs)), len(pairs) / 4):
        held += ends
    if len(torn) >= max(2, len(pairs) / 2):
        held += torn
    if not held:
        return []
    first = min(held, key=lambda pair: pair.block.lines[0].offset)
    what = "its blank line" if first.end_alone else "a part of it"
    return [
        Nonconformity(
            f"clients see each event one event late: {what} leaves with the next",
            "the whole event, blank line and all, in one write",
            f"{what} came {first.delay_s:.3f} s after the event, together with the next one",
            reading.wire(first.block),
        )
    ]


@dataclass(frozen=True, slots=True)
class _Pair:
    """An event and the one behind it."""

    block: Block
    delay_s: float
    """How long the event's end came after its beginning, or after the last byte of its data."""
    held: bool
    """Whether the event's end came late, and together with the next one's beginning."""
    end_alone: bool
    """Whether all that was late is the end of its last line or its blank line."""


def _pairs(reading: Reading) -> Iterator[_Pair]:
    """Yield each event that another one follows."""
    arrived_s = _arrivals(reading)
    blocks = reading.stream.blocks
    for block, following in pairwise(blocks):
        if block.event is None or not following.lines:
            continue
        if following is blocks[-1] and following.event is None and reading.lost:
            continue
        whole_at_s = block.event.at_s
        last = block.lines[-1]
        said_at_s = arrived_s(last.end_offset - len(last.ending) - 1)
        end_alone = whole_at_s - said_at_s >= HELD_BACK_S
        # An id or a comment may well leave before there is anything to say.
        saying = (line for line in block.lines if line.name in ("data", "event"))
        begun_at_s = min(arrived_s(line.offset) for line in saying)
        delay_s = whole_at_s - (said_at_s if end_alone else begun_at_s)
        soon_s = delay_s / 4
        held = (
            delay_s >= HELD_BACK_S
            and arrived_s(following.lines[0].offset) - whole_at_s < soon_s
            # Where the next event came whole, the client was late to read, not the server to send.
            and not (following.event is not None and following.event.at_s - whole_at_s < soon_s)
        )
        yield _Pair(block, delay_s, held, end_alone)


def _arrivals(reading: Reading) -> Callable[[int], float]:
    """Return a function that returns when a byte of the body arrived (offset to seconds)."""
    reads = reading.body_reads
    ends = list(accumulate(len(read.data) for read in reads))
    return lambda offset: reads[bisect_right(ends, offset)].at_s

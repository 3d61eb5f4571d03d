"""stream: what one exchange tells of a stream's course in time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import accumulate, pairwise

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.chat.classify import Expectation
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.reading import Reading

BESIDE_OTHERS = "recorded beside other clients"
"""Note of an exchange that may have had to wait for others."""

HELD_BACK_S = 0.05
"""A blank line that comes so late, and with the next event, was held back (seconds)."""


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
    if BESIDE_OTHERS in exchange.notes:
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
        Finding(
            "stream.first-event",
            "a person who waits in front of a silent page goes away",
            f"an event within the {exchange.ended_at_s:.1f} s that it was waited for",
            f"{came} in {exchange.ended_at_s:.1f} s",
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
    longest, after = max(
        ((later - earlier, earlier) for earlier, later in pairwise(times)), default=(0.0, start)
    )
    if longest <= reading.gap_limit_s:
        return []
    return [
        Finding(
            "stream.gap",
            "proxies and clients take so long a silence for the end",
            f"a comment or event at least every {reading.gap_limit_s:g} s",
            f"{longest:.1f} s of silence, {after:.1f} s after the request "
            f"(watched for {exchange.ended_at_s:.1f} s)",
        )
    ]


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
    held = []
    arrived_s = _arrivals(reading)
    blocks = reading.stream.blocks
    for block, following in pairwise(blocks):
        if block.event is None or not following.lines:
            continue
        last = block.lines[-1]
        # When the last byte came that says something: the line's own end may be held back, too.
        made_at = arrived_s(last.end_offset - len(last.ending) - 1)
        # The event was there, but its blank line came only with the next event.
        delay = block.event.at_s - made_at
        next_at = arrived_s(following.lines[0].offset)
        if delay < HELD_BACK_S or next_at - block.event.at_s >= delay / 4:
            continue
        # Where the next event came whole, the client was late to read, and the server not to send.
        if following.event is None or following.event.at_s - block.event.at_s >= delay / 4:
            held.append((block, delay))
    if not held:
        return [] if len(reading.events) > 1 else None
    block, delay = held[0]
    return [
        Finding(
            "stream.whole-events",
            "clients see each event one event late: its blank line leaves with the next",
            "the blank line in the same write as its event",
            f"the blank line came {delay:.3f} s after the event, together with the next one",
            reading.wire(block),
        )
    ]


def _arrivals(reading: Reading) -> Callable[[int], float]:
    """Return a function that tells when a byte of the body arrived (offset to seconds)."""
    reads = reading.body_reads
    ends = list(accumulate(len(read.data) for read in reads))
    return lambda offset: reads[bisect_right(ends, offset)].at_s

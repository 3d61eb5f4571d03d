"""Many clients at once: opening streams together, holding them open."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.stream import WITH_OTHER_CLIENTS
from streamchat_conformance.recorder import Connection, Plan, record_timeline
from streamchat_conformance.suite.scenarios.stopped_streams import (
    Stopped,
    stopped_streams,
    until_silent,
)
from streamchat_conformance.suite.target.machine import require_calm
from streamchat_conformance.suite.target.overload import NoRoom, rate_limited
from streamchat_conformance.suite.target.stop_conditions import Answered, Watched
from streamchat_conformance.suite.target.target import SLOW_FIRST_EVENT_S, Target
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

WATCHED_S = 2.5
"""How long streams that were opened together are watched (seconds)."""

SLOT_TRIES = 3
"""A slot may come back only after a while to a target that was left."""
QUEUE_S = 12.0
"""How long a request may stand in a queue before it is put off by 503 (seconds)."""
SAME_MOMENT_S = 0.05
"""A place may be taken just before its last holder's end is recorded here (seconds)."""
PACED_S = 0.005
"""Events that are further apart wait for something, not for the processor alone (seconds)."""
UNPACED_EVENTS = 8
"""How many events are read of streams that are made as fast as can be."""
RECORDING_BYTES = 128 * 1024
"""What is recorded of each stream."""


def observe_together(target: Target, exchanges: Iterable[Exchange]) -> list[Reading]:
    """Enter exchanges that were recorded side by side, and may have waited for each other."""
    readings = [
        target.ledger.observe(replace(exchange, notes=(*exchange.notes, WITH_OTHER_CLIENTS)))
        for exchange in exchanges
    ]
    target.ledger.left += sum(reading.accepted and not reading.ended for reading in readings)
    return readings


@dataclass(frozen=True, slots=True)
class StreamGroup:
    """Streams that were opened together, on one axis of time."""

    readings: list[Reading]
    zeros_s: list[float]
    """When each request was sent, after the common beginning (seconds)."""

    @classmethod
    def open(cls, target: Target, count: int, *, first: int = 0) -> StreamGroup:
        """Open that many streams together and record them for a while.

        `first` is the number of the first one: a number stands for a prompt.
        """
        # To leave a stream early is to give its place to another, and waiting would not show.
        paced = target.baseline.interval_s >= PACED_S
        until = until_silent(
            Watched(WATCHED_S, events=None if paced else UNPACED_EVENTS),
            target.baseline.interval_s,
            count,
        )
        plans = [
            Plan(
                endpoint=target.endpoint,
                request=target.encode(HttpRequest.chat(target.plain(f"Client {number} speaks."))),
                until=target.known.open_ends.bounded(until, target.dialect),
                label=f"one of {count} streams opened together",
            )
            for number in range(first, first + count)
        ]
        recording_bytes = max(RECORDING_BYTES, target.known.large_event_bytes)
        limits = replace(target.limits, recording_bytes=recording_bytes)
        timeline = record_timeline(plans, limits)
        return cls(observe_together(target, timeline.exchanges), timeline.zeros_s)

    def discount_warm_up(self, target: Target) -> None:
        """Correct the baseline where even one of many was served sooner than the first request.

        Many a server warms up on that one, and is not slow for good.
        """
        baseline = target.baseline
        firsts = [reading.events[0].event for reading in self.readings if reading.events]
        soonest_s = min((event.at_s for event in firsts if event is not None), default=math.inf)
        if baseline.first_event_s >= SLOW_FIRST_EVENT_S and soonest_s < baseline.first_event_s:
            baseline.duration_s -= baseline.first_event_s - soonest_s
            baseline.first_event_s = soonest_s

    def first_s(self, number: int) -> float | None:
        """Return when a stream's first event arrived on the common axis, or None."""
        events = self.readings[number].events
        if not events or events[0].event is None:
            return None
        return self.zeros_s[number] + events[0].event.at_s

    def stopped(self, target: Target) -> list[Stopped]:
        """Return the streams that did not go on as the others did."""
        return stopped_streams(self.readings, target.baseline.interval_s)

    @property
    def failed(self) -> list[Reading]:
        """The answers that are neither a stream nor an honest "not now"."""
        answered = [reading for reading in self.readings if reading.head is not None]
        put_off = [each for each in answered if each.overloaded or each.barred]
        return [each for each in answered if not each.accepted and each not in put_off]

    def over_s(self, number: int) -> float | None:
        """Return when a stream's place became free on the common axis, or None.

        That is when it ended by itself, or when it was left after it had been watched.
        """
        reading = self.readings[number]
        ended_at_s = reading.exchange.ended_at_s
        left = bool(reading.events) and ended_at_s >= WATCHED_S
        return self.zeros_s[number] + ended_at_s if reading.ended or left else None

    def begun_within(self, seconds: float) -> int:
        """Return how many streams brought their first event so soon after the first was asked for.

        Where none can have ended by then, they were open at once. A busy machine sees events late,
        and never early: it makes these fewer.
        """
        firsts = map(self.first_s, range(len(self.readings)))
        until_s = min(self.zeros_s, default=0.0) + seconds
        return sum(first_s is not None and first_s < until_s for first_s in firsts)


def late_streams(
    target: Target, crowd: StreamGroup, later_than_s: float | None = None
) -> list[tuple[Reading, str]]:
    """Return the streams that had to wait for others, and how that shows.

    Waiting shows as a first event that comes after another stream is over, ended or left.
    Streams that are made in no time may well be made one after the other. `later_than_s` is when
    a first event is late, by default what is well above the baseline of single ones.
    """
    first_event_s = target.known.first_event_s
    if later_than_s is None:
        slack_s = max(0.15, first_event_s, 0.4 * target.baseline.duration_s)
        later_than_s = first_event_s + slack_s
    ends = [end for end in map(crowd.over_s, range(len(crowd.readings))) if end is not None]
    late = []
    for number, reading in enumerate(crowd.readings):
        if reading.overloaded or not (reading.accepted or reading.head is None):
            continue
        first_s = crowd.first_s(number)
        if first_s is None:
            # Where the recording was full before, an event may well have come.
            if not reading.ended and reading.exchange.ending is not Ending.OVERFLOW:
                late.append((reading, "no event came while the others had theirs"))
            continue
        waited_s = first_s - crowd.zeros_s[number] - first_event_s
        after_another = any(end <= first_s + SAME_MOMENT_S for end in ends)
        if after_another and waited_s + first_event_s >= later_than_s:
            late.append(
                (reading, f"its first event came {waited_s:.2f} s late, after another was over")
            )
    return late


@contextlib.contextmanager
def hold_streams(target: Target, count: int) -> Iterator[list[Reading]]:
    """Open streams, read one event of each, and hold them open; closed at the end."""
    connections: list[Connection] = []
    readings: list[Reading] = []
    try:
        requests = [
            target.encode(HttpRequest.chat(target.plain(f"Held open {number}.")))
            for number in range(count)
        ]
        for request in requests:
            connection = target.connect()
            connections.append(connection)
            connection.send(request)
        for connection, request in zip(connections, requests, strict=True):
            reading = target.record(connection, request, Answered(1), "held open", receive=True)
            if reading.events and not reading.ended:
                readings.append(reading)
        with target.probe.under_load():
            yield readings
    finally:
        for connection in connections:
            connection.close()


def serves_within(
    target: Target,
    label: str,
    *,
    tries: int = SLOT_TRIES,
    accept_503: bool = False,
    request: HttpRequest | None = None,
) -> tuple[str, Reading]:
    """Return whether a good request is served as before: (problem or '', reading).

    A slot may stay taken for two write intervals after its client left, so a few tries are
    given, within a time that is relative to what a single request took. With `accept_503` an
    honest "not now" ends them: then slots are taken by clients that are still there. `request` is
    a good request of another form than the plain one.
    """
    bound_s = target.known.served_within_s
    request = request or HttpRequest.chat(target.plain())
    # What comes later is too late, however long a single request may take.
    stop = replace(target.enough(None), within_s=max(bound_s, QUEUE_S))
    problem = ""
    reading: Reading | None = None
    for _ in range(tries):
        try:
            with target.probe.under_load():
                # What it takes now is the question, and no measure of the baseline.
                reading = target.send(
                    request,
                    stop=stop,
                    label=label,
                    observe=False,
                    patient=not accept_503,
                    timed=False,
                    confirm=False,
                )
        except NotTestable as gone:
            if reading is None:
                raise
            return f"the server is gone: {gone.reason}", reading
        first = reading.events[0].event if reading.events else None
        if first is not None and first.at_s <= bound_s:
            return "", reading
        if first is not None:
            problem = f"a stream's first event takes {first.at_s:.2f} s (bound {bound_s:.2f} s)"
        elif rate_limited(reading) and not accept_503:
            raise NoRoom(reading.status, None)
        elif reading.overloaded:
            problem = "the server still says 503"
            if accept_503:
                break
        else:
            problem = "a good request is not served"
    if reading is None:
        raise RuntimeError("no try, and no reading")
    return problem, reading


def require_calm_machine(target: Target, reading: Reading) -> None:
    """Raise TooBusy where a good request was late that a busy machine has held up.

    One that got no event was not late: it was not served.
    """
    first = reading.events[0].event if reading.events else None
    if first is None:
        return
    known, request = target.known, HttpRequest.chat(target.plain())

    def alone() -> Reading:
        label = "alone, to know what it takes now"
        return target.send(request, label=label, observe=False, timed=False, confirm=False)

    require_calm(
        target.slowdown(),
        first.at_s,
        known.served_within_s,
        alone,
        known.first_event_s,
    )


def streams_alone(target: Target, number: int, count: int) -> list[Reading]:
    """Return streams that come one after the other, for the request of that number in a group.

    One more comes before them: a server may still count it among the streams that were left.
    """
    return [StreamGroup.open(target, 1, first=number).readings[0] for _ in range(count + 1)][1:]


def served_alongside(
    target: Target,
    others: list[Connection],
    what: str,
    *,
    request: HttpRequest | None = None,
    tries: int = SLOT_TRIES,
) -> tuple[str, Reading]:
    """Return whether a good request is served next to clients that hold their connections.

    Returns what serves_within does. A server whose room they have all taken may say so by 503
    with Retry-After. Then fewer of them stay, down to one: next to that one, a request must be
    served, in a few tries. Those that left are gone from `others`.
    """
    while True:
        label = f"while {len(others)} clients {what}"
        problem, reading = serves_within(
            target, label, accept_503=len(others) > 1, request=request, tries=tries
        )
        tries = SLOT_TRIES
        if not (problem and reading.overloaded) or len(others) == 1:
            return problem, reading
        for _ in range(len(others) // 2):
            others.pop().close()

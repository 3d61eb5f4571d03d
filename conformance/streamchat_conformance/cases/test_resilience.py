"""resilience: many clients at once, and clients that behave badly."""

from __future__ import annotations

from streamchat_conformance.catalogue import ECHO, MUST, SHOULD, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Connection
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.beyond_chance import late_beyond_chance
from streamchat_conformance.suite.scenarios.concurrency import (
    StreamGroup,
    hold_streams,
    late_streams,
    require_calm_machine,
    served_alongside,
    streams_alone,
)
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.keepalive import refusable
from streamchat_conformance.suite.scenarios.prerequisites import (
    QUEUES,
    ROUNDS_TO_COUNT,
    require_concurrency,
    require_served,
)
from streamchat_conformance.suite.scenarios.slow_reader import unread_stream
from streamchat_conformance.suite.scenarios.stopped_streams import alone_too
from streamchat_conformance.suite.target.knowledge import MANY_STREAMS
from streamchat_conformance.suite.target.latency_samples import (
    sample_latency,
    sample_latency_thoroughly,
)
from streamchat_conformance.suite.target.machine import BUSY, SINGLE_REQUESTS, TooBusy
from streamchat_conformance.suite.target.overload import asked_by, rate_limited
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.causes import ABANDONED
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable, Violation

SLOW_READERS = CERTAIN_REQUESTS - 1
"""How many clients do not read at the same time."""
UNREAD_STOP_NOBODY = "streams that are not read, and do not fill the buffers, stop nobody"
TOO_SMALL = "the streams are too small, or too slow, to fill the socket's buffers"


def _progress_together(target: Target, id_: str, count: int) -> bool:
    """Open `count` streams together; raise Violation if some wait for others to end.

    Returns whether all of them were served at once, beyond doubt.
    """
    target.require_stream()
    slots = target.settings.deployment.slots
    if slots == 1:
        raise NotApplicable("the server has one slot, as is declared: streams wait for each other")
    count = min(count, slots or count)
    crowds: list[StreamGroup] = []
    # A server that serves one after the other does so every time; a busy machine does not.
    retry = target.bounds.retries.begin()
    for _ in range(ROUNDS_TO_COUNT):
        crowd = StreamGroup.open(target, count)
        if not any(reading.exchange.reads for reading in crowd.readings):
            target.liveness.doubt(crowd.readings[0].exchange)
            if target.probe.stopped():
                raise Blocked(target.ledger.end, "the server has stopped answering")
        crowd.discount_warm_up(target)
        served = [reading for reading in crowd.readings if not reading.overloaded]
        if len(served) >= min(2, count):
            waited = late_streams(target, crowd) or crowd.stopped(target)
            if not waited and not crowd.failed:
                return len(served) == count
            crowds.append(crowd)
            continue
        # The suite's own observations may have taken what room there is.
        target.background.settle(within_s=2 * target.settings.observation_s)
        target.pause(target.baseline.write_intervals_s)
        if limited := [reading for reading in crowd.readings if rate_limited(reading)]:
            retry.again(limited[-1].status, asked_by(limited[-1]))
    if len(served) < min(2, count):
        _require_no_rate_limit(target, crowd)
        # 503 with Retry-After is an answer, if a few are served.
        finding = Finding(id_, "not even two streams are served at once", f"{count}", "503")
        raise Violation((finding, crowd.readings[0].exchange))
    _require_none_failed(target, id_, crowds, count)
    sample_latency_thoroughly(target, side_by_side=count > CERTAIN_REQUESTS)
    _require_no_wait(target, id_, crowds, count)
    return False


def _require_none_failed(target: Target, id_: str, crowds: list[StreamGroup], count: int) -> None:
    """Raise Violation if in every crowd a request failed that does not fail alone."""
    if len(crowds) < ROUNDS_TO_COUNT or not all(crowd.failed for crowd in crowds):
        return
    failed = crowds[-1].failed
    number = crowds[-1].readings.index(failed[0])
    target.background.settle(within_s=2 * target.settings.observation_s)
    if not all(each.accepted for each in streams_alone(target, number, ROUNDS_TO_COUNT)):
        return
    message = (
        f"of {count} requests that were sent together {len(failed)} got {failed[0].status}, and "
        "alone it is served"
    )
    raise violation(id_, message, "all streams progress together", failed[0])


def _require_no_wait(target: Target, id_: str, crowds: list[StreamGroup], count: int) -> None:
    """Raise Violation if streams waited for others beyond chance, or stopped next to them.

    Raises NotApplicable where they waited, and may.
    """
    late = late_beyond_chance(target, crowds, lambda: StreamGroup.open(target, count))
    if late and not _may_wait(target, late):
        reading, reason = late[0]
        message = f"of {count} streams opened together {len(late)} had to wait: {reason}"
        raise violation(id_, message, "all streams progress together", reading)
    _require_no_stop(target, id_, crowds, count)
    if late:
        # Where four progress together, more of them may still have to wait.
        target.known.queues = count <= CERTAIN_REQUESTS
        raise NotApplicable(QUEUES)


def _may_wait(target: Target, late: list[tuple[Reading, str]]) -> bool:
    """Return whether streams that were late were served, and may be served one after the other."""
    undeclared = target.settings.deployment.slots is None
    return target.dialect.queues and undeclared and all(reading.events for reading, _ in late)


def _require_no_rate_limit(target: Target, crowd: StreamGroup) -> None:
    """Raise NotApplicable where as many requests are too many one after the other as well."""
    if not any(map(rate_limited, crowd.readings)):
        return
    request = HttpRequest.chat(target.plain("One after the other."))
    for _ in crowd.readings:
        if rate_limited(target.send(request, observe=False, patient=False)):
            raise NotApplicable("the server limits how many requests it takes in a time (429)")


def _require_no_stop(target: Target, id_: str, crowds: list[StreamGroup], count: int) -> None:
    """Raise Violation if in every crowd a stream stopped that does not stop alone."""
    stops = [crowd.stopped(target) for crowd in crowds]
    if len(stops) < ROUNDS_TO_COUNT or not all(stops):
        return
    stopped = stops[-1][0]
    target.background.settle(within_s=2 * target.settings.observation_s)
    if alone_too(stopped, streams_alone(target, stopped.number, ROUNDS_TO_COUNT)):
        return
    message = f"of {count} streams opened together {len(stops[-1])} stopped: {stopped.reason}"
    raise violation(id_, message, "all streams progress together", stopped.reading)


@requirement(
    "resilience.concurrent",
    MUST,
    "4 streams opened together all progress together.",
    source="article; abetlen/llama-cpp-python#897, abetlen/llama-cpp-python#1529",
)
@costs(4, together=True)
def test_four_streams_progress_together(target: Target) -> None:
    if _progress_together(target, "resilience.concurrent", CERTAIN_REQUESTS):
        target.known.room = CERTAIN_REQUESTS


@requirement(
    "resilience.concurrent-many",
    SHOULD,
    "16 streams opened together all progress together.",
    source="article",
)
@costs(16, together=True)
def test_sixteen_streams_progress_together(target: Target) -> None:
    require_concurrency(target)
    at_once = _progress_together(target, "resilience.concurrent-many", MANY_STREAMS)
    target.known.room = MANY_STREAMS if at_once else 0


@requirement(
    "resilience.not-blocked",
    MUST,
    "A refusal is answered promptly while streams are open.",
    source="mozilla-ai/llamafile#183",
)
@costs(5, together=True)
def test_a_refusal_does_not_wait_for_streams(target: Target) -> None:
    require_concurrency(target)
    refusal = refusable(target)[0]
    for _ in range(ROUNDS_TO_COUNT):
        with hold_streams(target, 4) as held:
            if not held:
                raise NotApplicable("streams end too soon to be held open")
            reading = _refusal_alongside(target, refusal, "a refusal while streams are open")
        took_s = reading.exchange.ended_at_s
        if reading.overloaded or (reading.head is not None and took_s <= _prompt_s(target)):
            return
    _require_prompt_alone(target, refusal)
    message = (
        f"with {len(held)} streams open a refusal took {took_s:.2f} s; "
        f"alone it takes {target.known.refusal_s:.3f} s"
    )
    raise violation("resilience.not-blocked", message, "a prompt refusal", reading)


def _refusal_alongside(target: Target, request: HttpRequest, label: str) -> Reading:
    """Send a request to refuse while others are connected; no answer is the case's to report."""
    # What it takes now is the question, and no measure of the baseline.
    reading = target.send(request, label=label, observe=False, timed=False)
    return reading if reading.head is None else target.ledger.observe_reading(reading)


def _prompt_s(target: Target) -> float:
    """Return how long a prompt refusal takes at most (seconds).

    That is relative to what a single refusal took here. On streams that end soon, waiting for
    one of them is all the delay there can be.
    """
    baseline = target.baseline
    bound_s = 0.25 + 10 * target.known.refusal_s
    if not baseline.finite:
        return max(bound_s, 1.0)
    if baseline.duration_s < 2 * bound_s:
        return max(0.1 + 5 * target.known.refusal_s, 0.5 * baseline.duration_s)
    return bound_s


def _require_prompt_alone(target: Target, refusal: HttpRequest) -> None:
    """Raise TooBusy where a busy machine makes refusals late that come alone, too."""
    if (factor := target.slowdown()) < BUSY:
        return
    for _ in range(SINGLE_REQUESTS):
        reading = target.send(refusal, label="a refusal alone", observe=False, timed=False)
        if reading.exchange.ended_at_s > _prompt_s(target):
            raise TooBusy(factor)


@requirement(
    "resilience.slow-reader",
    MUST,
    "A client that stops reading does not stop the others.",
    source="Kludex/uvicorn#2754",
)
@costs(8, largest_bytes=1024 * 1024, together=True)
@independent(at_once=SLOW_READERS + 1)
def test_a_client_that_stops_reading_stops_nobody(target: Target) -> None:
    require_concurrency(target)
    if not target.has(ECHO):
        raise NotApplicable("the streams are too small to fill the socket's buffers")
    if UNREAD_STOP_NOBODY in target.known.once:
        raise NotApplicable(TOO_SMALL)
    sample_latency(target)
    require_served(target)
    stream = unread_stream(target)
    request = target.encode(stream.request)
    readers: list[Connection] = []
    try:
        for _ in range(SLOW_READERS):
            connection = target.connect(receive_buffer_bytes=4096)
            readers.append(connection)
            connection.send(request)
        readers[-1].pause_reading(0.5 + 1.2 * target.known.first_event_s + stream.within_s)
        problem, reading = served_alongside(target, readers, "do not read")
        # Refusals that wait for any stream wait for these.
        if not problem and not target.red("resilience.not-blocked"):
            asked = refusable(target)[0]
            with target.probe.under_load():
                refusal = _refusal_alongside(target, asked, "a refusal while others do not read")
            if refusal.head is None:
                problem, reading = "a refusal is not answered", refusal
    finally:
        for connection in readers:
            connection.close()
    if problem:
        require_calm_machine(target, reading)
        message = f"while {len(readers)} clients do not read {problem}"
        raise violation("resilience.slow-reader", message, "a stream, as before", reading)
    if not stream.fills:
        # Next to other cases, too, that is all there is to see.
        target.known.once.add(UNREAD_STOP_NOBODY)
        raise NotApplicable(TOO_SMALL)


@requirement(
    "resilience.alive",
    MUST,
    "The server still serves a good request after every hostile case.",
    source="ggml-org/llama.cpp#7089, ggml-org/llama.cpp#4492",
)
@costs(1)
def test_the_server_is_still_alive(target: Target) -> None:
    if not target.baseline.accepted:
        raise Blocked(target.baseline.cause, target.baseline.problem)
    if target.red(ABANDONED):
        # What abandoned streams have left of the server is known already.
        require_served(target)
    else:
        target.check_alive("all cases")
    target.liveness.finish()
    target.ledger.verdict("resilience.alive")

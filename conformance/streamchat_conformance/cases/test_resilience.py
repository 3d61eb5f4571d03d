"""resilience: many clients at once, and clients that behave badly."""

from __future__ import annotations

from collections.abc import Sequence

from streamchat_conformance.catalogue import ECHO, MUST, SERVER, SHOULD, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Connection, Plan, record_timeline, until
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.concurrency import (
    StreamGroup,
    hold_streams,
    late_streams,
    served_alongside,
    serves_within,
)
from streamchat_conformance.suite.scenarios.half_requests import (
    CHUNKED_BODIES,
    KINDS,
    chunked_chat,
    send_halves,
)
from streamchat_conformance.suite.scenarios.keepalive import refusable, served_alone
from streamchat_conformance.suite.scenarios.slow_reader import unread_stream
from streamchat_conformance.suite.scenarios.stopped_streams import alone_too
from streamchat_conformance.suite.target.latency_samples import sample_latency
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import CONCURRENT_REQUESTS, SLOW_S, Target
from streamchat_conformance.suite.verdicts.causes import ABANDONED
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable, Violation

LEFT = 50
LEFT_EARLY = 25
"""How many more are cut off before their first event."""
SLOW_READERS = 4
ROUNDS = 3
"""How often a wait for others has to show before a server is flagged for it."""


def _require_concurrency(target: Target) -> None:
    """Raise Blocked when this target does not serve side by side: the rest follows from it."""
    target.require_stream()
    if target.red("resilience.concurrent"):
        raise Blocked("resilience.concurrent", "streams are not served side by side")


def _progress_together(target: Target, id_: str, count: int) -> bool:
    """Open `count` streams together; raise Violation if some wait for others to end.

    Returns whether all of them were served at once, beyond doubt.
    """
    target.require_stream()
    crowds: list[StreamGroup] = []
    # A server that serves one after the other does so every time; a busy machine does not.
    for _ in range(ROUNDS):
        crowd = StreamGroup.open(target, count)
        if not any(reading.exchange.reads for reading in crowd.readings):
            target.liveness.doubt(crowd.readings[0].exchange)
            if target.probe.stopped():
                raise Blocked(target.ledger.end, "the server has stopped answering")
        crowd.discount_warm_up(target)
        served = [reading for reading in crowd.readings if not reading.overloaded]
        if len(served) >= min(2, count):
            if not late_streams(target, crowd) and not crowd.stopped(target):
                return len(served) == count
            crowds.append(crowd)
            continue
        # The suite's own observations may have taken what room there is.
        target.background.settle(within_s=2 * target.settings.observation_s)
        target.pause(target.baseline.write_intervals_s)
    if len(served) < min(2, count):
        # 503 with Retry-After is an answer, if a few are served.
        finding = Finding(id_, "not even two streams are served at once", f"{count}", "503")
        raise Violation((finding, crowd.readings[0].exchange))
    # Nor does one that takes now more and now less time by itself.
    sample_latency(target, drained=False)
    late = min((late_streams(target, crowd) for crowd in crowds), key=len)
    if not late:
        _require_no_stop(target, id_, crowds, count)
        return False
    reading, reason = late[0]
    message = f"of {count} streams opened together {len(late)} had to wait: {reason}"
    raise violation(id_, message, "all streams progress together", reading)


def _require_no_stop(target: Target, id_: str, crowds: list[StreamGroup], count: int) -> None:
    """Raise Violation if in every crowd a stream stopped that does not stop alone."""
    stops = [crowd.stopped(target) for crowd in crowds]
    if len(stops) < ROUNDS or not all(stops):
        return
    stopped = stops[-1][0]
    target.background.settle(within_s=2 * target.settings.observation_s)
    alone = [StreamGroup.open(target, 1, first=stopped.number).readings[0] for _ in range(ROUNDS)]
    if alone_too(stopped, alone):
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
    _progress_together(target, "resilience.concurrent", 4)


@requirement(
    "resilience.concurrent-many",
    SHOULD,
    "16 streams opened together all progress together.",
    source="article",
)
@costs(16, together=True)
def test_sixteen_streams_progress_together(target: Target) -> None:
    _require_concurrency(target)
    target.roomy = _progress_together(target, "resilience.concurrent-many", 16)


@requirement(
    "resilience.not-blocked",
    MUST,
    "A refusal is answered promptly while streams are open.",
    source="mozilla-ai/llamafile#183",
)
@costs(5, together=True)
def test_a_refusal_does_not_wait_for_streams(target: Target) -> None:
    _require_concurrency(target)
    refusal = refusable(target)[0]
    for _ in range(ROUNDS):
        with hold_streams(target, 4) as held:
            if not held:
                raise NotApplicable("streams end too soon to be held open")
            reading = _refusal_alongside(target, refusal, "a refusal while streams are open")
        took_s = reading.exchange.ended_at_s
        if reading.overloaded or (reading.head is not None and took_s <= _prompt_s(target)):
            return
    message = (
        f"with {len(held)} streams open a refusal took {took_s:.2f} s; "
        f"alone it takes {target.refusal_s:.3f} s"
    )
    raise violation("resilience.not-blocked", message, "a prompt refusal", reading)


def _refusal_alongside(target: Target, request: HttpRequest, label: str) -> Reading:
    """Send a request to refuse while others are connected; no answer is the case's to report."""
    reading = target.send(request, label=label, observe=False)
    return reading if reading.head is None else target.ledger.observe_reading(reading)


def _prompt_s(target: Target) -> float:
    """Return how long a prompt refusal takes at most (seconds).

    That is relative to what a single refusal took here. On streams that end soon, waiting for
    one of them is all the delay there can be.
    """
    baseline = target.baseline
    bound_s = 0.25 + 10 * target.refusal_s
    if not baseline.finite:
        return max(bound_s, 1.0)
    if baseline.duration_s < 2 * bound_s:
        return max(0.1 + 5 * target.refusal_s, 0.5 * baseline.duration_s)
    return bound_s


@requirement(
    "resilience.abandoned",
    MUST,
    "After 50 streams that were cut off by FIN and by RST, a new request is served as before.",
    source="sgl-project/sglang#36333, sgl-project/sglang#36475, pallets/werkzeug#1649, "
    "Kludex/starlette#2620, Pylons/waitress#418",
)
@costs(77, together=True)
def test_abandoned_streams_leave_nothing_behind(target: Target) -> None:
    target.require_stream()
    if not target.red(ABANDONED):
        sample_latency(target)
        _require_served(target)
        _check_abandoned(target)
    target.ledger.verdict(ABANDONED)


def _check_abandoned(target: Target) -> None:
    """Abandon many streams; enter it if the next request is not served as before."""
    left = 0
    # A slot that comes back after a while is not lost, but the next request should not wait for
    # it; one that waits for another reason does not wait every time.
    for _ in range(ROUNDS):
        abandoned, starved = _abandon(target, LEFT)
        left += abandoned + _abandon(target, LEFT_EARLY, early=True)[0]
        target.ledger.left = max(target.ledger.left, left)
        # What a server does when it finds a client gone, it does at its next write.
        target.pause(target.baseline.write_intervals_s)
        label = f"after {left} abandoned streams"
        problem, reading = serves_within(target, label, tries=1)
        if not problem:
            if starved is None:
                return
            problem, reading = "others that were to be abandoned, too, got no event", starved
            continue
        if not reading.events and serves_within(target, label, tries=ROUNDS - 1)[0]:
            break
    message = f"after {left} abandoned streams {problem}"
    finding = Finding(ABANDONED, message, "a stream, as before", answer(reading))
    target.ledger.promptly_s = target.served_within_s
    target.ledger.flag(finding, reading.exchange)
    target.liveness.await_recovery(reading.exchange)


def _require_served(target: Target) -> None:
    """Raise Blocked when a good request is not served even before others come to its harm."""
    # A server may have to get rid of those who were there before.
    if any(target.liveness.serves() for _ in range(ROUNDS)):
        return
    if target.peaceful and target.ledger.left:
        # Only clients that left can have done that: nothing else happened so far.
        reading = serves_within(target, "after good requests alone", tries=1)[1]
        target.liveness.flag_abandoned("no stream", reading.exchange)
        target.ledger.verdict(ABANDONED)
    target.check_alive("the cases before")
    if target.liveness.gone():
        raise Blocked(target.ledger.end, "the server no longer serves a good request")


ABANDON_S = 12.0
"""How long abandoning may take in all; a slow server gets fewer (seconds)."""


def _abandon(target: Target, count: int, *, early: bool = False) -> tuple[int, Reading | None]:
    """Open streams and cut them off after their first event.

    Returns how many were cut, and one that got no event in time and ended that, if any did.
    With `early` they are cut off before it, where the server thinks before it speaks.
    """
    # Where each batch takes long there are fewer.
    batch = 5 if target.first_event_s < SLOW_S else count // 2
    # Many at once, or on a server that serves one at a time, may wait for each other.
    queue = batch > CONCURRENT_REQUESTS or target.red("resilience.concurrent")
    enough = (
        until.any_of(until.head(), until.elapsed(target.first_event_s / 2))
        if early
        else until.any_of(Answered(1), until.elapsed(target.served_within_s + 2))
    )
    request = target.encode(HttpRequest.chat(target.plain("I am leaving.")))
    left = 0
    spent_s = 0.0
    while left < count and spent_s < ABANDON_S:
        plans = [
            Plan(
                endpoint=target.endpoint,
                request=request,
                until=enough,
                reset=number % 2 == 1,
                label="a stream that is cut off",
            )
            for number in range(batch)
        ]
        exchanges = record_timeline(plans, target.limits).exchanges
        left += sum(1 for exchange in exchanges if exchange.reads or early)
        spent_s += max(exchange.ended_at_s for exchange in exchanges)
        readings = [target.ledger.read(each) for each in exchanges]
        starved = [each for each in readings if not (each.events or each.overloaded or each.ended)]
        if not early and starved and not queue:
            return left, starved[0]
        if not early and len(starved) == batch:
            # What waiting longer would show, the next request shows.
            break
    return left, None


@requirement(
    "resilience.slow-reader",
    MUST,
    "A client that stops reading does not stop the others.",
    source="Kludex/uvicorn#2754",
)
@costs(8, largest_bytes=1024 * 1024, together=True)
def test_a_client_that_stops_reading_stops_nobody(target: Target) -> None:
    _require_concurrency(target)
    if not target.has(ECHO):
        raise NotApplicable("the streams are too small to fill the socket's buffers")
    sample_latency(target)
    _require_served(target)
    stream = unread_stream(target)
    request = target.encode(stream.request)
    readers: list[Connection] = []
    try:
        for _ in range(SLOW_READERS):
            connection = target.connect(receive_buffer_bytes=4096)
            readers.append(connection)
            connection.send(request)
        readers[-1].pause_reading(0.5 + 1.2 * target.first_event_s + stream.within_s)
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
        message = f"while {len(readers)} clients do not read {problem}"
        raise violation("resilience.slow-reader", message, "a stream, as before", reading)
    if not stream.fills:
        raise NotApplicable("the streams are too small, or too slow, to fill the socket's buffers")


@requirement(
    "resilience.slow-request",
    MUST,
    "Clients that send half a request do not stop the others.",
    source="pallets/werkzeug#3051",
    layer=SERVER,
)
@costs(264, together=True)
def test_half_sent_requests_stop_nobody(target: Target) -> None:
    _require_concurrency(target)
    sample_latency(target)
    _require_served(target)
    # Of a slow target one crowd of all kinds is asked, or it takes minutes.
    slow = target.baseline.first_event_s >= SLOW_S
    for kinds in [KINDS] if slow else [KINDS, *((kind,) for kind in KINDS)]:
        what = "have sent " + " or ".join(kinds)
        # Which these are is found out while nobody is in their way.
        good = _good_requests(target, kinds)
        with send_halves(target, kinds=kinds) as halves:
            for request in good:
                problem, reading = served_alongside(target, halves, what, request=request)
                if problem:
                    break
            count = len(halves)
        if problem:
            message = f"while {count} clients {what} {problem}"
            raise violation("resilience.slow-request", message, "a stream, as before", reading)


def _good_requests(target: Target, kinds: Sequence[str]) -> list[HttpRequest]:
    """Return the requests that clients with these kinds of halves may stop."""
    plain, in_chunks = HttpRequest.chat(target.plain()), chunked_chat(target)
    if CHUNKED_BODIES in kinds and served_alone(target, in_chunks):
        return [plain, in_chunks]
    return [plain]


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
        _require_served(target)
    else:
        target.check_alive("all cases")
    target.liveness.finish()
    target.ledger.verdict("resilience.alive")

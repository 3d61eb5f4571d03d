"""stream: events come when they are made, and failures are reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pytest
import requests

from streamchat_conformance.catalogue import FAULT, MUST, SHOULD, SLOW, decides, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.judge import SHARED_JUDGES
from streamchat_conformance.judges.request import answer
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.keepalive import says_close
from streamchat_conformance.suite.scenarios.line_client import read_lines, unreadable
from streamchat_conformance.suite.scenarios.observations import ACCEPT_ENCODING, Observations
from streamchat_conformance.suite.scenarios.timing import (
    PREAMBLE_BYTES,
    Burst,
    burst_of,
    coded_burst_of,
)
from streamchat_conformance.suite.scenarios.watched_alone import watch_for_long
from streamchat_conformance.suite.scenarios.whole_answers import until_end, until_whole
from streamchat_conformance.suite.target.overload import needs_room
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.causes import FRAMING, SYNTAX
from streamchat_conformance.suite.verdicts.judged import verdict
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable, Violation

OWN = frozenset({"stream.gap"})


def _burst_violation(id_: str, bursts: Sequence[Burst], readings: Sequence[Reading]) -> Violation:
    burst = bursts[0]
    finding = Finding(
        id_,
        "the events arrived together at the end (a server that really makes all of them at once, "
        "after long thought, looks the same: then leave this requirement out)",
        "each event when it is made",
        f"on {len(bursts)} streams; the first one's {burst.events} events within "
        f"{burst.spread_s * 1000:.0f} ms, {burst.first_s:.2f} s after the request",
    )
    return Violation((finding, readings[0].exchange))


@requirement(
    "stream.incremental",
    MUST,
    "Events arrive as they are made, not in one burst at the end.",
    source="article; Pylons/waitress#120, webai-at-home/webai-at-home#182",
)
@costs(4, sequential=2)
def test_events_arrive_as_they_are_made(target: Target) -> None:
    target.require_stream()
    observations = Observations(target)
    readings = observations.pace()
    bursts = [burst for burst in map(burst_of, readings) if burst is not None]
    if not bursts:
        raise NotApplicable("no stream of three events took half a second: nothing can be said")
    late = [each for each in bursts if each.at_end]
    # Two streams with different prompts have to agree before a server is flagged.
    if len(late) == len(bursts) >= 2 and _all_late(map(burst_of, observations.pace_again())):
        raise _burst_violation("stream.incremental", late, readings)


@requirement(
    "stream.incremental-encoded",
    MUST,
    "The same with Accept-Encoding: gzip, deflate, br.",
    source="Kludex/starlette#2753, tower-rs/tower-http#419, Crosstalk-Solutions/project-nomad#798",
)
@costs(4, sequential=2)
def test_events_arrive_as_they_are_made_when_compression_is_offered(target: Target) -> None:
    baseline = target.require_stream()
    observations = Observations(target)
    plain, readings = observations.pace(), observations.encoded_pace()
    if all(reading.overloaded for reading in readings):
        raise NotApplicable("the server had no room for another stream")
    unread = any(_is_unread(reading) for reading in readings)
    if not unread and all(reading.coding_error is not None for reading in readings):
        raise Blocked("headers.identity-encoding", f"it cannot be read: {readings[0].coding_error}")
    if all(map(_withheld, readings)):
        waited_s = min(reading.exchange.ended_at_s for reading in readings)
        if waited_s >= 1.0 + 3 * baseline.first_event_s:
            finding = Finding(
                "stream.incremental-encoded",
                "no event came out of the compressed stream while the plain one had events",
                f"the first event after about {baseline.first_event_s:.2f} s",
                f"none in {waited_s:.1f} s ({answer(readings[0])})",
            )
            raise Violation((finding, readings[0].exchange))
    spread = coded_burst_of if unread else burst_of
    bursts = [each for each in map(spread, readings) if each is not None]
    late = [each for each in bursts if each.at_end]
    if not bursts:
        raise NotApplicable("no stream of three events took half a second: nothing can be said")
    plain_bursts = [burst for burst in map(burst_of, plain) if burst is not None]
    if plain_bursts and all(burst.at_end for burst in plain_bursts):
        raise Blocked("stream.incremental", "the plain stream comes in one burst, too")
    if not plain_bursts:
        # Where a plain stream is over within half a second, one that takes longer was delayed, such
        # as by other load. Of what is not read here, too, only a plain stream shows what to expect.
        raise NotApplicable("the plain stream is too short to compare this one with it")
    held_back = len(late) == len(bursts) >= 2
    if held_back and _all_late(map(spread, observations.pace_again(ACCEPT_ENCODING))):
        raise _burst_violation("stream.incremental-encoded", late, readings)


def _all_late(bursts: Iterable[Burst | None]) -> bool:
    """Return whether each of these streams came in one burst at its end."""
    return all(each is not None and each.at_end for each in bursts)


def _is_unread(reading: Reading) -> bool:
    """Return whether a stream is in the one coding that is offered and not undone here."""
    return "br" in reading.codings


def _withheld(reading: Reading) -> bool:
    """Return whether nothing came that could be an event, content coding or not."""
    if _is_unread(reading):
        return sum(len(read.data) for read in reading.coded_reads) <= PREAMBLE_BYTES
    return not reading.events and (reading.coding_error is None or not reading.body)


@decides("stream.gap")
@costs(3, largest_bytes=64 * 1024)
def test_no_silence_is_long(target: Target) -> None:
    target.require_stream()
    watch_for_long(target)
    verdict(target, "stream.gap")


@requirement(
    "stream.headers-early",
    SHOULD,
    "The response head leaves before the first event is ready.",
    source="Boise-State-Development/agentcore-public-stack#1133, honojs/node-server#244",
    needs=SLOW,
)
def test_the_head_does_not_wait_for_the_first_event(target: Target) -> None:
    reading, silent_s = Observations(target).slow()
    head_s = reading.head.at_s if reading.head is not None else reading.exchange.ended_at_s
    if head_s > silent_s / 2:
        finding = Finding(
            "stream.headers-early",
            "clients and proxies time out while they wait for the head",
            "the head at once",
            f"the head after {head_s:.2f} s of {silent_s:g} s of silence",
        )
        raise Violation((finding, reading.exchange))


@requirement(
    "stream.heartbeat",
    SHOULD,
    "While the server is silent a comment or event leaves at least every 15 s, "
    "or the limit that is set.",
    source="WHATWG HTML 9.2.7; vllm-project/vllm#47647, BerriAI/litellm#31877, "
    "ggml-org/llama.cpp#24013, modelcontextprotocol/csharp-sdk#738",
    needs=SLOW,
)
def test_a_silent_server_keeps_the_stream_alive(target: Target) -> None:
    reading, silent_s = Observations(target).slow()
    limit_s = target.settings.gap_limit_s
    if silent_s <= limit_s:
        raise NotApplicable(
            f"the declared silence of {silent_s:g} s is not longer than the limit of {limit_s:g} s"
        )
    exchange = reading.exchange
    until_s = min(exchange.ended_at_s, silent_s)
    times = [0.0, *(read.at_s for read in exchange.reads if read.at_s < until_s), until_s]
    longest_s = max(later - earlier for earlier, later in pairwise(times))
    if longest_s > limit_s:
        finding = Finding(
            "stream.heartbeat",
            "proxies cut connections that are silent for long",
            f"a comment at least every {limit_s:g} s",
            f"{longest_s:.1f} s without a byte",
        )
        raise Violation((finding, exchange))


@requirement(
    "stream.line-client",
    SHOULD,
    "The article's client, a line reader written with requests, reads every event.",
    source="article",
)
@needs_room
@independent()
def test_the_articles_client_reads_every_event(target: Target) -> None:
    baseline = target.require_stream()
    wanted = 2 if baseline.interval_s > 0.5 else 3
    reading = target.chat(target.plain(), events=wanted, label="the stream that the client reads")
    causes = (*FRAMING, *SYNTAX, "sse.comments", "sse.no-empty-events", "sse.event-type")
    cause = next((id_ for id_ in causes if target.ledger.rules.judges[id_](reading)), "")
    if cause:
        raise Blocked(cause, "the stream has lines that a line reader cannot take")
    expected = [
        payload.value
        for block, payload in reading.payloads
        if block.event is not None and block.event.type == "message"
    ][:wanted]
    if not expected:
        raise NotApplicable("no event came to compare with")
    try:
        outcome = read_lines(target, count=len(expected))
    except requests.RequestException as error:
        raise _not_read(target, reading, error) from None
    came = max(1, min(outcome.came, len(expected)))
    if outcome.problem or outcome.count < came:
        finding = Finding(
            "stream.line-client",
            outcome.problem or "the client that reads line by line missed events",
            f"{came} events",
            f"{outcome.count} events; last line {outcome.last_line!r}",
        )
        raise Violation((finding, reading.exchange))


MALFORMED = (
    "headers.well-formed",
    "headers.no-injection",
    "headers.singletons",
    "headers.identity-encoding",
    "transport.version",
    "transport.delimited",
    *FRAMING,
)
"""Requirements that explain why a client cannot read an answer at all."""


def _not_read(target: Target, reading: Reading, error: Exception) -> Exception:
    """Return what it means that `requests` fails where the recorder has read a stream."""
    problem = unreadable(error)
    if not problem:
        return NotApplicable(f"requests cannot talk to this server: {type(error).__name__}")
    causes = (target.dialect.plain_row, *MALFORMED)
    cause = next((id_ for id_ in causes if target.red(id_)), "")
    if cause:
        return Blocked(cause, f"requests cannot read the answer: {problem}")
    finding = Finding(
        "stream.line-client",
        "the article's client fails before it sees an event, although the answer is legal",
        "an answer that Python's http.client reads",
        problem,
        reading.head.offset if reading.head is not None else None,
    )
    return Violation((finding, reading.exchange))


@requirement(
    "stream.fault",
    SHOULD,
    "A failure in mid-stream is reported by an error event, then the stream ends.",
    source="mozilla-ai/any-llm#847, openclaw/openclaw#113629",
    needs=FAULT,
)
def test_a_failure_is_reported_by_an_error_event(target: Target) -> None:
    reading = Observations(target).fault()
    last = reading.payloads[-1] if reading.payloads else None
    block, payload = last if last is not None else (None, None)
    failure = reading.content.failure
    is_error = block is not None and block is failure
    refusals = reading.dialect.refusals
    reported = payload is not None and refusals.reports_error(payload.value)
    blocks = [block for block, _ in reading.payloads]
    after = blocks[blocks.index(failure) + 1 :] if failure is not None else []
    names = {block.event.type for block in after if block.event is not None}
    problem = ""
    if names & reading.dialect.content_events:
        problem = "content follows the error event"
    elif not is_error:
        problem = "the last event is no error event"
    elif not reported:
        problem = "the error event's data is not JSON with `error`"
    elif not reading.ended:
        problem = "the stream did not end after the error event"
    elif not reading.ended_well:
        problem = "the stream was cut after the error event, without the last chunk"
    if problem:
        finding = Finding(
            "stream.fault",
            problem,
            f"{refusals.failure_example}, and the end of the stream",
            repr(reading.body[-160:]),
        )
        raise Violation((finding, reading.exchange))


@requirement(
    "stream.fault-visible",
    MUST,
    "A stream that failed never looks complete.",
    source="pallets/werkzeug#2090, mozilla-ai/any-llm#847",
    needs=FAULT,
)
@costs(3)
@independent()
def test_a_failed_stream_does_not_look_complete(target: Target) -> None:
    reading = Observations(target).fault()
    reported = any(
        block.event is not None and block.event.type in reading.dialect.failure_events
        for block in reading.events
    )
    reported = reported or reading.content.failure is not None
    looks_complete = reading.ended_well and reading.accepted
    if looks_complete and not reported:
        finding = Finding(
            "stream.fault-visible",
            "the reader takes half an answer for the whole one",
            "an error event, or an end without the last chunk",
            f"a whole response, which ends with {reading.body[-120:]!r}",
        )
        raise Violation((finding, reading.exchange))
    _enter_next_of_connection(target)


def _enter_next_of_connection(target: Target) -> None:
    """Enter the stream that comes after a failed one on the same connection, if one comes.

    A server may close behind a failure; a stream that it serves has to be what any stream is.
    """
    declared = target.settings.fault
    if declared is None:
        return
    plain = target.encode(HttpRequest.chat(target.plain()))
    failing = target.encode(HttpRequest.chat(declared.request))
    with target.connect() as connection:
        failed = target.record(connection, failing, until_whole(target), "a stream that fails")
        if not failed.response.complete or says_close(failed) or not connection.is_open():
            return
        label = "the stream after one that failed"
        reading = target.record(connection, plain, until_end(target), label)
    if reading.accepted:
        target.limit_check.observe(reading)


@pytest.mark.parametrize("judged_id", SHARED_JUDGES.of_area("stream", without=OWN))
def test_every_stream_keeps_time(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

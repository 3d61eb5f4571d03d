"""connection: keep-alive, reuse and close."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial

from streamchat_conformance.catalogue import FINITE, MUST, SERVER, SHOULD, requirement
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import CHUNKED, JSON_MEDIA_TYPE, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Connection, Until
from streamchat_conformance.strategies import chunked
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.chunked_requests import refusals_spoil_the_next
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.keepalive import (
    Idle,
    announced_idle_s,
    keeps,
    mismatch,
    refusable,
    refusal_cause,
    says_close,
    steadily,
)
from streamchat_conformance.suite.scenarios.whole_answers import until_end
from streamchat_conformance.suite.target.overload import admitted, needs_room
from streamchat_conformance.suite.target.stop_conditions import Answered, QuietAfterEnd
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_FIRST_EVENT_S, Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable
from streamchat_conformance.suite.verdicts.overlapping import listening_s

MIB = 1024 * 1024
CLOSING_LIMIT_S = 3.0
"""How long a server that said close may take to close (seconds)."""
CONNECTIONS_COMPARED = 2
"""How many connections show what ends them: a server may end one now and then (RFC 9112 section
9.6), as one does that replaces its worker processes."""
SECOND_RESPONSE_WAIT_S = 0.1
"""How long is listened for a second response that must not come (seconds)."""


class _AnnouncedEndError(Exception):
    """A connection's first answer says close."""


def _next(
    target: Target,
    connection: Connection,
    request: HttpRequest,
    label: str,
    *,
    opening: bool = False,
    stop: Until | None = None,
) -> Reading:
    """Return the answer to the next request. With `opening` it must be more than a "not now"."""
    reading = target.record(connection, target.encode(request), stop or Answered(), label)
    return admitted(reading) if opening else reading


@requirement(
    "connection.reuse-after-error",
    MUST,
    "After a refused request the same connection serves the next one, "
    "or the response said close and the server closed.",
    source="RFC 9112 section 9.3; nesquena/hermes-webui#3103, pallets/flask#4543",
    layer=SERVER,
)
@costs(36, largest_bytes=1024 * 1024)
@independent(at_once=CERTAIN_REQUESTS)
@needs_room
def test_a_connection_serves_on_after_a_refusal(target: Target) -> None:
    requests = refusable(target)
    # Other methods and paths are refused by another part of a server.
    elsewhere = [
        HttpRequest(method="GET", content_type=None),
        replace(requests[0], method="PUT"),
        replace(requests[0], path=target.unknown_path),
    ]
    plain = HttpRequest.chat(target.plain())

    def count_refused(numbered: tuple[int, HttpRequest]) -> int:
        number, first = numbered
        valid = number == 0 and target.baseline.accepted
        last = plain if valid else requests[number - 1 if number < len(requests) else 0]
        return steadily(target, partial(_refused_and_served, target, first, last))

    if not sum(for_each(target, count_refused, enumerate([*requests, *elsewhere]))):
        raise Blocked(refusal_cause(target), "nothing was refused as it should be")
    for media_type in ("text/plain", JSON_MEDIA_TYPE):
        _check_after_large_body(target, media_type)


def _refused_and_served(target: Target, first: HttpRequest, last: HttpRequest) -> int:
    """Send one request three times, then another; return how many refusals could be judged.

    A stream that comes after refusals is read to its end: it has to be what any stream is.
    """
    id_ = "connection.reuse-after-error"
    refused = 0
    with target.connect() as connection:
        for position in range(4):
            request, stop = (first, Answered()) if position < 3 else (last, until_end(target))
            label = f"request {position} of a connection"
            reading = _next(target, connection, request, label, opening=not position, stop=stop)
            if position and (problem := _unserved(target, reading)):
                raise violation(id_, problem, "the answer to this request", reading)
            if not mismatch(target, reading):
                target.limit_check.observe(reading)
            if position == 3 or not reading.refused or not reading.response.complete:
                break
            refused += 1
            if says_close(reading):
                if not connection.wait_for_close(CLOSING_LIMIT_S):
                    message = "the response said close, and the server kept the connection"
                    raise violation(id_, message, "the end of the connection", reading)
                break
    return refused


def _check_after_large_body(target: Target, media_type: str) -> None:
    """Raise Violation when a refused large body leaves a connection that is open and deaf."""
    id_ = "connection.reuse-after-error"
    with target.connect() as connection:
        large = HttpRequest(body=b"x" * MIB, content_type=media_type)
        label = "a refused request with 1 MiB of body"
        reading = _next(target, connection, large, label, opening=True)
        if not reading.refused or not reading.response.complete:
            return
        if says_close(reading):
            if not connection.wait_for_close(CLOSING_LIMIT_S):
                message = "the response said close, and the server neither closed nor went on"
                raise violation(id_, message, "the end of the connection", reading)
        elif connection.is_open():
            request = refusable(target)[0]
            following = _next(target, connection, request, "the request after 1 MiB of body")
            # A server that will not read this much may close.
            if following.head is None and not following.closed:
                message = _unserved(target, following)
                raise violation(id_, message, "the answer to this request", following)


def _unserved(target: Target, reading: Reading) -> str:
    """Return how a later request on a connection was not served, or an empty string."""
    if reading.head is None:
        if reading.closed:
            return "the server closed the connection without having announced it"
        return "the connection stays open, but nothing is answered on it any more"
    if reading.refused and reading.asked.expectation is Expectation.REFUSE:
        # Whose refusal it is, connection.sequence decides.
        return ""
    return mismatch(target, reading)


@requirement(
    "connection.open-after-error",
    SHOULD,
    "After a refused request the connection stays open.",
    source="article",
    layer=SERVER,
)
@costs(4, sequential=9)
@independent()
@needs_room
def test_a_connection_stays_open_after_a_refusal(target: Target) -> None:
    for request in refusable(target):
        closed = None
        for _ in range(CONNECTIONS_COMPARED):
            closed = _closed_by_refusal(target, request)
            if closed is None:
                break
        if closed is not None:
            message = "each such refusal costs the client a new connection"
            raise violation("connection.open-after-error", message, "an open connection", closed)


def _closed_by_refusal(target: Target, request: HttpRequest) -> Reading | None:
    """Return a refusal that ended its connection, or None where it stayed open."""
    with target.connect() as connection:
        reading = _next(target, connection, request, "a refusal", opening=True)
        if not reading.refused or not reading.response.complete:
            raise Blocked(refusal_cause(target), "nothing was refused as it should be")
        closed = says_close(reading) or connection.wait_for_close(
            listening_s(SECOND_RESPONSE_WAIT_S)
        )
    return reading if closed else None


@requirement(
    "connection.reuse-after-stream",
    MUST,
    "After a completed stream the same connection serves the next request.",
    source="article; RFC 9112 section 9.3",
    needs=FINITE,
    layer=SERVER,
)
@costs(4, sequential=9)
@independent()
@needs_room
def test_a_connection_serves_on_after_a_stream(target: Target) -> None:
    target.require_stream()
    for _ in range(CONNECTIONS_COMPARED):
        with suppress(_AnnouncedEndError):
            return steadily(target, partial(_check_three_streams, target))
    cause = "headers.connection-persistent"
    if target.ledger.red(cause):
        raise Blocked(cause, "the response announces close")
    raise NotApplicable("each connection was announced to end with its first stream")


def _check_three_streams(target: Target) -> None:
    id_ = "connection.reuse-after-stream"
    request = HttpRequest.chat(target.plain())
    with target.connect() as connection:
        for position in range(3):
            data = target.encode(request)
            stop = Answered(whole=True)
            reading = admitted(target.record(connection, data, stop, "a whole stream"))
            if position and (problem := _unserved(target, reading)):
                raise violation(id_, problem, "another stream", reading)
            target.limit_check.observe(reading)
            for cause in ("transport.delimited", "transport.terminated", "transport.version"):
                if target.ledger.red(cause):
                    raise Blocked(cause, "the stream's end looks like the connection's")
            if says_close(reading):
                if not position:
                    raise _AnnouncedEndError
                # It has served on, and now keeps a limit of its own to the requests of a
                # connection (RFC 9112 section 9.6).
                return
            if not reading.response.complete:
                raise NotApplicable("no stream came to its end while it was watched")
        request = refusable(target)[0]
        refusal = _next(target, connection, request, "a refusal after streams")
        if problem := _unserved(target, refusal):
            raise violation(id_, problem, "a refusal", refusal)


@requirement(
    "connection.unread-body",
    MUST,
    "A refused request with a 1 MiB body of any kind never makes its body be read "
    "as the next request.",
    source="pallets/flask#4543",
    layer=SERVER,
)
@costs(33, largest_bytes=1024 * 1024)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
def test_a_refused_body_is_never_read_as_a_request(target: Target) -> None:
    # The body looks like requests all the way, so wherever a server begins to read it as one,
    # a response that nobody asked for comes back.
    inner = target.encode(target.dialect.requests.refusable[0])
    # Some servers close behind a large body that they have not read, and behind no small one.
    bodies = (inner, (inner * (MIB // len(inner) + 1))[:MIB])
    requests = [request for body in bodies for request in _with_refused_bodies(target, body)]

    def check_body(request: HttpRequest) -> None:
        steadily(target, partial(_check_body_is_no_request, target, request))

    for_each(target, check_body, requests)
    target.check_alive("refused requests with 1 MiB of body")


def _with_refused_bodies(target: Target, body: bytes) -> Iterator[HttpRequest]:
    """Yield requests with a body that are refused, each by another part of a server."""
    coded = chunked([body])
    yield HttpRequest(body=body)
    yield HttpRequest(body=coded, framing=CHUNKED)
    for request in (
        HttpRequest(content_type="text/plain"),
        HttpRequest(method="PUT"),
        HttpRequest(path=target.unknown_path),
    ):
        yield replace(request, body=body)
        yield replace(request, body=coded, framing=CHUNKED)


def _check_body_is_no_request(target: Target, request: HttpRequest) -> None:
    label = f"a refused request with {len(request.body)} bytes of body"
    stop = QuietAfterEnd(listening_s(SECOND_RESPONSE_WAIT_S))
    with target.connect() as connection:
        data = target.encode(request)
        reading = target.record(connection, data, stop, label)
        problem, shown = _read_as_request(target, reading, connection)
    if problem:
        if shown is not reading and refusals_spoil_the_next(target, request, stop):
            return
        _require_nothing_without_body(target, request)
        raise violation("connection.unread-body", problem, "one response", shown)
    if reading.response.complete:
        target.limit_check.observe(reading)


def _require_nothing_without_body(target: Target, request: HttpRequest) -> None:
    """Raise Blocked when the same request without a body has something behind its answer, too."""
    request = replace(request, body=b"", framing=None)
    stop = QuietAfterEnd(SECOND_RESPONSE_WAIT_S)
    reading = target.send(request, stop=stop, label="the same request without a body")
    end = reading.response.end_offset
    if end is None or not (surplus := reading.exchange.received[end:]):
        return
    message = f"bytes follow its end, and the request had no body: {surplus[:60]!r}"
    finding = Finding("error.delimited", message, "one response", answer(reading), end)
    target.ledger.flag(finding, reading.exchange)
    raise Blocked("error.delimited", "bytes follow refusals of requests without a body, too")


def _read_as_request(
    target: Target, reading: Reading, connection: Connection
) -> tuple[str, Reading]:
    """Return how a refused request's body was taken for a request, and in which answer it shows."""
    end = reading.response.end_offset
    surplus = reading.exchange.received[end:] if end is not None else b""
    if surplus:
        return f"the body was answered, too: {surplus[:60]!r}", reading
    if not keeps(connection, reading):
        return "", reading
    slow = target.baseline.first_event_s >= SLOW_FIRST_EVENT_S
    plain = HttpRequest.chat(target.plain())
    request = refusable(target)[-1] if slow or not target.baseline.accepted else plain
    following = _next(target, connection, request, "the request after it")
    if following.head is None:
        return "", reading
    problem = mismatch(target, following)
    problem = f"the next request got another one's answer: {problem}" if problem else ""
    return problem, following


@requirement(
    "connection.close-honoured",
    MUST,
    "A request that says Connection: close gets one response, then the end of the connection.",
    source="RFC 9112 section 9.6; Kludex/uvicorn#2238",
    layer=SERVER,
)
@costs(8)
@independent(at_once=CERTAIN_REQUESTS)
def test_close_is_honoured(target: Target) -> None:
    close = ("Connection", "close")
    first, *others = refusable(target)
    requests = [request.with_fields(close) for request in (first, *others)]
    # RFC 9110 section 7.6.1: connection options are case-insensitive.
    requests.append(first.with_fields(("Connection", "Close")))
    requests.append(replace(first, method="PUT").with_fields(close))
    requests.append(replace(first, path=target.unknown_path).with_fields(close))
    asked: list[tuple[HttpRequest, Until]] = [(request, Answered()) for request in requests]
    if target.baseline.streams and target.has(FINITE):
        stream = HttpRequest.chat(target.plain()).with_fields(close)
        asked.append((stream, Answered(whole=True)))
    for_each(target, partial(_check_closed, target), asked)


def _check_closed(target: Target, asked: tuple[HttpRequest, Until]) -> None:
    """Raise Violation when a connection stays open after the answer to a request with close."""
    id_ = "connection.close-honoured"
    request, stop = asked
    with target.connect() as connection:
        said = f"Connection: {dict(request.fields)['Connection']}"
        reading = target.record(connection, target.encode(request), stop, said)
        target.limit_check.observe(reading)
        if reading.head is None or not reading.response.complete:
            return
        # RFC 9112 section 9.6: a server that receives close must initiate closure after its
        # final response.
        if not connection.wait_for_close(CLOSING_LIMIT_S):
            message = f"{CLOSING_LIMIT_S:g} s after the answer to {said!r} the connection is open"
            raise violation(id_, message, "the end of the connection", reading)


@requirement(
    "connection.idle-reuse",
    SHOULD,
    "A connection that was idle for 2 s still serves.",
    source="practice",
    layer=SERVER,
)
@costs(2, seconds=2.2)
def test_an_idle_connection_still_serves(target: Target) -> None:
    idle = Idle(target)
    first, second = idle.result()
    if not first.refused or not first.response.complete:
        raise Blocked(refusal_cause(target), "nothing was refused as it should be")
    if says_close(first):
        raise Blocked("connection.open-after-error", "the refusal announced close")
    announced_s = announced_idle_s(first)
    if announced_s is not None and announced_s <= Idle.IDLE_S:
        raise NotApplicable(f"the server announced Keep-Alive: timeout={announced_s}")
    if second is None or (problem := _unserved(target, second)):
        shown = second or first
        message = problem if second is not None else "the connection was closed while it was idle"
        raise violation("connection.idle-reuse", message, "the answer to the next request", shown)

"""connection: chunked requests whose framing is broken, and what stands in trailers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from streamchat_conformance.catalogue import FINITE, MUST, SERVER, SHOULD, requirement
from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.error import reports_error
from streamchat_conformance.strategies import (
    chunked,
    chunks_with_bare_line_feeds,
    malformed_chunks,
)
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.answers import MALFORMED_STATUSES, answered_statuses
from streamchat_conformance.suite.scenarios.chunked_requests import in_two_chunks
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.keepalive import (
    keeps,
    mismatch,
    plain_next,
    spoils_the_next,
    steadily,
)
from streamchat_conformance.suite.target.overload import admitted, needs_room
from streamchat_conformance.suite.target.stop_conditions import QuietAfterEnd
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import Blocked
from streamchat_conformance.suite.verdicts.overlapping import listening_s

SECOND_RESPONSE_WAIT_S = 0.2
"""How long is listened for a second response (seconds)."""
LONG_STREAM_S = 3.0
"""Streams that last longer are not read to their end (seconds)."""
REFUSAL = "a 4xx, a 5xx or the end of the connection"


def _require_chunked(target: Target) -> None:
    """Raise Blocked unless a plain chunked request is served."""
    target.require_stream()
    data = target.encode(in_two_chunks(target))
    if target.known.served_alone.get(data):
        return
    if not admitted(target.send(data, label="a plain request in two chunks")).accepted:
        raise Blocked("request.chunked-body", "a plain chunked request is not served")
    target.known.served_alone[data] = True


def _record(target: Target, coded: bytes, label: str) -> Reading:
    """Return the answer to a chunked request, and what follows it, not entered."""
    with target.connect() as connection:
        data = target.encode(HttpRequest(body=coded, framing=CHUNKED))
        # Where a second request is served, its stream may have no end.
        within_s = LONG_STREAM_S + 2 * target.known.first_event_s
        wait_s = listening_s(SECOND_RESPONSE_WAIT_S)
        stop = QuietAfterEnd(wait_s, events=1, within_s=within_s)
        return admitted(target.record(connection, data, stop, label))


def _check_refused(target: Target, id_: str, name: str, coded: bytes, reason: str) -> None:
    """Raise Violation if a broken chunked request was served, or read on as another one."""
    reading = _record(target, coded, f"broken chunks: {name}")
    expected = f"{REFUSAL} (RFC 9112 section 7.1: {reason})"
    if _second_request_served(reading):
        message = f"what follows a broken chunk ({name}) was served as a request"
        raise violation(id_, message, expected, reading)
    # A server may send its head before it reads the body, and break off, or report it in-band.
    complete = bool(reading.events) or reading.response.complete
    if reading.accepted and complete and not reports_error(reading):
        raise violation(id_, f"broken chunks ({name}) were served", expected, reading)
    # A server that waits for CR LF after a bare LF has not taken that for a line's end.
    waits = id_ == "connection.chunk-line-ending"
    unanswered = reading.head is None or (reading.accepted and not complete)
    if unanswered and not reading.closed and not waits:
        message = f"broken chunks ({name}) were neither refused nor the connection ended"
        raise violation(id_, message, expected, reading)


def _second_request_served(reading: Reading) -> bool:
    """Return whether a second response came that is more than a refusal of malformed HTTP."""
    statuses = answered_statuses(reading.exchange)
    return len(statuses) > 1 and statuses[1] not in MALFORMED_STATUSES


@requirement(
    "connection.chunk-framing",
    MUST,
    "A chunked request whose data do not end where the size says, or are not followed by CR LF, "
    "is refused, or the connection ends: it is never served, nor read on as another request.",
    source="RFC 9112 section 7.1; CVE-2025-43859",
    layer=SERVER,
)
@costs(13)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
@needs_room
def test_broken_chunks_are_refused(target: Target) -> None:
    _require_chunked(target)
    id_ = "connection.chunk-framing"
    body = target.plain().body()
    cases = [(broken.name, broken.coded, broken.reason) for broken in malformed_chunks(body)]
    inner = target.encode(HttpRequest(method="GET", content_type=None))
    at = body.index(b":") + 1
    for name, between in (
        ("two other bytes and a request after a chunk", b"XX"),
        ("a request right after a chunk", b""),
    ):
        coded = b"%x\r\n%b%b%b" % (at, body[:at], between, inner)
        cases.append((name, coded, "CR LF follows the data of a chunk"))
    for_each(target, lambda case: _check_refused(target, id_, *case), cases)
    target.check_alive("broken chunks")


@requirement(
    "connection.chunk-line-ending",
    SHOULD,
    "A chunked request with a bare LF for a line end, after a chunk's size or data or inside an "
    "extension, is refused.",
    source="RFC 9112 sections 2.2 and 7.1.1; CVE-2025-22871, CVE-2025-55315",
    layer=SERVER,
)
@costs(6)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
@needs_room
def test_a_line_feed_alone_ends_no_chunk_line(target: Target) -> None:
    _require_chunked(target)
    id_ = "connection.chunk-line-ending"
    broken = chunks_with_bare_line_feeds(target.plain().body())
    cases = [(each.name, each.coded, each.reason) for each in broken]
    for_each(target, lambda case: _check_refused(target, id_, *case), cases)
    target.check_alive("chunk lines that end with LF")


WELL_FORMED = (b"X-Checksum: 1\r\n", b"X-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n")


def _like_requests(target: Target) -> Iterator[bytes]:
    """Yield trailers of which some lines look like a request, in first, second, third place."""
    served = target.encode(HttpRequest.chat(target.plain()))
    routed = target.encode(HttpRequest(method="GET", content_type=None))
    for before in (b"", b"X-One: 1\r\n", b"X-One: 1\r\nX-Two: 2\r\n"):
        yield before + routed
        yield before + served


@requirement(
    "connection.request-trailers",
    MUST,
    "The trailers of a chunked request are read with it: what stands in them is never served as "
    "a request of its own.",
    source="RFC 9112 section 7.1.2; CVE-2025-53643",
    layer=SERVER,
)
@costs(16)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
@needs_room
def test_trailers_are_never_served_as_a_request(target: Target) -> None:
    _require_chunked(target)

    def check_read(pair: tuple[bytes, bytes]) -> None:
        steadily(target, partial(_check_trailers_read, target, *pair))

    bodies = (target.dialect.requests.refusable[0].body, target.plain().body())
    for_each(target, check_read, [(body, each) for each in WELL_FORMED for body in bodies])

    def check_like_requests(trailers: bytes) -> None:
        # After a refusal the server reads on even where its streams have no end. These
        # trailers are whole to their own end: the empty line is theirs.
        refused = target.dialect.requests.refusable[0].body
        coded = chunked([refused]).removesuffix(b"\r\n") + trailers
        reading = _record(target, coded, "trailers that look like a request")
        # Such trailers may be refused, also after the answer to the request itself.
        if _second_request_served(reading):
            raise _served(reading)

    for_each(target, check_like_requests, _like_requests(target))
    target.check_alive("trailers")


def _check_trailers_read(target: Target, body: bytes, trailers: bytes) -> None:
    """Raise Violation when well-formed trailers draw an answer, or spoil the next request's."""
    coded = chunked([body], trailers=trailers)
    data = target.encode(HttpRequest(body=coded, framing=CHUNKED))
    label = "a chunked request with trailers"
    long = not target.has(FINITE) or target.baseline.duration_s > LONG_STREAM_S
    wait_s = listening_s(SECOND_RESPONSE_WAIT_S)
    stop = QuietAfterEnd(wait_s, events=1) if long else QuietAfterEnd(wait_s)
    with target.connect() as connection:
        reading = admitted(target.record(connection, data, stop, label))
        if len(answered_statuses(reading.exchange)) > 1:
            raise _served(reading)
        if not keeps(connection, reading):
            return
        second = plain_next(target, connection)
    # What comes without trailers as well is not due to them.
    bare = HttpRequest(body=chunked([body]), framing=CHUNKED)
    if mismatch(target, second) and not spoils_the_next(target, bare, stop):
        raise _served(second)


def _served(reading: Reading) -> Exception:
    message = "what stands in a request's trailers was answered as a request of its own"
    id_ = "connection.request-trailers"
    return violation(id_, message, "one response for each request", reading)

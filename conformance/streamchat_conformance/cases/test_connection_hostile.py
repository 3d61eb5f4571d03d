"""connection: requests that are not clean HTTP, each a valid POST but for one fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial

from streamchat_conformance.catalogue import FINITE, MUST, SERVER, SHOULD, requirement
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.strategies import (
    MalformedHead,
    RequestParts,
    malformed_heads,
    ungrammatical_heads,
)
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.answers import answered_statuses
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.overload import admitted, needs_room
from streamchat_conformance.suite.target.stop_conditions import QuietAfterEnd
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.overlapping import listening_s

CLOSING_LIMIT_S = 3.0
"""How long a server may take to close after an ambiguous request (seconds)."""
SECOND_RESPONSE_WAIT_S = 0.3
"""How long is listened for a second response (seconds)."""
HEAD_BYTES = 1024 * 1024


@requirement(
    "connection.malformed-request",
    MUST,
    "A request that HTTP says must be rejected (whitespace before a field's colon, CR or NUL in "
    "a value, an invalid Content-Length, an unknown transfer coding) gets a 4xx, 501, 505 or a "
    "close, never a hang or a 2xx.",
    source="RFC 9112 sections 2.2, 5.1, 6.1 and 6.3; RFC 9110 section 5.5",
    layer=SERVER,
)
@costs(23)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
def test_malformed_heads_are_refused(target: Target) -> None:
    heads = malformed_heads(_parts(target))
    _check_all_refused(target, "connection.malformed-request", heads)


@requirement(
    "connection.malformed-request-line",
    SHOULD,
    "A request with a line outside HTTP's grammar (no version, no target, four words, another "
    "major version, a field line without a name or a colon) gets a 4xx, 501, 505 or a close.",
    source="RFC 9112 sections 2.2, 2.3 and 3; RFC 9110 sections 5.1 and 15.6.6",
    layer=SERVER,
)
@costs(25)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
def test_heads_outside_the_grammar_are_refused(target: Target) -> None:
    heads = ungrammatical_heads(_parts(target))
    _check_all_refused(target, "connection.malformed-request-line", heads)


def _parts(target: Target) -> RequestParts:
    return RequestParts(
        target=target.endpoint.path,
        authority=target.endpoint.authority,
        body=target.plain().body(),
        fields=HttpRequest().client_fields(
            target.dialect.fields_with(target.settings.headers, HttpRequest())
        ),
    )


def _check_all_refused(target: Target, id_: str, heads: Iterable[MalformedHead]) -> None:
    for_each(target, partial(_check_refused, target, id_), heads)
    target.check_alive("malformed requests")


def _check_refused(target: Target, id_: str, head: MalformedHead) -> None:
    label = f"malformed: {head.name}"
    reading = target.send(head.request, label=label, observe=False)
    source = f"{head.section}: {head.reason}"
    expected = f"a 4xx, 501, 505 or a close ({source})"
    if reading.accepted or _answered_without_head(reading):
        message = f"a malformed request ({head.name}) was served"
        raise violation(id_, message, expected, reading)
    if reading.head is None and not reading.closed and not reading.exchange.reads:
        message = f"a malformed request ({head.name}) was neither answered nor closed"
        raise violation(id_, message, expected, reading)
    if reading.status >= 500 and reading.status not in (501, 503, 505):
        message = f"a malformed request ({head.name}) drew an internal error"
        raise violation(id_, message, expected, reading)


def _answered_without_head(reading: Reading) -> bool:
    """Return whether events came without a response head, as HTTP/0.9 would have it."""
    return reading.head is None and b"data:" in reading.exchange.received


@requirement(
    "connection.oversized-head",
    SHOULD,
    "1 MiB of headers gets a 4xx or a close.",
    source="practice",
    layer=SERVER,
)
@costs(3, largest_bytes=1024 * 1024)
@independent(hostile=True)
def test_an_oversized_head_is_refused(target: Target) -> None:
    plain = HttpRequest.chat(target.plain())
    filler = tuple((f"X-Filler-{number}", "x" * 4000) for number in range(HEAD_BYTES // 4000))
    one_line = (("X-Filler", "x" * HEAD_BYTES),)
    for fields in (filler, one_line):
        request = plain.with_fields(*fields)
        reading = target.send(request, label="1 MiB of headers", observe=False)
        hangs = reading.head is None and not reading.closed
        if reading.accepted or reading.status >= 500 or hangs:
            message = "1 MiB of headers was served, broke the server, or was waited for"
            raise violation("connection.oversized-head", message, "a 4xx or a close", reading)
    target.check_alive("1 MiB of headers")


@dataclass(frozen=True, slots=True)
class _Ambiguous:
    """A request that two readers frame differently, and what stands in the gap."""

    name: str
    request: bytes
    valid: bool
    """Whether the request is a valid chat under one of the framings (else it is refused)."""


def _ambiguous(target: Target) -> list[_Ambiguous]:
    found = []
    smuggled = target.encode(target.dialect.requests.refusable[0])
    for valid, body in (
        (False, target.dialect.requests.refusable[1].body),
        (True, target.plain().body()),
    ):
        plain = HttpRequest(body=body)
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)

        def framed(*framing: tuple[str, str], sent: bytes, base: HttpRequest = plain) -> bytes:
            return target.encode(replace(base, body=sent, framing=framing))

        both = ("Transfer-Encoding", "chunked")
        whole = str(len(chunk + smuggled))
        found += [
            _Ambiguous(
                "Content-Length with Transfer-Encoding, a request behind the last chunk",
                framed(("Content-Length", whole), both, sent=chunk + smuggled),
                valid,
            ),
            _Ambiguous(
                "Transfer-Encoding before Content-Length, a request behind the last chunk",
                framed(both, ("Content-Length", whole), sent=chunk + smuggled),
                valid,
            ),
        ]
        length, longer = str(len(body)), str(len(body + smuggled))
        one_line = "two different Content-Lengths in one line"
        behind: list[tuple[str, list[tuple[str, str]]]] = [
            (
                "Content-Length with Transfer-Encoding, a request behind that length",
                [("Content-Length", length), both],
            ),
            # RFC 9112 section 7: the names of transfer codings are case-insensitive.
            (
                "Content-Length with Transfer-Encoding: Chunked, a request behind that length",
                [("Content-Length", length), ("Transfer-Encoding", "Chunked")],
            ),
            (
                "Content-Length with an unknown Transfer-Encoding, a request behind that length",
                [("Content-Length", length), ("Transfer-Encoding", "x-unknown")],
            ),
            (
                "two different Content-Lengths, the first one right",
                [("Content-Length", length), ("Content-Length", longer)],
            ),
            (
                "two different Content-Lengths, the last one right",
                [("Content-Length", longer), ("Content-Length", length)],
            ),
            (f"{one_line}, the first one right", [("Content-Length", f"{length}, {longer}")]),
            (f"{one_line}, the last one right", [("Content-Length", f"{longer}, {length}")]),
        ]
        found += [
            _Ambiguous(name, framed(*framing, sent=body + smuggled), valid)
            for name, framing in behind
        ]
    return found


@requirement(
    "connection.smuggling",
    MUST,
    "Content-Length with Transfer-Encoding, or two different Content-Lengths: rejected, "
    "or answered once and closed; the rest is never served as a second request.",
    source="RFC 9112 sections 6.1 and 6.3",
    layer=SERVER,
)
@costs(19)
@independent(at_once=CERTAIN_REQUESTS, hostile=True)
@needs_room
def test_ambiguous_framing_smuggles_no_request(target: Target) -> None:
    for_each(target, partial(_check_unambiguous, target), _ambiguous(target))
    target.check_alive("ambiguous requests")


def _check_unambiguous(target: Target, ambiguous: _Ambiguous) -> None:
    """Raise Violation unless a request that can be framed in two ways is refused or ends all."""
    id_ = "connection.smuggling"
    # An endless stream never lets the rest be read; it is left after its first event.
    left = ambiguous.valid and not target.has(FINITE)
    wait_s = listening_s(SECOND_RESPONSE_WAIT_S)
    stop = QuietAfterEnd(wait_s, events=1) if left else QuietAfterEnd(wait_s)
    with target.connect() as connection:
        reading = target.record(connection, ambiguous.request, stop, ambiguous.name)
        admitted(reading)
        if len(answered_statuses(reading.exchange)) > 1:
            message = f"{ambiguous.name}: the rest was served as a second request"
            raise violation(id_, message, "one response, and the connection closed", reading)
        # RFC 9112 section 6.1: after such a request the server must close, whatever it
        # answered; section 6.3: differing lengths are unrecoverable.
        served = reading.accepted and reading.response.complete
        if served and not connection.wait_for_close(CLOSING_LIMIT_S):
            message = f"{ambiguous.name}: served, and the connection was kept"
            raise violation(id_, message, "a 400, or one answer and a close", reading)

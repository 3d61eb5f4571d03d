"""request: methods, paths and expectations."""

from __future__ import annotations

import time
from dataclasses import replace

from streamchat_conformance.catalogue import MUST, SERVER, SHOULD, requirement
from streamchat_conformance.core.fields import tokens
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Connection, Progress, until
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable, Violation

METHODS = ("GET", "PUT", "PATCH", "DELETE")
NOT_IMPLEMENTED = 501
"""No fault of the server, which says that it knows no such method."""
PROMPT_ANSWER_S = 1.0
"""How long a client waits for 100 Continue before it sends its body anyway (seconds)."""


def _by_method(target: Target, method: str) -> Reading:
    plain = HttpRequest.chat(target.plain(), method=method)
    request = plain if method in ("PUT", "PATCH") else replace(plain, body=b"", content_type=None)
    return target.send(request, label=f"method {method}", method=method)


def _violation(reading: Reading, id_: str, message: str, expected: str) -> Violation:
    return Violation((Finding(id_, message, expected, answer(reading)), reading.exchange))


def _is_refused(reading: Reading) -> bool:
    """Return whether there is an answer, and neither a stream nor an internal error."""
    # RFC 9110 section 9.1: a method that the whole server does not implement gets 501.
    failed = reading.status >= 500 and reading.status != NOT_IMPLEMENTED
    return reading.head is not None and not failed and not (reading.accepted and reading.is_stream)


@requirement(
    "request.method-refused",
    MUST,
    "GET, PUT, PATCH and DELETE never get an event stream or a 5xx.",
    source="article",
)
@costs(4)
@independent()
def test_other_methods_are_not_served(target: Target) -> None:
    for method in METHODS:
        reading = _by_method(target, method)
        if not _is_refused(reading):
            message = f"{method} was answered by a stream, an internal error, or not at all"
            raise _violation(reading, "request.method-refused", message, "405")


@requirement(
    "request.method-not-allowed",
    SHOULD,
    "GET, PUT, PATCH and DELETE get 405.",
    source="RFC 9110 section 15.5.6; nomic-ai/gpt4all#2615",
)
@costs(4)
@independent()
def test_other_methods_get_405(target: Target) -> None:
    for method in METHODS:
        reading = _by_method(target, method)
        # What is no refusal at all is request.method-refused.
        if reading.status != 405 and _is_refused(reading):
            message = f"{method} on the endpoint's path is not distinguished from other errors"
            raise _violation(reading, "request.method-not-allowed", message, "405")


@requirement(
    "request.allow",
    MUST,
    "A 405 carries Allow, naming POST.",
    source="RFC 9110 section 15.5.6",
)
@costs(4)
@independent()
def test_a_405_names_the_methods_that_work(target: Target) -> None:
    seen = 0
    for method in METHODS:
        reading = _by_method(target, method)
        if reading.status != 405 or reading.head is None:
            continue
        seen += 1
        # RFC 9110 section 15.5.6: the server must send Allow in a 405, with the methods that
        # the resource supports. Methods are case-sensitive, and POST is in capitals.
        allowed = reading.head.values("allow")
        if "post" not in tokens(allowed):
            received = f"Allow: {', '.join(allowed)}" if allowed else "no Allow field"
            message = f"the 405 to {method} does not say what is allowed"
            finding = Finding("request.allow", message, "Allow: POST", received)
            raise Violation((finding, reading.exchange))
    if not seen:
        raise NotApplicable("no method got 405")


@requirement(
    "request.unknown-path",
    SHOULD,
    "A sibling path gets 404, with a small body.",
    source="diegosouzapw/OmniRoute#6405",
)
@costs(1)
@independent()
def test_an_unknown_path_gets_a_small_404(target: Target) -> None:
    request = HttpRequest.chat(target.plain(), path=target.unknown_path)
    reading = target.send(request, label="an unknown path")
    if reading.status != 404:
        message = "a path that does not exist is not answered 404"
        raise _violation(reading, "request.unknown-path", message, "404")
    if len(reading.body) > 4096:
        message = f"the 404 has {len(reading.body)} bytes"
        raise _violation(reading, "request.unknown-path", message, "4096 bytes at most")


def _answers_expectation(progress: Progress) -> bool:
    """Return whether 100 or a final status has come; 102 and 103 may come before either."""
    reader = progress.reader
    return reader.head is not None or any(head.status == 100 for head in reader.interim)


@requirement(
    "request.expect-continue",
    SHOULD,
    "Expect: 100-continue is answered at once, with 100 or a final status.",
    source="RFC 9110 section 10.1.1",
    layer=SERVER,
)
@costs(1)
@independent()
def test_expect_continue_is_answered_before_the_body(target: Target) -> None:
    target.require_stream()
    whole = target.encode(HttpRequest.chat(target.plain()).with_fields(("Expect", "100-continue")))
    head = whole[: whole.index(b"\r\n\r\n") + 4]
    patience_s = PROMPT_ANSWER_S + 2 * target.baseline.refusal_s
    with target.connect() as connection:
        began = time.monotonic()
        first = connection.exchange(
            head,
            until=until.any_of(_answers_expectation, until.elapsed(patience_s)),
            label="Expect: 100-continue, head alone",
        )
        waited_s = time.monotonic() - began
        reading = target.ledger.read(first)
        continued = any(head.status == 100 for head in reading.response.interim)
        going_on = continued and reading.head is None
        served = _after_continue(target, connection, whole, len(head)) if going_on else None
    if not continued and reading.head is None:
        message = f"no answer to the head in {waited_s:.1f} s: clients wait, and then give up"
        finding = Finding(
            "request.expect-continue", message, "100 Continue, or a final status", answer(reading)
        )
        raise Violation((finding, first))
    if not (continued or 200 <= reading.status < 500 or reading.overloaded):
        message = "the expectation drew an error"
        raise _violation(reading, "request.expect-continue", message, "100 Continue")
    if served is not None and not served.accepted and not served.overloaded:
        message = "the server asked for the body, and then did not serve the request"
        raise _violation(served, "request.expect-continue", message, "200, after the body")


def _after_continue(
    target: Target, connection: Connection, whole: bytes, sent_bytes: int
) -> Reading:
    """Send the body that the server has asked for, and return the reading of its answer."""
    connection.send(whole[sent_bytes:], requests=0)
    label = "Expect: 100-continue, the body"
    return target.record(connection, whole, Answered(), label, receive=True)

"""Internal errors in Messages: which requirement they break depends on what they answer."""

import json

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of

from .messages import BASE

TEXT = "Content-Type: text/plain\r\n"
JSON = "Content-Type: application/json\r\n"
NOT_JSON, CHUNKED, NEVER = (
    "request.media-type-not-json",
    "request.chunked-body",
    "request.never-5xx",
)


def failed(fields: str, *, chunked: bool) -> set[str]:
    """Return which of these requirements a 500 to a plain body breaks."""
    body = json.dumps(BASE).encode()
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}"
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    line = "POST /v1/messages HTTP/1.1\r\nHost: h\r\nanthropic-version: 2023-06-01\r\n"
    head = f"{line}{fields}{framing}\r\n\r\n".encode()
    answer = b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nX"
    exchange = Exchange(
        request=head + sent, reads=(Read(0.1, answer),), ending=Ending.COMPLETE, ended_at_s=0.2
    )
    reading = Reading(exchange, dialect=dialect_named("anthropic"))
    judged = dict(rules_of("anthropic").judge_all(reading))
    return {id_ for id_ in (NOT_JSON, CHUNKED, NEVER) if judged.get(id_)}


@pytest.mark.parametrize(
    ("fields", "chunked", "broken"),
    [
        (JSON, False, set()),
        (JSON, True, {NEVER}),
        # Where it may be served it may fail, and the chunks may be the reason.
        (TEXT, False, {NOT_JSON}),
        (TEXT, True, {NEVER}),
    ],
)
def test_an_internal_error_breaks_one_requirement_at_the_most(
    fields: str, *, chunked: bool, broken: set[str]
) -> None:
    assert failed(fields, chunked=chunked) == broken

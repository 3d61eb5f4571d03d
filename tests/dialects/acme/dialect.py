"""The dialect as a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamchat_conformance.catalogue import Capability
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading, read_json
from streamchat_conformance.dialects.interface import (
    Asked,
    Content,
    Dialect,
    Payloads,
    Piece,
    Survey,
)

_LARGE = b'"' + b"x" * 100_000 + b'"'


@dataclass(frozen=True, slots=True)
class AcmeRequest:
    """What a request asks."""

    ask: str = "Hello"
    turns: tuple[Mapping[str, str], ...] = ({"who": "user", "text": "Hi"},)

    def body(self, *, ensure_ascii: bool = True) -> bytes:
        """Return the JSON text."""
        members = {"ask": self.ask, "turns": list(self.turns)}
        return json.dumps(members, ensure_ascii=ensure_ascii).encode()


def _acme(body: Body) -> AcmeRequest:
    assert isinstance(body, AcmeRequest)
    return body


class AcmeRequests:
    """The requests that shared cases send."""

    plain = (AcmeRequest(), AcmeRequest(turns=()))
    refusable = (
        HttpRequest(body=b'{"turns": []}'),
        HttpRequest(body=b'{"ask": 1, "turns": []}'),
        HttpRequest(body=b"{"),
        HttpRequest(body=b'{"ask": "Hello", "turns": []}', content_type="text/plain"),
    )
    invalid = (*refusable, HttpRequest(body=b""), HttpRequest(body=b"[]"))
    invalid_and_large = (_LARGE, b'{"ask": [' + _LARGE + b"]}")
    declarable = ("ask",)

    def saying(self, plain: Body, text: str) -> AcmeRequest:
        return replace(_acme(plain), ask=text)

    def recalling(self, plain: Body, text: str) -> AcmeRequest:
        return replace(_acme(plain), turns=({"who": "user", "text": text},))

    def everywhere(self, plain: Body, text: str) -> list[AcmeRequest]:
        return [self.saying(plain, text), self.recalling(plain, text)]

    def declared(self, table: Mapping[str, Any]) -> AcmeRequest:
        if not isinstance(table.get("ask"), str):
            raise ValueError("'ask' must be text")  # noqa: TRY004 - of a file
        return AcmeRequest(table["ask"])

    def special(self, plain: Body, asked: Asked) -> frozenset[str]:  # noqa: ARG002 -- the seam's
        return frozenset()


class AcmeRefusals:
    """Refusals whose JSON object has a `problem` with a message."""

    example = '{"problem": {"message": "text"}}'
    failure_example = 'event: failed, data: {"problem": …}'
    not_json = ()

    def text(self, body: bytes) -> str | None:
        value = read_json(body).value
        if self.problem(value):
            return None
        return str(value["problem"]["message"])

    def reports_error(self, value: Any) -> bool:
        return isinstance(value, dict) and "problem" in value

    def problem(self, value: Any) -> str:
        problem = value.get("problem") if isinstance(value, dict) else None
        message = problem.get("message") if isinstance(problem, dict) else None
        return "" if isinstance(message, str) and message else "it has no `problem.message`"


def asked(sent: SentRequest, reading: JsonReading) -> Asked:
    """Return what a request asks."""
    ask, turns = reading.value.get("ask"), reading.value.get("turns")
    if not isinstance(ask, str):
        return Asked(Expectation.REFUSE, ("acme.ask",), sent=sent)
    values = {"ask": ask, "turns": turns}
    if not isinstance(turns, list) or reading.lone_surrogates:
        return Asked(Expectation.EITHER, sent=sent, values=values)
    return Asked(Expectation.ACCEPT, ("request.valid-accepted",), sent=sent, values=values)


def content(payloads: Payloads) -> Content:
    """Return what events say."""
    pieces, finished, failure = [], False, None
    for block, payload in payloads:
        kind = block.event.type if block.event is not None else ""
        value = payload.value if isinstance(payload.value, dict) else {}
        if kind == "token" and isinstance(value.get("t"), str):
            pieces.append(Piece(value["t"], block))
        finished = finished or kind == "done"
        failure = failure or (block if kind == "failed" else None)
    return Content(tuple(pieces), finished=finished, failure=failure)


COUNT = Capability("count", "counts its tokens", "no plain request brought a count")


def counts(payloads: Payloads) -> list[Any]:
    """Return the numbers of tokens that events bring."""
    values = [payload.value for _, payload in payloads]
    return [value["tokens"] for value in values if isinstance(value, dict) and "tokens" in value]


def uncounted(survey: Survey) -> str:
    """Return why a server does not count its tokens, or an empty string if it does."""
    answer = survey.ask(HttpRequest.chat(survey.plain), label="does it count its tokens?")
    return "" if counts(answer.payloads) else COUNT.absent


DIALECT = Dialect(
    name="acme.dialect",
    title="POST /v2/talk: a dialect of the tests",
    path="/v2/talk",
    requests=AcmeRequests(),
    refusals=AcmeRefusals(),
    asked=asked,
    content=content,
    capabilities={COUNT: uncounted},
    package="acme",
    sentinel="[END]",
    content_events=frozenset({"token", "done"}),
    without=frozenset({"sse.event-type", "stream.line-client"}),
)

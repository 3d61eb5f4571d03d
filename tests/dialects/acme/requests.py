"""Requests that the suite sends by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.dialects.interface import Asked

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


def _own(body: Body) -> AcmeRequest:
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
        """Return the request with another question."""
        return replace(_own(plain), ask=text)

    def recalling(self, plain: Body, text: str) -> AcmeRequest:
        """Return the request with an earlier turn that says `text`."""
        return replace(_own(plain), turns=({"who": "user", "text": text},))

    def everywhere(self, plain: Body, text: str) -> list[AcmeRequest]:
        """Return requests with the text as the question, and as an earlier turn."""
        return [self.saying(plain, text), self.recalling(plain, text)]

    def declared(self, table: Mapping[str, Any]) -> AcmeRequest:
        """Return the request of a table of the target file."""
        if not isinstance(table.get("ask"), str):
            raise ValueError("'ask' must be text")  # noqa: TRY004 - of a file
        return AcmeRequest(table["ask"])

    def special(self, plain: Body, asked: Asked) -> frozenset[str]:  # noqa: ARG002 -- the seam's
        """Return what is special in a request: nothing here."""
        return frozenset()

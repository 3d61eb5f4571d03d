"""Requests of a declared dialect, made from its template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.dialects.declared.declaration import DeclaredRequestForm
from streamchat_conformance.dialects.declared.pointers import found, is_of, with_value
from streamchat_conformance.dialects.declared.templates import Turn, request_of
from streamchat_conformance.dialects.interface import Asked, Deployment

_CANDIDATES: tuple[Any, ...] = ("text", [], {}, 1)
"""Values of other types. Frameworks take numbers for truth values, but no text."""
_FILLER = b'"' + b"x" * 100_000 + b'"'


@dataclass(frozen=True)
class DeclaredBody:
    """A request of the declared form."""

    form: DeclaredRequestForm
    prompt: str
    turns: tuple[Turn, ...] = ()
    model: str = ""
    members: tuple[tuple[str, Any], ...] = ()
    goes_on: Any = None
    """What continues the conversation of an earlier stream."""

    def value(self) -> Any:
        """Return the JSON value."""
        value = request_of(self.form, self.prompt, self.turns, self.model)
        if self.goes_on is not None:
            value = with_value(value, self.form.continue_set, self.goes_on)
        return {**value, **dict(self.members)}

    def body(self, *, ensure_ascii: bool = True) -> bytes:
        """Return the JSON text."""
        return json.dumps(self.value(), ensure_ascii=ensure_ascii).encode()


def declared_body_of(body: Body) -> DeclaredBody:
    """Return a plain request as what it is. Raises TypeError for another dialect's."""
    if not isinstance(body, DeclaredBody):
        raise TypeError(f"{body!r} is no request of this dialect")
    return body


def wrong_requests(plain: DeclaredBody) -> list[bytes]:
    """Return requests that lack a required member, or have null or another type there."""
    form, value = plain.form, plain.value()
    bodies = []
    for pointer, types in form.required.items():
        if not found(value, pointer):
            continue
        wrong: list[Any] = [each for each in (None, *_CANDIDATES) if not is_of(each, types)]
        news: list[Any] = [] if pointer in form.optional else [...]
        news += [None] if None in wrong else []
        others = [each for each in wrong if each is not None]
        # A number is what a lax server takes for a text.
        news += [*others[:1], *others[-1:]] if "string" in types else others[:2]
        bodies += [json.dumps(with_value(value, pointer, new)).encode() for new in news]
    return bodies


class DeclaredRequests:
    """The requests that shared cases send."""

    declarable = ("prompt",)

    def __init__(self, form: DeclaredRequestForm, deployment: Deployment) -> None:
        self._form = form
        plain = DeclaredBody(
            form,
            deployment.prompt or form.prompt,
            model=deployment.model or form.model or "default",
            members=tuple(deployment.members.items()),
        )
        self.plain = (plain,)
        wrong = [HttpRequest(body=body) for body in wrong_requests(plain)]
        malformed = [HttpRequest(body=b"{"), HttpRequest(body=b"[]")]
        text = HttpRequest(body=plain.body(), content_type="text/plain")
        self.refusable = (*wrong[:3], *malformed, text)
        self.invalid = (*wrong, *malformed, HttpRequest(body=b""), text)
        self.invalid_and_large = (
            *(_FILLER, b"[" + _FILLER, b"{" + _FILLER + b"}"),
            *(b"{" + _FILLER + b": 1}", b'{"input": ' + _FILLER + b"}"),
        )

    def saying(self, plain: Body, text: str) -> DeclaredBody:
        """Return the request with another prompt."""
        return replace(declared_body_of(plain), prompt=text)

    def recalling(self, plain: Body, text: str) -> DeclaredBody:
        """Return the request with an earlier turn, where requests have any."""
        body = declared_body_of(plain)
        return replace(body, turns=(("user", text), *self._answer())) if self._recalls else body

    def everywhere(self, plain: Body, text: str) -> list[DeclaredBody]:
        """Return requests with the text in each kind of place."""
        saying = [self.saying(plain, text)]
        return [*saying, self.recalling(plain, text)] if self._recalls else saying

    @property
    def _recalls(self) -> bool:
        return self._form.history_item is not None and self._form.history == "body"

    def _answer(self) -> tuple[Turn, ...]:
        return (("assistant", "Hello."),) if "assistant" in self._form.roles else ()

    def declared(self, table: Mapping[str, Any]) -> DeclaredBody:
        """Return the request of a table of the target file. Raises ValueError without a prompt."""
        if not isinstance(table.get("prompt"), str):
            raise ValueError("'prompt' must be a string")  # noqa: TRY004 - of a file
        return self.saying(self.plain[0], table["prompt"])

    def special(self, plain: Body, asked: Asked) -> frozenset[str]:  # noqa: ARG002 -- the seam's
        """Return what is special in a request: nothing here."""
        return frozenset()

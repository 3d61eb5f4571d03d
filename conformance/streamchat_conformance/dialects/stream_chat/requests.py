"""Requests to this endpoint: what they say, and the ones that the suite sends by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.dialects.interface import Asked

PATH = "/api/stream-chat"
"""Default path of the endpoint."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request's JSON object: `prompt`, `history`, and members the endpoint does not know."""

    prompt: Any = "Hello"
    history: Any = field(default_factory=list)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def body(self, *, ensure_ascii: bool = True) -> bytes:
        """Return the JSON text, escaped to ASCII or as raw UTF-8."""
        members = {"prompt": self.prompt, "history": self.history, **self.extra}
        return json.dumps(members, ensure_ascii=ensure_ascii).encode("utf-8")


def chat_of(body: Body) -> ChatRequest:
    """Return a plain request of this dialect as what it is. Raises TypeError for another's."""
    if not isinstance(body, ChatRequest):
        raise TypeError(f"{body!r} is no request of this dialect")
    return body


_LARGE = b'"' + b"x" * 100_000 + b'"'


class StreamChatRequests:
    """The requests of this endpoint that shared cases send."""

    plain = (
        ChatRequest("Hello", ["Hi"]),
        ChatRequest("Hello", [{"role": "user", "content": "Hi"}]),
        ChatRequest("Hello", []),
    )
    refusable = (
        HttpRequest(body=b'{"history": []}'),
        HttpRequest(body=b'{"prompt": "Hello"}'),
        HttpRequest(body=b"{"),
        HttpRequest(body=b'{"prompt": "Hello", "history": []}', content_type="text/plain"),
    )

    invalid = (
        HttpRequest(body=b'{"prompt": "Hello", "history": []}', content_type="text/plain"),
        # What follows this refusal is no answer to a body that was left unread.
        HttpRequest(content_type="text/plain"),
        *(
            HttpRequest(body=body)
            for body in (
                b"",
                b"{",
                b'{"prompt": "\xff", "history": []}',
                b"[]",
                b'{"history": []}',
                b'{"prompt": null, "history": []}',
                b'{"prompt": 1, "history": []}',
                b'{"prompt": "Hello"}',
                b'{"prompt": "Hello", "history": null}',
                b'{"prompt": "Hello", "history": {}}',
            )
        ),
    )
    invalid_and_large = (
        _LARGE,
        b'{"prompt": ' + _LARGE,
        b'{"prompt": ' + _LARGE + b"}",
        b'{"history": [' + _LARGE + b"]}",
        b"{" + _LARGE + b": 1}",
        b'{"prompt": "Hello", "history": ' + _LARGE + b"}",
        b'{"prompt": [' + b",".join([b'"item"'] * 20_000) + b'], "history": null}',
        b'{"prompt": null, "history": [' + b",".join([b"{}"] * 20_000) + b"]}",
    )
    declarable = ("prompt", "history")

    def saying(self, plain: Body, text: str) -> ChatRequest:
        """Return the request with another prompt."""
        return replace(chat_of(plain), prompt=text)

    def recalling(self, plain: Body, text: str) -> ChatRequest:
        """Return the request with a history that says `text`, of items as `plain` has them."""
        return replace(chat_of(plain), history=self.history(plain, text))

    def history(self, plain: Body, text: str) -> list[Any]:
        """Return a history that says `text`, of items as `plain` has them."""
        items = chat_of(plain).history[:1]
        return [{**item, "content": text} if isinstance(item, dict) else text for item in items]

    def everywhere(self, plain: Body, text: str) -> list[ChatRequest]:
        """Return requests with the text as prompt, as an item, and as a message's content."""
        chat = chat_of(plain)
        return [
            replace(chat, prompt=text),
            replace(chat, history=[text]),
            replace(chat, history=[{"role": "user", "content": text}]),
        ]

    def declared(self, table: Mapping[str, Any]) -> ChatRequest:
        """Return the request of a table of the target file: `prompt`, and `history` if given."""
        if "prompt" not in table:
            raise ValueError("'prompt' is missing: write the prompt that shows it")
        prompt, history = table["prompt"], table.get("history", [])
        if not isinstance(prompt, str):
            raise ValueError(f"'prompt' must be a string, not {prompt!r}")  # noqa: TRY004 - of a file
        if not isinstance(history, list):
            raise ValueError(f"'history' must be an array, not {history!r}")  # noqa: TRY004
        return ChatRequest(prompt, history)

    def special(self, plain: Body, asked: Asked) -> frozenset[str]:
        """Return the rows about a history whose items `plain` does not have.

        Where the article's own request is refused, items of another kind are special.
        """
        history = asked.values.get("history")
        if plain == self.plain[0] or not isinstance(history, list):
            return frozenset()
        known = {type(item) for item in chat_of(plain).history}
        if {type(item) for item in history} <= known:
            return frozenset()
        return frozenset({"request.history-items"})

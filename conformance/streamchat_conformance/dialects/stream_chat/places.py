"""Where text and values stand in a request to this endpoint."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamchat_conformance.core.http_request import Body
from streamchat_conformance.core.json_place import BodyPlaces, JsonPlace, with_member
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest, chat_of

_HOSTILE = (
    b'{"prompt": {"$ne": null}, "history": [{"role": null}]}',
    b'{"prompt": "", "history": [[[[]]], null, {"content": null}]}',
    b'{"prompt": "Hello", "history": [1e400, -1e400, 1e-400]}',
    b'{"prompt": "a", "prompt": "b", "history": [], "history": 0}',
)


def raw_body(*, prompt: bytes = b'"Hello"', history: bytes = b"[]", more: bytes = b"") -> bytes:
    """Return a request body from raw JSON texts; `more` is raw members, such as `b'"x":1'`."""
    return b'{"prompt":%s,"history":%s%s}' % (prompt, history, b"," + more if more else b"")


def places(plain: Body) -> BodyPlaces:
    """Return the places of a request like `plain`: in prompt, history and unknown members."""
    valid = chat_of(plain).body()
    return BodyPlaces(
        valid=valid,
        texts=(
            JsonPlace.of(lambda raw: raw_body(prompt=raw)),
            JsonPlace.of(lambda raw: raw_body(history=b"[%s]" % raw)),
            JsonPlace.of(lambda raw: raw_body(history=b'[{"role":"user","content":%s}]' % raw)),
        ),
        names=(
            JsonPlace.of(lambda raw: raw_body(history=b"[{%s:0}]" % raw)),
            JsonPlace.of(lambda raw: raw_body(more=b"%s:0" % raw)),
        ),
        values=(
            JsonPlace.of(lambda raw: raw_body(history=b"[%s]" % raw)),
            JsonPlace.of(lambda raw: raw_body(history=b"[0,%s]" % raw)),
            JsonPlace.of(lambda raw: raw_body(history=b'[{"a":%s}]' % raw)),
            JsonPlace.of(lambda raw: raw_body(history=b"[[[%s]]]" % raw)),
            JsonPlace.of(lambda raw: with_member(valid, b'"x-unknown": ' + raw)),
        ),
        answered=("error", "response"),
        hostile=_HOSTILE,
    )


_Placed = tuple[str, list[Any] | None]
"""A prompt and a history; None where the history stays as it is."""


def _whole_message(text: str) -> _Placed:
    members = dict.fromkeys(("id", "type", "name", "role", "content"), text)
    return "Hello", [{text: "x", **members}]


_REPEATABLE: Mapping[str, Callable[[str], _Placed]] = {
    # What a server repeats is most often of the first or of the last message.
    "first message": _whole_message,
    "prompt": lambda text: (text, None),
    "item": lambda text: ("Hello", [text]),
    "content": lambda text: ("Hello", [{"role": "user", "content": text}]),
    "role": lambda text: ("Hello", [{"role": text, "content": "Hi"}]),
    "name": lambda text: ("Hello", [{"role": "user", "content": "Hi", "name": text}]),
    "id": lambda text: ("Hello", [{"id": text, "role": "user", "content": "Hi"}]),
    "type": lambda text: ("Hello", [{"role": "user", "content": "Hi", "type": text}]),
    "member": lambda text: ("Hello", [{"role": "user", "content": "Hi", text: "x"}]),
    "nested": lambda text: ("Hello", [{"a": [[{"b": text}]]}, [[text]]]),
    "last message": _whole_message,
}


class RepeatablePlaces:
    """Where text of a request may stand that a server repeats outside the data."""

    names = tuple(_REPEATABLE)

    def request(self, plain: Body, text: str, names: Sequence[str]) -> ChatRequest:
        """Return a request like `plain` with the text in some of these places at once."""
        placed = [_REPEATABLE[name](text) for name in names]
        prompt = next((prompt for prompt, items in placed if items is None), "Hello")
        items = [item for _, items in placed for item in items or ()]
        chat = replace(chat_of(plain), prompt=prompt)
        return replace(chat, history=items) if items else chat

"""Requests of real clients, and broken ones, at which servers have failed with an internal error.

A server may refuse each of them, or serve it: only an internal error is a fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from streamchat_conformance.core.http_request import Body
from streamchat_conformance.dialects.anthropic.requests import TOOL

_HELLO: dict[str, Any] = {"role": "user", "content": "Hello"}
_BLOCK = {"type": "text", "text": "Be short."}
_CALL = {"type": "tool_use", "id": "toolu_1", "name": TOOL["name"], "input": {"city": "Paris"}}
_RESULT = {"type": "tool_result", "tool_use_id": "toolu_1"}
_PIXEL = {"type": "base64", "media_type": "image/gif", "data": "R0lGODlhAQABAAAAACw="}


WRONG: Mapping[str, tuple[Any, ...]] = {
    "model": (7, {}),
    "stream": ("true", 1),
    "system": (7, [7], [{}]),
    "temperature": ("warm", None),
    "top_p": ("most", []),
    "top_k": (1.5, "40"),
    "stop_sequences": ("STOP", [7], [None]),
    "tools": ({}, "weather", [7], [{}]),
    "tool_choice": ("auto", {}, []),
    "thinking": ("enabled", {}, []),
    "metadata": (None, "user", {"user_id": 7}),
}
"""Member to values of a type that it cannot have: no request has two of them, of which the first
might hide the other."""


def hostile_bodies(plain: Body) -> tuple[bytes, ...]:
    """Return bodies that are made of a plain one."""
    members: dict[str, Any] = json.loads(plain.body())
    return tuple(json.dumps({**members, **changed}).encode() for changed in _changes())


def _changes() -> Iterator[dict[str, Any]]:
    """Yield members in place of those of a plain request, or next to them."""
    yield {"system": "Be short."}
    # As agents send it, each part with a mark for the cache.
    yield {"system": [{**_BLOCK, "cache_control": {"type": "ephemeral"}}, _BLOCK]}
    yield {"system": []}
    yield {"system": None, "tools": None, "stop_sequences": None, "metadata": None}
    for result in ({"content": "Sunny"}, {"content": [{**_BLOCK}]}, {}, {"content": None}):
        answered = {"role": "user", "content": [{**_RESULT, **result}]}
        called = {"role": "assistant", "content": [_BLOCK, _CALL]}
        yield {"tools": [TOOL], "messages": [_HELLO, called, answered]}
    # The result of a call that nobody made, and a call without its result.
    yield {"messages": [{"role": "user", "content": [{**_RESULT, "content": "Sunny"}]}]}
    yield {"messages": [_HELLO, {"role": "assistant", "content": [_CALL]}, _HELLO]}
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    yield {"messages": [_HELLO, {"role": "assistant", "content": [thought, _BLOCK]}, _HELLO]}
    yield {"messages": [_HELLO, {"role": "assistant", "content": "It is"}]}
    yield {"messages": [{"role": "user", "content": [{"type": "image", "source": _PIXEL}]}]}
    contents: list[Any] = [None, [], "", {}, 7, ["Hello"], [None], [{}], [{"type": "text"}]]
    for content in contents:
        yield {"messages": [{"role": "user", "content": content}]}
    yield {"messages": [{"role": "user"}]}
    for cap in (0, -1, 2**31, 2**63, 1.5, "64"):
        yield {"max_tokens": cap}
    yield {"temperature": 2, "top_p": -1, "top_k": -1}
    yield {"stop_sequences": ["", " "]}
    yield {"tool_choice": {"type": "any"}}
    yield {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "nothing"}}
    yield {"tools": [{"name": TOOL["name"]}]}
    yield {"thinking": {"type": "enabled", "budget_tokens": 0}}
    # One of each member first: a short run tries no more.
    for place in range(max(map(len, WRONG.values()))):
        for name, values in WRONG.items():
            if place < len(values):
                yield {name: values[place]}

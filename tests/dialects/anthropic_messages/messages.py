"""Streamed messages, written event by event, and what the suite says of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of

BASE = {
    "model": "m",
    "max_tokens": 64,
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
}
Item = dict[str, Any] | bytes


def started(**members: Any) -> dict[str, Any]:
    """Return a message_start; `members` are those of its message."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
        **members,
    }
    return {"type": "message_start", "message": message}


def without(event: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return an event without a member, given by its path."""
    copy: dict[str, Any] = json.loads(json.dumps(event))
    place = copy
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return copy


def begun(index: Any = 0, type_: str = "text", **members: Any) -> dict[str, Any]:
    """Return a content_block_start."""
    heads: dict[str, dict[str, Any]] = {
        "text": {"text": ""},
        "thinking": {"thinking": ""},
        "tool_use": {"id": "toolu_1", "name": "get_weather", "input": {}},
    }
    block = {"type": type_, **heads.get(type_, {}), **members}
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: Any = 0, type_: str = "text_delta", **members: Any) -> dict[str, Any]:
    """Return a content_block_delta; without `members` it says a word."""
    said = members or {"text": "Hello"}
    return {"type": "content_block_delta", "index": index, "delta": {"type": type_, **said}}


def stopped(index: Any = 0) -> dict[str, Any]:
    """Return a content_block_stop."""
    return {"type": "content_block_stop", "index": index}


def closing(reason: Any = "end_turn", tokens: Any = 5) -> dict[str, Any]:
    """Return a message_delta."""
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": {"output_tokens": tokens},
    }


END: dict[str, Any] = {"type": "message_stop"}
PING: dict[str, Any] = {"type": "ping"}
FAILURE: dict[str, Any] = {
    "type": "error",
    "error": {"type": "overloaded_error", "message": "Overloaded"},
}


def event(item: Item, name: str | None = None) -> bytes:
    """Return an event under its name, or another one; bytes stand for themselves."""
    if isinstance(item, bytes):
        return item
    name = str(item.get("type")) if name is None else name
    return f"event: {name}\ndata: {json.dumps(item)}\n\n".encode()


def nameless(item: Item) -> bytes:
    """Return an event without a name."""
    return f"data: {json.dumps(item)}\n\n".encode()


def whole(*inner: Item, reason: str = "end_turn") -> list[Item]:
    """Return a message with these events between its start and its end."""
    return [started(), *inner, closing(reason), END]


GOOD = whole(PING, begun(), delta(), delta(), stopped())
CALL = [
    begun(1, "tool_use"),
    delta(1, "input_json_delta", partial_json='{"city": '),
    delta(1, "input_json_delta", partial_json='"Paris"}'),
    stopped(1),
]
THOUGHT = [
    begun(0, "thinking"),
    delta(0, "thinking_delta", thinking="Hm."),
    delta(0, "signature_delta", signature="c2ln"),
    stopped(0),
]


def request_of(members: Any) -> bytes:
    """Return the bytes of a request."""
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    head = (
        "POST /v1/messages HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def reading_of(
    body: bytes,
    members: Any = BASE,
    *,
    ending: Ending = Ending.COMPLETE,
    cuts: Sequence[int] = (),
    ended_at_s: float = 1.0,
    status: int = 200,
    media_type: str = "text/event-stream",
) -> Reading:
    """Return the reading of an answer. `cuts` are places at which the body was received in parts;
    only a complete one
    has its end."""
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    places = [0, *sorted(cuts), len(body)]
    parts = [body[a:b] for a, b in pairwise(places) if b > a]
    pieces = [f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts]
    data = [head.encode(), *pieces, *([b"0\r\n\r\n"] if ending is Ending.COMPLETE else [])]
    exchange = Exchange(
        request=request_of(members),
        reads=tuple(Read(0.01 * number, part) for number, part in enumerate(data)),
        ending=ending,
        ended_at_s=ended_at_s,
    )
    return Reading(exchange, dialect=dialect_named("anthropic"))


def stream(*items: Item, members: Any = BASE, **how: Any) -> Reading:
    """Return the reading of a stream of these events."""
    return reading_of(b"".join(map(event, items)), members, **how)


RULES = rules_of("anthropic")
HEADERS = frozenset(id_ for id_ in RULES.catalogue if id_.startswith("headers."))
"""These answers have no more fields than they need."""


def broken(reading: Reading) -> set[str]:
    """Return the requirements that a reading breaks, without those that others explain."""
    found = {id_ for id_, findings in RULES.judge_all(reading) if findings} - HEADERS
    explained = {
        effect for effect, causes in RULES.dialect.explains.items() if found.intersection(causes)
    }
    return {id_.removeprefix("anthropic.") for id_ in found - explained}

"""Streamed completions, written event by event, and what the suite says of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of

DONE = "[DONE]"
NAMES = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "m"}
BASE = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
WITH_USAGE = {**BASE, "stream_options": {"include_usage": True}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
WITH_TOOL = {**BASE, "tools": [TOOL], "tool_choice": "required"}

Item = dict[str, Any] | str | bytes


def chunk(
    delta: Any = None, finish: Any = None, *, index: Any = 0, usage: Any = ..., **members: Any
) -> dict[str, Any]:
    """Return a chunk of one choice."""
    choice = {"index": index, "delta": {} if delta is None else delta, "finish_reason": finish}
    found: dict[str, Any] = {**NAMES, "choices": [choice], **members}
    return found if usage is ... else {**found, "usage": usage}


def role() -> dict[str, Any]:
    return chunk({"role": "assistant", "content": ""})


def text(content: Any = "Hello") -> dict[str, Any]:
    return chunk({"content": content})


def stop(reason: Any = "stop") -> dict[str, Any]:
    return chunk({}, reason)


def used(usage: Any = USAGE) -> dict[str, Any]:
    """Return the chunk with the usage."""
    return {**NAMES, "choices": [], "usage": usage}


def call(index: Any = 0, **function: Any) -> dict[str, Any]:
    """Return a piece of a tool call; `id` and `type` go to the piece itself."""
    piece: dict[str, Any] = {
        name: function.pop(name) for name in ("id", "type") if name in function
    }
    return {"index": index, **piece, "function": function}


def head_of_call(index: Any = 0, id_: str = "call_1", name: str = "f") -> dict[str, Any]:
    return call(index, id=id_, type="function", name=name, arguments="")


def calling(*calls: Any, **members: Any) -> dict[str, Any]:
    """Return a chunk with pieces of tool calls."""
    return chunk({"tool_calls": list(calls)}, **members)


def event(item: Item) -> bytes:
    """Return an event; bytes stand for themselves."""
    if isinstance(item, bytes):
        return item
    data = item if isinstance(item, str) else json.dumps(item)
    return f"data: {data}\n\n".encode()


def body_of(*items: Item) -> bytes:
    """Return a stream of these events."""
    return b"".join(map(event, items))


def request_of(members: Any) -> bytes:
    """Return the bytes of a request."""
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def reading_of(
    body: bytes,
    members: Any = BASE,
    *,
    whole: bool = True,
    cuts: Sequence[int] = (),
    ended_at_s: float = 1.0,
    status: int = 200,
    media_type: str = "text/event-stream",
) -> Reading:
    """Return the reading of an answer. `cuts` are places at which the body was received in parts;
    without `whole` its end never came."""
    head = (
        f"HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    places = [0, *sorted(cuts), len(body)]
    parts = [body[a:b] for a, b in pairwise(places) if b > a]
    pieces = [f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts]
    data = [head.encode(), *pieces, *([b"0\r\n\r\n"] if whole else [])]
    exchange = Exchange(
        request=request_of(members),
        reads=tuple(Read(0.01 * number, part) for number, part in enumerate(data)),
        ending=Ending.COMPLETE if whole else Ending.ABANDONED,
        ended_at_s=ended_at_s,
    )
    return Reading(exchange, dialect=dialect_named("openai"))


def stream(*items: Item, members: Any = BASE, **how: Any) -> Reading:
    """Return the reading of a stream of these events."""
    return reading_of(body_of(*items), members, **how)


RULES = rules_of("openai")
HEADERS = frozenset(id_ for id_ in RULES.catalogue if id_.startswith("headers."))
"""These answers have no more fields than they need."""


def broken(reading: Reading) -> set[str]:
    """Return the requirements that a reading breaks, without those that others explain."""
    found = {id_ for id_, findings in RULES.judge_all(reading) if findings} - HEADERS
    explained = {
        effect for effect, causes in RULES.dialect.explains.items() if found.intersection(causes)
    }
    return found - explained

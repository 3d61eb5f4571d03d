"""Which family of endpoints an answer is from, by what only that family writes.

Whoever names the wrong dialect, or the wrong path, is to hear what answers there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from streamchat_conformance.core.strict_json import read_json

SHOWN_BYTES = 64 * 1024
"""How much of an answer is looked at."""


@dataclass(frozen=True, slots=True)
class Family:
    """A kind of endpoint that answers may come from."""

    title: str
    dialect: str
    """The word of `--dialect`, or an empty string where no dialect judges it yet."""
    path: str
    """Where that dialect's endpoint usually is."""
    writes: Callable[[dict[str, Any]], bool]
    """Whether a JSON object of an answer is one of its own."""
    elsewhere: bool = False
    """Whether the dialect is for another endpoint of the same server."""


def _chat_completions(value: dict[str, Any]) -> bool:
    kind = value.get("object")
    error = value.get("error")
    text = error.get("message") if isinstance(error, dict) and "type" in error else None
    # Others report errors in that form, too: what it says of the request decides.
    named = isinstance(text, str) and ("messages" in text or "model" in text)
    return named or kind in ("chat.completion", "chat.completion.chunk")


def _stream_chat(value: dict[str, Any]) -> bool:
    error = value.get("error")
    named = isinstance(error, str) and ("'prompt'" in error or "'history'" in error)
    return named or value.keys() >= {"response", "prompt", "history"}


def _messages(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    if kind == "error":
        return isinstance(value.get("error"), dict)
    return kind in ("message_start", "content_block_delta", "message")


def _responses(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    named = isinstance(kind, str) and kind.startswith("response.")
    return named or value.get("object") == "response"


def _ollama(value: dict[str, Any]) -> bool:
    return value.keys() >= {"model", "created_at", "done"}


FAMILIES = (
    Family("Anthropic's Messages API", "anthropic", "/v1/messages", _messages),
    Family("OpenAI's Responses API", "", "/v1/responses", _responses),
    Family("Ollama's own API", "openai", "/v1/chat/completions", _ollama, elsewhere=True),
    Family("streaming chat with a prompt", "stream-chat", "/api/stream-chat", _stream_chat),
    Family("Chat Completions", "openai", "/v1/chat/completions", _chat_completions),
)
"""The surest signs first."""


def family_of(body: bytes) -> Family | None:
    """Return the family that writes such an answer: JSON, lines of JSON, or an event stream."""
    values = list(_objects(body[:SHOWN_BYTES]))
    return next(
        (family for family in FAMILIES if any(family.writes(value) for value in values)), None
    )


def _objects(body: bytes) -> Iterator[dict[str, Any]]:
    for text in (body, *body.splitlines()[:64]):
        value = read_json(text.removeprefix(b"data:").strip()).value
        if isinstance(value, dict):
            yield value

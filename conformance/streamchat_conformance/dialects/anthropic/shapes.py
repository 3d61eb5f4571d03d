"""The shape of message_start and message_delta, whatever comes before and after them."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.dialects.anthropic.data import TypedEvent, is_int, is_text

START_EXAMPLE = (
    '"message": {"id": "msg_…", "type": "message", "role": "assistant", "model": "…", '
    '"content": [], "stop_reason": null, "usage": {"input_tokens": 1, "output_tokens": 0}}'
)
DELTA_EXAMPLE = (
    '"delta": {"stop_reason": "end_turn", "stop_sequence": null}, "usage": {"output_tokens": 1}'
)


def start_problem(event: TypedEvent) -> str:
    """Return what is wrong with the message of a message_start, or an empty string."""
    message = event.value.get("message")
    if not isinstance(message, dict):
        return "message_start has no `message` that is an object"
    for name in ("id", "model"):
        if not is_text(message.get(name)):
            return f"`message.{name}` is not a string that says something"
    for name, expected in (("type", "message"), ("role", "assistant")):
        if message.get(name) != expected:
            return f"`message.{name}` is not {expected!r}"
    if not isinstance(message.get("content"), list):
        return "`message.content` is no array"
    usage = message.get("usage")
    if not isinstance(usage, dict):
        return "`message.usage` is no object: official clients stop with an error"
    for name in ("input_tokens", "output_tokens"):
        if not is_int(usage.get(name)):
            return f"`message.usage.{name}` is no whole number"
    return ""


def open_problem(event: TypedEvent) -> str:
    """Return why a message_start says that the message is over, or has content already."""
    message = event.member("message")
    if message.get("stop_reason") is not None:
        return f"`message.stop_reason` is {message['stop_reason']!r} at the start"[:120]
    return "`message.content` is not empty at the start" if message.get("content") else ""


def last_delta_problem(event: TypedEvent) -> str:
    """Return what is wrong with the last message_delta, or an empty string."""
    if not is_text(event.member("delta").get("stop_reason")):
        return "the last message_delta has no `delta.stop_reason`: clients do not know why it ended"
    if not is_int(event.member("usage").get("output_tokens")):
        return "the last message_delta has no `usage.output_tokens`: official clients stop"
    return ""


def stop_reason_of(event: TypedEvent | None) -> Any:
    """Return the reason for which a message stopped, as the last message_delta says."""
    return None if event is None else event.member("delta").get("stop_reason")


def tokens_of(event: TypedEvent) -> int | None:
    """Return how many tokens of output a message_start or message_delta counts, or None."""
    usage: Any = event.member("usage") or event.member("message").get("usage")
    tokens = usage.get("output_tokens") if isinstance(usage, dict) else None
    return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None


def error_problem(value: Any) -> str:
    """Return what is wrong with the object of an error event, or an empty string."""
    error = value.get("error")
    if value.get("type") != "error":
        return "the error event's data has another `type` than error"
    if not isinstance(error, dict):
        return "the error event's data has no `error` that is an object"
    for name in ("type", "message"):
        if not is_text(error.get(name)):
            return f"`error.{name}` is not a string that says something"
    return ""

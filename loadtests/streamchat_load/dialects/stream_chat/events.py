"""Events of `POST /api/stream-chat`: their content, their text, and what is wrong with them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.core.strict_json import read_json

from streamchat_load.dialects.dialect import EventViolation
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import BuiltRequest


def content_of(kind: str, data: str) -> str | None:
    """Return the members that the article names, in one way of writing JSON.

    Events of a name of their own are content only if they have a `response`: clients that
    listen for messages do not see the others.
    """
    value = _read_fast(data)
    if value is _NOT_JSON:
        return data
    if not isinstance(value, dict) or not isinstance(value.get("response"), str):
        return data if kind in ("message", "error") else None
    known = {name: value[name] for name in ("response", "prompt", "history") if name in value}
    return json.dumps(known, sort_keys=True)


def text_of(data: str) -> str:
    """Return the `response` of an event; an empty string if it has none."""
    value = _read_fast(data)
    response = value.get("response") if isinstance(value, dict) else None
    return response if isinstance(response, str) else ""


def is_echo(data: str, sent: BuiltRequest) -> bool:
    """Return whether an event has the request's prompt, and a history."""
    value = read_json(data).value
    return (
        isinstance(value, dict)
        and value.get("prompt") == sent.value["prompt"]
        and "history" in value
    )


def violation_of(data: str, sent: BuiltRequest, *, echo: bool) -> EventViolation | None:
    """Return what is wrong with an event (strict JSON, a string `response`, echo), or None."""
    if _is_plainly_good(data, sent, echo=echo):
        return None
    reading = read_json(data)
    if reading.error is not None:
        message = f"the data is not JSON: {reading.error.message}"
        return EventViolation(StreamFault.PAYLOAD, message, "one JSON object")
    value = reading.value
    if not isinstance(value, dict):
        message = "the data is not a JSON object"
        return EventViolation(StreamFault.PAYLOAD, message, '{"response": …}')
    if "error" in value and "response" not in value:
        return EventViolation(StreamFault.ERROR_EVENT, "the event reports an error", "content")
    if not isinstance(value.get("response"), str):
        message = "`response` is not a string"
        return EventViolation(StreamFault.PAYLOAD, message, '{"response": "text", …}')
    if "\ufffd" in data or "\\ufffd" in data.lower():
        message = "a character was replaced by U+FFFD"
        return EventViolation(StreamFault.UTF8, message, "the character itself")
    return _echo_violation(value, sent) if echo else None


def _is_plainly_good(data: str, sent: BuiltRequest, *, echo: bool) -> bool:
    """Return quickly whether nothing needs a close look; False proves nothing.

    Python's reader takes NaN and Infinity for numbers, and `==` takes 1 for true: the first
    are looked for, and what `build_request` sends has no numbers.
    """
    if "\ufffd" in data or "NaN" in data or "Infinity" in data:
        return False
    if "\\u" in data and "\\ufffd" in data.lower():
        return False
    value = _read_fast(data)
    return (
        isinstance(value, dict)
        and isinstance(value.get("response"), str)
        and (
            not echo
            or (
                value.get("prompt") == sent.value["prompt"]
                and value.get("history") == sent.value["history"]
            )
        )
    )


def _echo_violation(value: dict[str, Any], sent: BuiltRequest) -> EventViolation | None:
    for name in ("prompt", "history"):
        if name not in value:
            message = f"no `{name}` in the event"
            return EventViolation(StreamFault.PAYLOAD, message, f"`{name}` as sent")
        difference = same_json_value(sent.value[name], value[name], exact=False)
        if difference is not None:
            return EventViolation(StreamFault.ALTERED, f"`{name}` is not as sent: {difference}")
    return None


_NOT_JSON = object()


@lru_cache(maxsize=1)
def _read_fast(data: str) -> Any:
    """Return the value of a JSON text by Python's own reader, or `_NOT_JSON`.

    Several questions are asked about one event in turn, so the last value is kept.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _NOT_JSON

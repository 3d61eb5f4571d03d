"""Refusals of `POST /api/stream-chat`."""

from __future__ import annotations

from streamchat_conformance.core.fields import media_type
from streamchat_conformance.core.strict_json import read_json


def refusal_violation(status: int, content_type: str, body: bytes) -> str | None:
    """Return what is wrong with a refusal, or None.

    It has status 400 and a JSON object whose `error` is a string that is not empty.
    """
    if status != 400:
        return f"status {status} instead of 400 to an invalid request"
    parsed = media_type(content_type)
    if parsed is None or (parsed.type, parsed.subtype) != ("application", "json"):
        return f"a refusal of type {content_type or 'none'!r} instead of application/json"
    value = read_json(body).value
    if not isinstance(value, dict) or not isinstance(value.get("error"), str):
        return "a refusal that is not a JSON object with a string `error`"
    return None if value["error"] else "a refusal with an empty `error`"

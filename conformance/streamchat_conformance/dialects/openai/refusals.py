"""Refusals of this endpoint: a 4xx with `{"error": {"message": TEXT, …}}`."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.openai.data import reports_error

_TEXTS = ("message", "detail", "error")


class CompletionRefusals:
    """Refusals whose JSON object has an `error` that is an object with a message."""

    example = '{"error": {"message": "text", "type": "invalid_request_error", …}}'
    failure_example = 'data: {"error": {"message": "text", …}}'
    not_json = ()

    def text(self, body: bytes) -> str | None:
        """Return the error's message, in whatever place it stands."""
        value = read_json(body).value
        for _ in range(3):
            if isinstance(value, dict):
                value = next((value[name] for name in _TEXTS if value.get(name)), None)
        if isinstance(value, list):
            # What FastAPI found wrong, item by item.
            messages = [each.get("msg") for each in value if isinstance(each, dict)]
            value = "; ".join(text for text in messages if isinstance(text, str)) or None
        return value if isinstance(value, str) else None

    def reports_error(self, value: Any) -> bool:
        """Return whether a JSON value reports an error, in whatever form."""
        if reports_error(value):
            return True
        if not isinstance(value, dict) or "choices" in value:
            return False
        return value.get("object") == "error" or "detail" in value

    def problem(self, value: Any) -> str:
        """Return what is wrong with the JSON value of a refusal, or an empty string."""
        if not isinstance(value, dict):
            return "the body is JSON, but no object"
        if "error" not in value:
            return "the object has no `error`: openai-node shows no text then"
        error = value["error"]
        if not isinstance(error, dict):
            return "`error` is not an object"
        message = error.get("message")
        if not isinstance(message, str):
            return "`error.message` is not a string"
        return "" if message.strip() else "`error.message` is empty"

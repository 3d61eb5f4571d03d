"""Refusals of this endpoint: 400 with `{"error": TEXT}`."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.core.strict_json import read_json

NOT_JSON = "Request body must be JSON"
NO_PROMPT = "Missing 'prompt' field"
NO_HISTORY = "Missing 'history' field"
HISTORY_NOT_LIST = "'history' field must be a list"


class StreamChatRefusals:
    """Refusals whose JSON object has an `error` that is a text."""

    example = '{"error": "text"}'
    failure_example = 'event: error, data: {"error": …}'
    not_json = (NOT_JSON,)

    def text(self, body: bytes) -> str | None:
        """Return the error text, or None when there is no such string."""
        value = read_json(body).value
        text = value.get("error") if isinstance(value, dict) else None
        return text if isinstance(text, str) else None

    def reports_error(self, value: Any) -> bool:
        """Return whether a JSON value has an `error` that is more than the lack of one."""
        return isinstance(value, dict) and value.get("error") not in (None, False)

    def problem(self, value: Any) -> str:
        """Return what is wrong with the JSON value of a refusal, or an empty string."""
        if not isinstance(value, dict):
            return "the body is JSON, but no object"
        if "error" not in value:
            return "the object has no `error`"
        if not isinstance(value["error"], str):
            return "`error` is not a string"
        return "" if value["error"].strip() else "`error` is empty"

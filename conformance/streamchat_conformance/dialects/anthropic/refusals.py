"""Refusals of this endpoint: a 4xx with `{"type": "error", "error": {"type": …, "message": …}}`."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.anthropic.data import reports_error

_TEXTS = ("message", "detail", "error")
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Status to the type of its error."""


class MessageRefusals:
    """Refusals whose JSON object is of type `error`, and has an `error` with type and message."""

    example = '{"type": "error", "error": {"type": "invalid_request_error", "message": "text"}}'
    failure_example = (
        'event: error, data: {"type": "error", "error": {"type": "api_error", "message": "text"}}'
    )
    not_json = ()

    def text(self, body: bytes) -> str | None:
        """Return the error's message, in whatever place it stands."""
        value = read_json(body).value
        for _ in range(3):
            if isinstance(value, dict):
                value = next((value[name] for name in _TEXTS if value.get(name)), None)
        return value if isinstance(value, str) else None

    def reports_error(self, value: Any) -> bool:
        """Return whether a JSON value reports an error, in whatever form."""
        if reports_error(value):
            return True
        return isinstance(value, dict) and "type" not in value and "detail" in value

    def problem(self, value: Any) -> str:
        """Return what is wrong with the JSON value of a refusal, or an empty string."""
        if not isinstance(value, dict):
            return "the body is JSON, but no object"
        if value.get("type") != "error":
            return '`type` is not "error"'
        error = value.get("error")
        if not isinstance(error, dict):
            return "`error` is not an object"
        for name in ("type", "message"):
            text = error.get(name)
            if not isinstance(text, str) or not text.strip():
                return f"`error.{name}` is not a string that says something"
        return ""

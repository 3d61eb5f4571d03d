"""Refusals and failures of Messages: an object of type `error` that has the problem in it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from flask import g

from streamchat_reference.dialects.refused import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUEST_ID_FIELD: Final = "request-id"
INVALID_REQUEST: Final = "invalid_request_error"
API_ERROR: Final = "api_error"
_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class MessageRefusedError(RequestRefusedError):
    """The request is refused.

    The message repeats nothing that was sent, so that a refusal stays short and harmless.
    """

    def __init__(
        self, message: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, anthropic_refusal(status, message), headers)
        self.message = message


def anthropic_refusal(status: int, text: str) -> dict[str, object]:
    """Return the JSON object of a refusal."""
    kind = _TYPES.get(status, INVALID_REQUEST if status < 500 else API_ERROR)
    return {**error_object(text, kind), "request_id": request_id()}


def error_object(text: str, kind: str) -> dict[str, object]:
    """Return the JSON object that reports a problem, in a refusal and in a stream."""
    return {"type": "error", "error": {"type": kind, "message": text}}


def request_id() -> str:
    """Return the id of the request that is being served; each has one."""
    if "request_id" not in g:
        g.request_id = f"req_{secrets.token_hex(12)}"
    return str(g.request_id)

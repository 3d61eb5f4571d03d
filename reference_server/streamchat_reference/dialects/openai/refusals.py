"""Refusals and failures of Chat Completions: an object `error` with four members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_reference.dialects.refused import RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

INVALID_REQUEST = "invalid_request_error"
SERVER_ERROR = "server_error"


class CompletionRefusedError(RequestRefusedError):
    """The request is refused; `param` names the member that is wrong.

    The message repeats nothing that was sent, so that a refusal stays short and harmless.
    """

    def __init__(
        self,
        message: str,
        param: str | None = None,
        *,
        status: int = 400,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, envelope(message, _kind(status), param, code), headers)
        self.message = message
        self.param = param


def envelope(
    message: str, kind: str, param: str | None = None, code: str | None = None
) -> dict[str, dict[str, str | None]]:
    """Return the JSON object that reports an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def openai_refusal(status: int, text: str) -> dict[str, dict[str, str | None]]:
    """Return the JSON object of a refusal that has no reason of the dialect's own."""
    return envelope(text, _kind(status))


def _kind(status: int) -> str:
    return INVALID_REQUEST if status < 500 else SERVER_ERROR

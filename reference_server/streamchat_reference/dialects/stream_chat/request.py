"""The endpoint's request: what is accepted and refused, and which fault is reported first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from streamchat_reference import lossless_json
from streamchat_reference.dialects.refused import RequestRefusedError
from streamchat_reference.lossless_json import Json, NotJsonError, PlainJson

NOT_JSON = "Request body must be JSON"
PROMPT_MISSING = "Missing 'prompt' field"
PROMPT_NOT_STRING = "'prompt' field must be a string"
HISTORY_MISSING = "Missing 'history' field"
HISTORY_NOT_LIST = "'history' field must be a list"


class InvalidChatRequestError(RequestRefusedError):
    """The request is refused with status 400: `error` is the text of the endpoint's contract.

    `detail` says more where that text alone would leave the sender guessing. Neither repeats
    anything that was sent, so that a refusal stays short and harmless.
    """

    def __init__(self, error: str, detail: str | None = None) -> None:
        super().__init__(400, {"error": error} | ({"detail": detail} if detail else {}))
        self.error = error
        self.detail = detail


@dataclass(frozen=True)
class AcceptedRequest:
    """A prompt and the conversation before it. Unknown members of the request are ignored."""

    prompt: str
    lossless_history: list[Json]

    @cached_property
    def history(self) -> list[PlainJson]:
        """The history with Python's numbers, for answerers."""
        return [lossless_json.plain(item) for item in self.lossless_history]

    @cached_property
    def echo(self) -> str:
        """The members `prompt` and `history` as JSON text, every number as it was sent."""
        history = lossless_json.write(self.lossless_history)
        return f'"prompt":{lossless_json.write(self.prompt)},"history":{history}'


def read_chat_request(media_type: str, body: bytes) -> AcceptedRequest:
    """Read the request from its media type (lower case, no parameters; "" for none) and its body.

    Raises `InvalidChatRequestError`. With several faults the first of these is reported: not JSON,
    prompt missing, history missing, history not a list, prompt not a string. Absent and null are
    the same. The contract says nothing of the last one, so it comes last.
    """
    if not lossless_json.is_json(media_type):
        raise InvalidChatRequestError(NOT_JSON, "Content-Type must be application/json")
    try:
        value = lossless_json.read(body)
    except NotJsonError as error:
        raise InvalidChatRequestError(NOT_JSON, f"The body was refused: {error}") from None
    if not isinstance(value, dict):
        raise InvalidChatRequestError(NOT_JSON, "The body must be a JSON object")
    prompt = value.get("prompt")
    history = value.get("history")
    if prompt is None:
        raise InvalidChatRequestError(PROMPT_MISSING)
    if history is None:
        raise InvalidChatRequestError(HISTORY_MISSING)
    if not isinstance(history, list):
        raise InvalidChatRequestError(HISTORY_NOT_LIST)
    if not isinstance(prompt, str):
        raise InvalidChatRequestError(PROMPT_NOT_STRING)
    return AcceptedRequest(prompt, history)

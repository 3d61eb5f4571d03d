"""Requests to this endpoint: what they say, and the ones that the suite sends by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamchat_conformance.dialects.chat_messages.requests import (
    CAP_NAME,
    TalkRequest,
    TalkRequests,
)

PATH = "/v1/chat/completions"
"""Default path of the endpoint."""
CAP_NAMES = (CAP_NAME, "max_completion_tokens")
"""How the most tokens of an answer are asked for: the common name, and the newer one."""
UNKNOWN_MODEL = "streamchat-conformance-no-such-model"


@dataclass(frozen=True, slots=True)
class CompletionRequest(TalkRequest):
    """A request's JSON object."""

    tool_prompt: str = ""
    """What this deployment answers with a call of a tool, where the user says so."""


TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Returns the current weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            },
            "required": ["city"],
        },
    },
}
"""A function that a model may call."""


@dataclass(frozen=True, slots=True)
class CompletionRequests(TalkRequests[CompletionRequest]):
    """The requests of this endpoint that shared cases send, for one deployment."""

    @property
    def base(self) -> CompletionRequest:
        """The plainest request to this deployment."""
        known = self.deployment
        return replace(
            self.of_deployment(CompletionRequest),
            cap_name=known.cap_name or CAP_NAMES[0],
            tool_prompt=known.prompts.get("tool", ""),
        )

    @property
    def plain(self) -> Sequence[CompletionRequest]:
        """The plain request, under each name of the limit, and without one."""
        base = self.base
        if self.deployment.cap_name:
            return (base,)
        return (base, replace(base, cap_name=CAP_NAMES[1]), replace(base, cap=None))

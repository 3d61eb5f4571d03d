"""Requests to this endpoint: what they say, and the ones that the suite sends by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamchat_conformance.dialects.chat_messages.requests import TalkRequest, TalkRequests

PATH = "/v1/messages"
"""Default path of the endpoint."""
VERSION = ("anthropic-version", "2023-06-01")
"""The field line of every request: the version that all servers of this endpoint know.

The next one takes parameters away, such as `temperature`; what it streams is the same.
"""
NEWER_VERSION = (VERSION[0], "2026-10-21")
"""The version that the official clients send."""
OLDER_VERSION = (VERSION[0], "2023-01-01")
"""The version before, in which events had no names."""


@dataclass(frozen=True, slots=True)
class MessageRequest(TalkRequest):
    """A request's JSON object."""


TOOL: Mapping[str, Any] = {
    "name": "get_weather",
    "description": "Returns the current weather of a city.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
"""A tool that a model may use."""


@dataclass(frozen=True, slots=True)
class MessageRequests(TalkRequests[MessageRequest]):
    """The requests of this endpoint that shared cases send, for one deployment."""

    @property
    def base(self) -> MessageRequest:
        """The plainest request to this deployment."""
        return self.of_deployment(MessageRequest)

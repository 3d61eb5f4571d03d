"""What not every server of Anthropic Messages offers, and how it shows.

A well-formed refusal of a request with tools, or with thinking, is honest: the server lacks it.
What a model decides, such as whether it uses a tool, is tried more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from streamchat_conformance.catalogue import AUTH, Capability
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.anthropic.data import events_of
from streamchat_conformance.dialects.anthropic.requests import TOOL, MessageRequest
from streamchat_conformance.dialects.chat_messages.requests import CAP
from streamchat_conformance.dialects.interface import Detector, Payloads, Survey

TOOLS = Capability("tools", "uses tools in a stream", "no tool was used")
THINKING = Capability("thinking", "streams its thoughts", "no thought came")

DETECTION_TRIES = 2
"""How often a model is asked for what it may leave out."""
TOOL_PROMPT = "What is the weather in Paris? Use the tool."
THINKING_PROMPT = "How many primes are there between 20 and 40? Think first."
THINKING_TOKENS = 1024
"""The least that the reference lets a request ask for."""


def with_tool(request: MessageRequest) -> MessageRequest:
    """Return a request that a model answers with the use of a tool."""
    asked = replace(request.saying(TOOL_PROMPT), cap=max(256, request.cap or CAP))
    return asked.with_options(tools=[TOOL], tool_choice={"type": "any"})


def with_thinking(request: MessageRequest) -> MessageRequest:
    """Return a request that a model answers after thoughts that it shows."""
    asked = replace(request.saying(THINKING_PROMPT), cap=THINKING_TOKENS + 256)
    return asked.with_options(thinking={"type": "enabled", "budget_tokens": THINKING_TOKENS})


def block_types(payloads: Payloads) -> set[str]:
    """Return the types of the blocks that a stream has."""
    events = events_of([block for block, _ in payloads], payloads)
    types = (event.member("content_block").get("type") for event in events)
    return {type_ for type_ in types if isinstance(type_, str)}


def _shown(
    build: Callable[[MessageRequest], MessageRequest],
    type_: str,
    capability: Capability,
) -> Detector:
    """Return a detector that sends a request, and looks for a block of a type in the stream."""

    def detect(survey: Survey) -> str:
        request = build(MessageRequest.of(survey.plain))
        for _ in range(DETECTION_TRIES):
            answer = survey.ask(HttpRequest.chat(request), label=f"capability {capability}")
            if answer.refused:
                text = " ".join(answer.body[:120].decode("utf-8", "replace").split())
                return f"the server refuses it with {answer.status}: {text}"
            if type_ in block_types(answer.payloads):
                return ""
        return capability.absent

    return detect


def _needs_credentials(survey: Survey) -> str:
    answer = survey.ask_anonymously(HttpRequest.chat(survey.plain), label="without credentials")
    # How it refuses them is anthropic.auth-forms.
    return "" if answer.refused else "it serves requests without credentials"


CAPABILITIES: Mapping[Capability, Detector | None] = {
    TOOLS: _shown(with_tool, "tool_use", TOOLS),
    THINKING: _shown(with_thinking, "thinking", THINKING),
    AUTH: _needs_credentials,
}
"""Each capability, and how it is detected."""

"""Classification of requests: the meaning of a JSON object for this endpoint.

A request is refused by its messages, and by the lack of a model or a limit: which other members a
server knows, and which values of them, differs from server to server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.anthropic.data import is_int, is_text
from streamchat_conformance.dialects.anthropic.requests import OLDER_VERSION, VERSION
from streamchat_conformance.dialects.asking import has_number, is_long
from streamchat_conformance.dialects.interface import Asked
from streamchat_conformance.dialects.valid_requests import of_valid

PLAIN = "request.valid-accepted"
"""The requirement that plain requests are accepted."""
MISSING, INVALID, REQUIRED = (
    "anthropic.messages-missing",
    "anthropic.messages-invalid",
    "anthropic.required-missing",
)
OPTIONAL, TOLERATED = "anthropic.stream-optional", "anthropic.tolerance"
FORMS, HISTORY = "anthropic.content-forms", "anthropic.history-roles"
TOOL_ROW, THINKING_ROW = "anthropic.tool-block", "anthropic.thinking-signature"
ROLES = ("user", "assistant")
ELSEWHERE = ("system", "developer", "tool")
"""Roles of other endpoints, which some servers take here as well."""
FAR_BEYOND = 2**31
"""A limit of tokens that no model has: the service refuses what is beyond its models' limits."""
KNOWN = frozenset(
    {
        *("model", "max_tokens", "messages", "stream", "system", "tools", "tool_choice"),
        *("thinking", "temperature", "top_p", "top_k", "stop_sequences", "metadata"),
        *("service_tier", "container", "mcp_servers", "context_management", "output_config"),
    }
)
"""Members that the published reference has."""


def asked(sent: SentRequest, reading: JsonReading) -> Asked:
    """Return what a request asks whose body is the JSON object in `reading`."""
    members: dict[str, Any] = reading.value
    values = {
        "messages": members.get("messages"),
        "options": {name: value for name, value in members.items() if name != "messages"},
    }
    found = _of_members(sent, reading, members, values)
    return replace(found, sent=sent, values=values)


def _of_members(
    sent: SentRequest, reading: JsonReading, members: dict[str, Any], values: Mapping[str, Any]
) -> Asked:
    if KNOWN & set(reading.duplicate_names):
        # RFC 8259 section 4: which of them counts is the reader's choice.
        return Asked(Expectation.EITHER)
    if row := fault_of(members):
        return Asked(Expectation.REFUSE, (row,))
    if sent.first(VERSION[0]) == OLDER_VERSION[1]:
        # A server that takes it may stream as in that version.
        return Asked(Expectation.EITHER, (TOLERATED,))
    if reading.lone_surrogates:
        return Asked(Expectation.EITHER, ("request.lone-surrogate",))
    if has_number(members, is_long):
        return Asked(Expectation.EITHER, ("request.huge-number",))
    if not (is_text(members["model"]) and is_int(members["max_tokens"])):
        # A server that takes it may repeat it in its stream.
        return Asked(Expectation.EITHER, (TOLERATED,))
    if members.get("stream") is not True:
        row = OPTIONAL if members.get("stream", False) is False else TOLERATED
        return Asked(Expectation.EITHER, (row,))
    return of_valid(
        sent, reading, values, unsure=tuple(_features(sent, members)), sure=_forms(members)
    )


def fault_of(members: Mapping[str, Any]) -> str:
    """Return the requirement by which a request must be refused, or an empty string."""
    messages = members.get("messages")
    if not isinstance(messages, list):
        return MISSING
    if not messages or not all(map(_is_turn, messages)):
        return INVALID
    if members.get("model") is None or members.get("max_tokens") is None:
        return REQUIRED
    return ""


def _is_turn(turn: Any) -> bool:
    """Return whether an item is an object with a role that some server knows."""
    if not isinstance(turn, dict):
        return False
    role = turn.get("role")
    return isinstance(role, str) and role in (*ROLES, *ELSEWHERE)


def is_ordinary(members: Mapping[str, Any]) -> bool:
    """Return whether every server takes a request, as far as its form decides that."""
    messages = members["messages"]
    roles = [turn["role"] for turn in messages]
    alternating = all(role == ROLES[place % 2] for place, role in enumerate(roles))
    cap = members["max_tokens"]
    return (
        members.keys() <= KNOWN
        and is_text(members["model"])
        and is_int(cap)
        and 0 < cap < FAR_BEYOND
        and alternating
        and len(roles) % 2 == 1
        and all(_says_something(turn.get("content")) for turn in messages)
    )


def _says_something(content: Any) -> bool:
    """Return whether content is text, as a string or in blocks. The service refuses empty text."""
    if isinstance(content, str):
        return bool(content.strip())
    return (
        isinstance(content, list)
        and bool(content)
        and all(
            isinstance(block, dict)
            and block.keys() == {"type", "text"}
            and block["type"] == "text"
            and isinstance(block["text"], str)
            and bool(block["text"].strip())
            for block in content
        )
    )


def _features(sent: SentRequest, members: Mapping[str, Any]) -> Iterator[str]:
    """Yield what not every server offers."""
    if sent.first(VERSION[0]) is None:
        # The service refuses a request without it.
        yield TOLERATED
    if members.get("tools"):
        yield TOOL_ROW
    if members.get("thinking"):
        yield THINKING_ROW
    # A server may refuse what is not plain; what it streams nevertheless is judged.
    plain = {"model", "max_tokens", "messages", "stream", "tools", "thinking"}
    if members.keys() - plain or not is_ordinary(members):
        yield TOLERATED


def _forms(members: Mapping[str, Any]) -> list[str]:
    messages = members["messages"]
    forms = [FORMS] if any(isinstance(turn.get("content"), list) for turn in messages) else []
    return [*forms, *([HISTORY] if len(messages) > 1 else [])]

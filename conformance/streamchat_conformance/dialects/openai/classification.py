"""Classification of requests: the meaning of a JSON object for this endpoint.

A request is refused by its messages alone: which other members a server knows, and which values of
them, differs from server to server, and a refusal of what it does not offer is honest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.asking import (
    VERY_LARGE_BYTES,
    has_number,
    has_unicode,
    is_long,
    is_out_of_range,
    special_transfer,
)
from streamchat_conformance.dialects.interface import Asked
from streamchat_conformance.dialects.openai.chunk_shape import is_int
from streamchat_conformance.dialects.openai.requests import CAP_NAMES, UNKNOWN_MODEL

PLAIN = "openai.request-minimal"
"""The requirement that plain requests are accepted."""
MISSING, NOT_OBJECT, LAX = (
    "openai.messages-missing",
    "openai.message-not-object",
    "openai.messages-lax",
)
ROLES = frozenset({"system", "user", "assistant", "tool"})
NULLABLE = frozenset({"stop", "n", "max_completion_tokens", "logprobs", "stream_options"})
"""Members whose null means that they are absent."""
_QUIET = NULLABLE | {"tools", "tool_choice", "top_logprobs"}
_ORDINARY = frozenset({"model", "messages", "stream", *CAP_NAMES})


def asked(sent: SentRequest, reading: JsonReading) -> Asked:
    """Return what a request asks whose body is the JSON object in `reading`."""
    members: dict[str, Any] = reading.value
    values = {
        "messages": members.get("messages"),
        "options": {name: value for name, value in members.items() if name != "messages"},
    }
    found = _of_members(sent, reading, members)
    return replace(found, sent=sent, values=values)


def _of_members(sent: SentRequest, reading: JsonReading, members: dict[str, Any]) -> Asked:
    if _ORDINARY & set(reading.duplicate_names):
        # RFC 8259 section 4: which of them counts is the reader's choice.
        return Asked(Expectation.EITHER)
    if row := fault_of(members):
        return Asked(Expectation.REFUSE, (row,))
    if reading.lone_surrogates:
        return Asked(Expectation.EITHER, ("request.lone-surrogate",))
    if has_number(members, is_long):
        return Asked(Expectation.EITHER, ("request.huge-number",))
    streams = members.get("stream")
    if streams is not True:
        row = "openai.stream-false" if streams in (None, False) else "openai.lax"
        lax = "stream_options" in members
        return Asked(Expectation.EITHER, ("openai.lax" if lax else row,))
    if row := next((row for row, test in _LAX if test(members)), ""):
        return Asked(Expectation.EITHER, (row,))
    either = has_number(members, is_out_of_range) or len(sent.body) >= VERY_LARGE_BYTES
    if either:
        return Asked(Expectation.EITHER, ("request.very-large-prompt",))
    features = tuple(row for row, test in _FEATURES if test(members))
    # Usage is asked for next to something else only where it is known to be served.
    usage = ("openai.usage-honoured",) if members.get("stream_options") else ()
    rows = (*features, *_of_valid(sent, members), *usage)
    # Where a feature is refused, its own requirements do not apply; that is no fault.
    return Asked(Expectation.ACCEPT, rows or (PLAIN,))


def fault_of(members: Mapping[str, Any]) -> str:
    """Return the requirement by which a request must be refused, or an empty string."""
    messages = members.get("messages")
    if not isinstance(messages, list):
        return MISSING
    if not all(isinstance(message, dict) for message in messages):
        return NOT_OBJECT
    if not messages or not all(map(_is_message, messages)):
        return LAX
    return ""


def _is_message(message: dict[str, Any]) -> bool:
    """Return whether a message has a role, and content of some type that content may have."""
    return "role" in message and isinstance(message.get("content"), str | list | None)


def _odd_messages(members: Mapping[str, Any]) -> bool:
    """Return whether a server may refuse a message, or take it: for its role, or its lack of text.

    An assistant that calls tools, or refuses, has no content; a user has.
    """
    return any(
        not isinstance(message["role"], str)
        or message["role"] not in ROLES
        or (message.get("content") is None and message["role"] in ("user", "system"))
        for message in members["messages"]
    )


def _unknown(members: Mapping[str, Any]) -> bool:
    return bool(members.keys() - _KNOWN)


_KNOWN = _ORDINARY.union(
    {
        *("stream_options", "n", "stop", "tools", "tool_choice", "parallel_tool_calls"),
        *("logprobs", "top_logprobs", "response_format", "seed", "temperature", "top_p"),
        *("service_tier", "reasoning_effort", "modalities", "prediction", "store", "metadata"),
        *("user", "frequency_penalty", "presence_penalty", "logit_bias", "audio"),
        *("web_search_options", "verbosity", "function_call", "functions", "safety_identifier"),
        "prompt_cache_key",
    }
)
"""Members that the published description has."""


def _zero_choices(members: Mapping[str, Any]) -> bool:
    return members.get("n") == 0 and not isinstance(members["n"], bool)


def _strange_format(members: Mapping[str, Any]) -> bool:
    wanted = members.get("response_format")
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    return wanted is not None and kind not in ("text", "json_object", "json_schema")


def _strange_cap(members: Mapping[str, Any]) -> bool:
    caps = [members[name] for name in CAP_NAMES if members.get(name) is not None]
    return not all(is_int(cap) and cap > 0 for cap in caps)


_LAX: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ("openai.model-lax", lambda members: not isinstance(members.get("model"), str)),
    ("openai.model-lax", lambda members: members["model"] in ("", UNKNOWN_MODEL)),
    ("openai.error-not-streamed", _zero_choices),
    ("openai.error-not-streamed", _strange_format),
    ("openai.lax", _unknown),
    ("openai.lax", _odd_messages),
    ("openai.lax", _strange_cap),
    ("openai.max-tokens-names", lambda members: all(name in members for name in CAP_NAMES)),
)
"""What a server may refuse or take: the requirement that looks at it, and how it is known."""

_FEATURES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    ("openai.tool-head", lambda members: bool(members.get("tools"))),
    ("openai.n-choices", lambda members: members.get("n") not in (None, 1)),
    ("openai.logprobs", lambda members: bool(members.get("logprobs"))),
    ("openai.stop-not-returned", lambda members: members.get("stop") is not None),
    ("openai.stream-options-empty", lambda members: members.get("stream_options") == {}),
    ("openai.option-ignored", lambda members: bool(members.keys() - _ORDINARY - _QUIET)),
)
"""What not every server offers."""


def _of_valid(sent: SentRequest, members: Mapping[str, Any]) -> Iterator[str]:
    """Yield every requirement that says this valid request is accepted, the least sure first."""
    messages = members["messages"]
    roles = [message["role"] for message in messages]
    if "tool" in roles or any(message.get("tool_calls") for message in messages):
        yield "openai.request-tool-history"
    if any(isinstance(message.get("content"), list) for message in messages):
        yield "openai.request-content-parts"
    if any(name in members and members[name] is None for name in NULLABLE):
        yield "openai.request-null-options"
    if "system" in roles:
        yield "openai.request-system"
    if any(message.get("content") == "" for message in messages):
        yield "request.prompt-empty"
    yield from special_transfer(sent)
    if sent.first("content-type") != JSON_MEDIA_TYPE:
        yield "request.media-type-parameters"
    if has_unicode(sent):
        yield "request.prompt-unicode"
    if len(messages) > 1:
        yield "openai.request-history"

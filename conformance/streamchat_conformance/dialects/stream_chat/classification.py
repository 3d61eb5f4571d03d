"""Classification of requests: the meaning of a JSON object for this endpoint.

The article fixes the order in which faults are looked for: the body is JSON, `prompt` is
present, `history` is present, `history` is a list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.interface import Asked
from streamchat_conformance.dialects.stream_chat.refusals import (
    HISTORY_NOT_LIST,
    NO_HISTORY,
    NO_PROMPT,
    NOT_JSON,
)
from streamchat_conformance.dialects.valid_requests import of_valid, speaks_for_others

MEMBERS = frozenset({"prompt", "history"})

_MEMBER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,60}")
_TAKEN_NAMES = frozenset(
    ("constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "toJSON", "length")
)
"""Names that objects of some languages have themselves."""
_ORDINARY_VALUE = re.compile(r"[ -~]{0,200}")
_TEXTS = ("content", "text")
"""Members of a message that hold what somebody wrote."""


def asked(sent: SentRequest, reading: JsonReading) -> Asked:
    """Return what a request asks whose body is the JSON object in `reading`."""
    members: dict[str, Any] = reading.value
    found = _of_members(sent, reading, members)
    return replace(found, also=found.also.union(_special_members(members)))


def _special_members(members: dict[str, Any]) -> Iterator[str]:
    """Yield the requirements about what is special in the members, whatever else is wrong."""
    prompt, history = members.get("prompt"), members.get("history")
    if set(members) - MEMBERS:
        yield "request.unknown-members"
    if prompt == "":
        yield "request.prompt-empty"
    elif prompt is not None and not isinstance(prompt, str):
        yield "request.prompt-not-string"
    if not isinstance(history, list):
        return
    if not all(_is_plain_item(item) for item in history):
        yield "request.history-any-json"
    if _has_messages(history):
        yield "request.history-items"
    if not history:
        yield "request.history-empty"


def _has_messages(history: list[Any]) -> bool:
    return len(history) > 1 or any(isinstance(item, dict) for item in history)


def _of_members(sent: SentRequest, reading: JsonReading, members: dict[str, Any]) -> Asked:
    prompt, faults = members.get("prompt"), _faults(members)
    if MEMBERS & set(reading.duplicate_names):
        # RFC 8259 section 4: which of them counts is the reader's choice.
        named = frozenset(row for row, _ in faults)
        return Asked(Expectation.EITHER, sent=sent, also=named)
    if faults:
        rows, texts = zip(*faults, strict=True)
        if prompt == "" or (prompt is not None and not isinstance(prompt, str)):
            # The article is silent about such a prompt: a server may well name it first.
            return Asked(Expectation.REFUSE, rows, (), sent)
        if len(faults) > 1:
            rows = (*rows, "request.error-order")
        return Asked(Expectation.REFUSE, rows, texts, sent)
    if not isinstance(prompt, str) and not reading.lone_surrogates:
        return Asked(Expectation.REFUSE, ("request.prompt-not-string",), (), sent)
    return _of_valid(sent, reading, members)


def _faults(members: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (requirement id, the article's text) of each fault, in the article's order."""
    prompt, history = members.get("prompt"), members.get("history")
    faults: list[tuple[str, str]] = []
    if prompt is None:
        row = "request.prompt-null" if "prompt" in members else "request.prompt-missing"
        faults.append((row, NO_PROMPT))
    if history is None:
        row = "request.history-null" if "history" in members else "request.history-missing"
        faults.append((row, NO_HISTORY))
    elif not isinstance(history, list):
        faults.append(("request.history-not-list", HISTORY_NOT_LIST))
    return faults


def _of_valid(sent: SentRequest, reading: JsonReading, members: dict[str, Any]) -> Asked:
    """Name every requirement that says this valid request is accepted."""
    history = members["history"]
    unsure = {
        "request.prompt-empty": members["prompt"] == "",
        "request.history-any-json": not all(_is_plain_item(item) for item in history),
        "request.unknown-members": bool(set(members) - MEMBERS),
    }
    sure = {
        "request.history-items": _has_messages(history),
        "request.history-empty": not history,
    }
    return of_valid(
        sent,
        reading,
        {"prompt": members["prompt"], "history": history},
        unsure=[row for row, shown in unsure.items() if shown],
        sure=[row for row, shown in sure.items() if shown],
        not_json=(NOT_JSON,),
    )


def _is_plain_item(item: Any) -> bool:
    if isinstance(item, str):
        return True
    return isinstance(item, dict) and all(
        _MEMBER_NAME.fullmatch(name)
        and name not in _TAKEN_NAMES
        and isinstance(value, str)
        and (name in _TEXTS or _is_ordinary(value))
        for name, value in item.items()
    )


def _is_ordinary(value: str) -> bool:
    """Return whether a role, a name or an id is one that a server expects."""
    return bool(_ORDINARY_VALUE.fullmatch(value)) and not speaks_for_others(value)

"""Scripted calls of tools: what a model would ask for, read off the question by simple rules."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from streamchat_reference.answerers.interface import RequestedCall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_reference.answerers.interface import Question

MOST_CALLS = 8
"""How many tools one answer calls at most."""
READ_CHARACTERS = 10_000
"""Names are looked for in this much of a prompt."""

_WORD_OR_END = re.compile(r"\w[\w'-]*|[.!?:\n]")
_BY_TYPE: Mapping[object, object] = {
    "integer": 0,
    "number": 0,
    "boolean": False,
    "array": [],
    "object": {},
    "null": None,
}


def requested_calls(question: Question) -> list[RequestedCall]:
    """Return the calls of tools that the question asks for; none where it wants text.

    The first tool is called once for each name in the prompt. Without names it is called only
    where a call is required, and by itself never again once there are results.
    """
    names = names_in(question.prompt)[:MOST_CALLS]
    if not question.tools or not (question.must_call or (names and not question.since)):
        return []
    tool = question.tools[0]
    wanted = names if question.parallel_calls else names[:1]
    return [RequestedCall(tool.name, _arguments(tool.parameters, name)) for name in wanted or [""]]


def names_in(prompt: str) -> list[str]:
    """Return the capitalised words that do not begin a sentence, each once."""
    names: dict[str, None] = {}
    begins = True
    for word in _WORD_OR_END.findall(prompt[:READ_CHARACTERS]):
        if word[0].isupper() and not begins:
            names[word] = None
        begins = word in ".!?:\n"
    return list(names)


def _arguments(schema: Mapping[str, Any], name: str) -> str:
    """Return the arguments that a schema requires, as JSON; the first text is the name."""
    properties, required = schema.get("properties"), schema.get("required")
    arguments: dict[str, object] = {}
    if isinstance(properties, dict) and isinstance(required, list):
        for member in required:
            match properties.get(member):
                case {"enum": [first, *_]} | {"const": first}:
                    arguments[member] = first
                case {"type": kind} if kind in _BY_TYPE:
                    arguments[member] = _BY_TYPE[kind]
                case _:
                    arguments[member], name = name, ""
    return json.dumps(arguments)

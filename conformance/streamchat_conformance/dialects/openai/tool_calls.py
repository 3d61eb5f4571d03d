"""The tool calls of a choice, put together from their pieces.

Theory of operation. A call is known by its `index`. The first piece of an index is its head (id,
type, name); later ones append to its arguments. Where an index is missing or shared, which call a
piece belongs to is guessed from its id and name, so that one fault is reported once, and the rest
of the call is judged as if it had its index.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from streamchat_conformance.core.json_value import show
from streamchat_conformance.dialects.openai.chunk_shape import Problem, is_int
from streamchat_conformance.dialects.openai.data import Datum
from streamchat_conformance.dialects.openai.machine import ChoiceRecord

MARKUP = (
    "<tool_call>",
    "</tool_call>",
    "[TOOL_CALLS]",
    "<|tool_call",
    "<\uff5ctool\u2581call",
    "<|python_tag|>",
    "<function=",
)
"""How models write calls; a server takes it out of the content."""
STARTS = 64
"""In this many places the whole may begin of which a start was sent before."""
INDEX = '"index": 0 for the first call, 1 for the second, …'
HEAD = '{"index": 0, "id": "call_…", "type": "function", "function": {"name": "…", …}}'


@dataclass(slots=True)
class ToolCall:
    """One call, as far as it came."""

    index: int
    head: Datum
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    odd: bool = False
    """Whether some arguments were no string."""
    free: bool = False
    """Whether they are free text, and no JSON."""

    @property
    def text(self) -> str:
        """The arguments, joined."""
        return "".join(self.arguments)


def gathered(
    choice: ChoiceRecord, *, custom: bool = False, ids: Collection[str] = ()
) -> tuple[list[ToolCall], list[Problem]]:
    """Return a choice's calls, and what is wrong with their pieces.

    `custom` says that tools were offered whose input is free text, `ids` are those of the calls of
    other choices.
    """
    gathering = _Gathering(custom=custom, ids=frozenset(ids))
    for datum, piece in choice.tool_pieces:
        gathering.problems += gathering.take(datum, piece)
    return gathering.calls, gathering.problems


@dataclass(slots=True)
class _Gathering:
    custom: bool
    ids: frozenset[str]
    calls: list[ToolCall] = field(default_factory=list)
    by_index: dict[int, ToolCall] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    next_index: int = 0
    """The index that the next call should have."""

    def take(self, datum: Datum, piece: dict[str, Any]) -> Iterator[Problem]:
        function = self._called(piece)
        id_, name = _text(piece.get("id")), _text(function.get("name"))
        index = piece.get("index")
        call: ToolCall | None
        if is_int(index) and index >= 0:
            call = self.by_index.get(index)
        else:
            shown = "no `index`" if "index" not in piece else f"`index` is {show(index)}"[:80]
            yield Problem("openai.tool-index", datum, f"a piece of a tool call has {shown}", INDEX)
            call = next((each for each in self.calls if id_ and each.id == id_), None)
            last = self.calls[-1] if self.calls else None
            if call is None and not id_ and last and not (name and _is_json(last.text)):
                call = last
            index = None
        if call is not None and _begins_another(call, id_, name, function.get("arguments")):
            if index is not None:
                message = (
                    f"a second call ({id_[:40]!r}) has the index of the first ({call.id[:40]!r})"
                )
                yield Problem("openai.tool-index-distinct", datum, message, INDEX)
            call, index = None, None
        if call is None:
            yield from self._head(datum, piece, index, id_, name)
        else:
            yield from _later(call, datum, piece, id_, name)
        yield from self._arguments(datum, function, call or self.calls[-1])

    @property
    def _types(self) -> tuple[str | None, ...]:
        return (None, "function", "custom") if self.custom else (None, "function")

    def _called(self, piece: dict[str, Any]) -> dict[str, Any]:
        """Return what a piece says of the tool: its name, and some of its arguments or input."""
        found = piece.get("function")
        custom = piece.get("custom") if self.custom else None
        if not isinstance(found, dict) and isinstance(custom, dict):
            return {"name": custom.get("name"), "arguments": custom.get("input")}
        return found if isinstance(found, dict) else {}

    def _head(
        self, datum: Datum, piece: dict[str, Any], index: int | None, id_: str, name: str
    ) -> Iterator[Problem]:
        if index is not None and index != self.next_index:
            message = f"call number {len(self.calls) + 1} has the index {index}"
            yield Problem("openai.tool-index-dense", datum, message, INDEX)
        self.next_index = self.next_index + 1 if index is None else index + 1
        problem, free = "", self.custom and piece.get("type") == "custom"
        if not id_:
            problem = "the first piece of a call has no `id`"
        elif id_ in self.ids or any(call.id == id_ for call in self.calls):
            problem = f"two calls have the id {id_[:60]!r}"
        elif piece.get("type") not in self._types:
            problem = f"the type of a call is {show(piece['type'])}"[:100]
        elif not name:
            problem = "the first piece of a call has no `function.name`"
        if problem:
            yield Problem("openai.tool-head", datum, problem, HEAD)
        call = ToolCall(self.next_index - 1, datum, id_, name, free=free)
        self.calls.append(call)
        given = piece.get("index")
        if index is None and not (is_int(given) and given >= 0):
            index = call.index
        elif index is None:
            # A call that shares its index goes on where the last index does.
            index = next((known for known in reversed(self.by_index)), 0)
        self.by_index[index] = call

    @staticmethod
    def _arguments(datum: Datum, function: dict[str, Any], call: ToolCall) -> Iterator[Problem]:
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            call.arguments.append(arguments)
        elif arguments is not None:
            call.odd = True
            yield Problem(
                "openai.tool-arguments-type",
                datum,
                "`function.arguments` is not a string: clients append pieces of text",
                '"arguments": "{\\"city\\": …" as a string',
            )


def _begins_another(call: ToolCall, id_: str, name: str, arguments: Any) -> bool:
    """Return whether a piece is the head of another call than the one of its index.

    One that repeats the name, and goes on with the arguments, belongs to the call: its id changed.
    """
    if not id_ or not call.id or id_ == call.id or not name:
        return False
    if name != call.name or _is_json(call.text):
        return True
    return not call.text and not arguments


def _later(
    call: ToolCall, datum: Datum, piece: dict[str, Any], id_: str, name: str
) -> Iterator[Problem]:
    if id_ and call.id and id_ != call.id:
        message = f"the id of a call changes from {call.id[:40]!r} to {id_[:40]!r}"
        yield Problem("openai.tool-id-stable", datum, message, "one id for each call")
        return
    problem = ""
    if id_ and call.id:
        problem = "`id` comes again"
    elif name and call.name:
        problem = "`function.name` comes again"
    elif "type" in piece and piece["type"] is None:
        problem = "`type` is null in a later piece"
    if problem:
        message = f"{problem}: openai-python appends it, or stops with an error"
        expected = '{"index": 0, "function": {"arguments": "…"}} after the first piece'
        yield Problem("openai.tool-head-once", datum, message, expected)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def repeated(call: ToolCall) -> str:
    """Return that some of a call's arguments come again, in a few words; empty if they do not."""
    if doubled(call.text):
        return f"the arguments of a call come twice: {call.text[:120]}"
    if _accumulated(call.arguments):
        return f"each piece of a call's arguments repeats those before it: {call.text[:120]}"
    return ""


def doubled(text: str) -> bool:
    """Return whether arguments are two JSON texts, or one and a copy of its start."""
    stripped = text.strip()
    if not stripped.startswith(("{", "[")):
        return False
    try:
        _, end = json.JSONDecoder().raw_decode(stripped)
    except (ValueError, RecursionError):
        return _stuttered(stripped)
    first, rest = stripped[:end], stripped[end:].strip()
    if not rest:
        return False
    return first.startswith(rest) or rest.startswith(first) or _is_json(rest)


def _stuttered(text: str) -> bool:
    """Return whether a text is a start of one JSON object, and then the whole of it."""
    at = 0
    for _ in range(STARTS):
        at = text.find("{", at + 1)
        if not 0 < at <= len(text) // 2:
            return False
        if text.startswith(text[:at], at) and is_object(text[at:]):
            return True
    return False


def _accumulated(pieces: Sequence[str]) -> bool:
    """Return whether each piece of arguments repeats all that came before it."""
    said = [piece for piece in pieces if piece]
    grows = all(later.startswith(earlier) for earlier, later in pairwise(said))
    return len(said) > 1 and grows and is_object(said[-1]) and not is_object("".join(said))


def is_object(text: str) -> bool:
    """Return whether arguments are one JSON object."""
    try:
        return isinstance(json.loads(text, parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> None:
    raise ValueError(constant)  # NaN and the infinities are no JSON

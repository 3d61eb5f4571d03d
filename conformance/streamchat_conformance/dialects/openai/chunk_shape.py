"""The shape of one chunk, whatever comes before and after it.

Theory of operation. `ROWS` is a table from requirement to a function that looks at one chunk and
returns what is wrong with it, or an empty string. A chunk that is no part of the answer is not
looked at by all of them: what Azure sends first (the results of its filter), and a sign of life
without choices. Nothing raises, whatever the values are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, TypeGuard

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.json_value import show
from streamchat_conformance.dialects.openai.data import Datum, reports_error

OBJECT = "chat.completion.chunk"
LATEST_CREATED = 10**11
"""From here on a time is in milliseconds."""
FINISH_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
TEXT_MEMBERS = ("content", "refusal")
REASONING_MEMBERS = ("reasoning_content", "reasoning")


class Problem(NamedTuple):
    """What is wrong with an event, and with which requirement."""

    row: str
    datum: Datum
    message: str
    expected: str

    @property
    def block(self) -> Block:
        """The event."""
        return self.datum.block


@dataclass(frozen=True, slots=True)
class ShapeRow:
    """How one requirement looks at a chunk."""

    wrong: Callable[[dict[str, Any], int], str]
    """What is wrong with a chunk's value, given how many choices were asked for."""
    expected: str
    of_answer: bool = False
    """Whether it is about chunks of the answer only, not about a filter's and a sign of life."""


def is_int(value: Any) -> TypeGuard[int]:
    """Return whether a JSON value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _object(chunk: dict[str, Any], _: int) -> str:
    if "object" not in chunk:
        return "no `object`: openai-python drops the chunk, with its text or its usage"
    return "" if chunk["object"] == OBJECT else f"`object` is {show(chunk['object'])}"[:120]


def _choices(chunk: dict[str, Any], _: int) -> str:
    if "choices" not in chunk:
        return "no `choices`: clients that loop over them crash"
    choices = chunk["choices"]
    if not isinstance(choices, list):
        return f"`choices` is {_word(choices)}: clients that loop over them crash"
    odd = [each for each in choices if not isinstance(each, dict)]
    return f"a choice is {_word(odd[0])}" if odd else ""


def _choices_empty(chunk: dict[str, Any], _: int) -> str:
    empty = chunk.get("choices") == [] and chunk.get("usage") is None
    return "`choices` is empty, and the chunk has no usage" if empty else ""


def _each_choice(
    look: Callable[[dict[str, Any], int], str],
) -> Callable[[dict[str, Any], int], str]:
    def wrong(chunk: dict[str, Any], wanted: int) -> str:
        choices = chunk.get("choices")
        found = choices if isinstance(choices, list) else []
        return next(
            (why for each in found if isinstance(each, dict) if (why := look(each, wanted))), ""
        )

    return wrong


def _index(choice: dict[str, Any], wanted: int) -> str:
    index = choice.get("index")
    if "index" not in choice:
        return "a choice has no `index`"
    if not is_int(index):
        return f"a choice's `index` is {_word(index)}"
    if 0 <= index < wanted:
        return ""
    asked = "one choice was" if wanted == 1 else f"{wanted} choices were"
    return f"a choice's `index` is {index}, and {asked} asked for"


def _delta(choice: dict[str, Any], _: int) -> str:
    if "delta" not in choice:
        return "a choice has no `delta`"
    delta = choice["delta"]
    if not isinstance(delta, dict):
        return f"`delta` is {_word(delta)}"
    for name in (*TEXT_MEMBERS, *REASONING_MEMBERS):
        if not isinstance(delta.get(name), str | None):
            return f"`delta.{name}` is {_word(delta[name])}"
    calls = delta.get("tool_calls")
    if not isinstance(calls, list | None):
        return f"`delta.tool_calls` is {_word(calls)}"
    odd = [each for each in calls or () if not isinstance(each, dict)]
    return f"an item of `delta.tool_calls` is {_word(odd[0])}" if odd else ""


def _finish_not_empty(choice: dict[str, Any], _: int) -> str:
    return "`finish_reason` is an empty string" if choice.get("finish_reason") == "" else ""


def _finish_enum(choice: dict[str, Any], _: int) -> str:
    reason = choice.get("finish_reason")
    if reason in (None, "") or (isinstance(reason, str) and reason in FINISH_REASONS):
        return ""
    return f"`finish_reason` is {show(reason)}"[:120]


def _finish_member(choice: dict[str, Any], _: int) -> str:
    return "" if "finish_reason" in choice else "a choice has no `finish_reason`, not even null"


def _role_value(choice: dict[str, Any], _: int) -> str:
    delta = choice.get("delta")
    role = delta.get("role") if isinstance(delta, dict) else None
    return "" if role in (None, "assistant") else f"`delta.role` is {show(role)}"[:120]


def _id(chunk: dict[str, Any], _: int) -> str:
    if "id" not in chunk:
        return "no `id`"
    if not isinstance(chunk["id"], str):
        return f"`id` is {_word(chunk['id'])}"
    return "" if chunk["id"] else "`id` is an empty string"


def _model(chunk: dict[str, Any], _: int) -> str:
    if "model" not in chunk:
        return "no `model`"
    if not isinstance(chunk["model"], str):
        return f"`model` is {_word(chunk['model'])}"
    return "" if chunk["model"] else "`model` is an empty string"


def _created(chunk: dict[str, Any], _: int) -> str:
    if "created" not in chunk:
        return "no `created`"
    created = chunk["created"]
    if not is_int(created):
        return f"`created` is {_word(created)}"
    if created >= LATEST_CREATED:
        return f"`created` is {str(created)[:40]}: milliseconds, or finer"
    return "" if created > 0 else f"`created` is {str(created)[:40]}"


def _error_member(chunk: dict[str, Any], _: int) -> str:
    if "error" not in chunk or reports_error(chunk):
        return ""
    return "a chunk has `error`: to several clients that is a failure, whatever its value"


def _word(value: Any) -> str:
    """Return a JSON value in a word or two."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    words = {str: "a string", list: "an array", dict: "an object", int: "a number"}
    fraction = "a number with a fraction or exponent"
    return fraction if isinstance(value, Decimal | float) else words.get(type(value), "odd")


ROWS: Mapping[str, ShapeRow] = {
    "openai.object": ShapeRow(_object, f'"object": "{OBJECT}"', of_answer=True),
    "openai.choices": ShapeRow(_choices, '"choices": [ … ]'),
    "openai.choices-empty": ShapeRow(_choices_empty, "a chunk with choices, or a comment"),
    "openai.choice-index": ShapeRow(_each_choice(_index), '"index": 0, counted from 0'),
    "openai.delta": ShapeRow(
        _each_choice(_delta), '"delta": an object, its texts strings or null', of_answer=True
    ),
    "openai.finish-not-empty": ShapeRow(
        _each_choice(_finish_not_empty), '"finish_reason": null until the end'
    ),
    "openai.finish-enum": ShapeRow(
        _each_choice(_finish_enum), f"null, or one of {', '.join(sorted(FINISH_REASONS))}"
    ),
    "openai.finish-member": ShapeRow(
        _each_choice(_finish_member),
        '"finish_reason": null while the answer goes on',
        of_answer=True,
    ),
    "openai.role-value": ShapeRow(_each_choice(_role_value), '"role": "assistant"'),
    "openai.id-nonempty": ShapeRow(_id, '"id": a string, the same in each chunk', of_answer=True),
    "openai.model": ShapeRow(_model, '"model": the name of the model', of_answer=True),
    "openai.created-seconds": ShapeRow(
        _created, '"created": whole seconds since 1970', of_answer=True
    ),
    "openai.no-error-member": ShapeRow(_error_member, "no `error` in a chunk"),
}
"""How each requirement on single chunks looks at them."""


def shape_problems(datum: Datum, wanted: int) -> Iterator[Problem]:
    """Yield what is wrong with a chunk by itself. `wanted` is how many choices were asked for."""
    aside = datum.empty or datum.filtered
    for row, look in ROWS.items():
        if look.of_answer and aside:
            continue
        message = look.wrong(datum.value, wanted)
        if message:
            yield Problem(row, datum, message, look.expected)

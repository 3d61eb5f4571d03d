"""Each fault of streamed tool calls is found under its id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from .completions import (
    BASE,
    DONE,
    WITH_TOOL,
    Item,
    broken,
    call,
    calling,
    chunk,
    head_of_call,
    role,
    stop,
    stream,
    text,
)
from .test_streams import without

START: list[Item] = [chunk({"role": "assistant", "content": None})]
END: list[Item] = [stop("tool_calls"), DONE]
ARGUMENTS = '{"city": "Paris"}'


def pieces(*parts: str, index: Any = 0) -> list[dict[str, Any]]:
    return [calling(call(index, arguments=part)) for part in parts]


TOOL_FAULTS: dict[str, tuple[str, Sequence[Item]]] = {
    "no index": (
        "openai.tool-index",
        [
            calling(without(head_of_call(), "index")),
            calling(without(call(arguments=ARGUMENTS), "index")),
        ],
    ),
    "index -1": ("openai.tool-index", [calling(head_of_call(-1)), *pieces(ARGUMENTS, index=-1)]),
    "all calls index 0": (
        "openai.tool-index-distinct",
        [
            calling(head_of_call()),
            *pieces(ARGUMENTS),
            calling(head_of_call(0, "call_2", "g")),
            *pieces(ARGUMENTS),
        ],
    ),
    "two whole calls index 0": (
        "openai.tool-index-distinct",
        [
            calling(call(0, id=f"call_{n}", type="function", name="f", arguments=ARGUMENTS))
            for n in (1, 2)
        ],
    ),
    "from 1": ("openai.tool-index-dense", [calling(head_of_call(1)), *pieces(ARGUMENTS, index=1)]),
    "no id": ("openai.tool-head", [calling(call(name="f", arguments=ARGUMENTS))]),
    "an empty id": (
        "openai.tool-head",
        [calling(call(id="", type="function", name="f", arguments=ARGUMENTS))],
    ),
    "one id for two calls": (
        "openai.tool-head",
        [
            calling(head_of_call()),
            *pieces(ARGUMENTS),
            calling(head_of_call(1)),
            *pieces(ARGUMENTS, index=1),
        ],
    ),
    "no name": (
        "openai.tool-head",
        [calling(call(id="call_1", type="function", arguments=ARGUMENTS))],
    ),
    "another type": (
        "openai.tool-head",
        [calling(call(id="call_1", type="tool", name="f", arguments=ARGUMENTS))],
    ),
    "id changes": (
        "openai.tool-id-stable",
        [calling(head_of_call()), calling(call(id="call_2", arguments=ARGUMENTS))],
    ),
    "id changes, with the name": (
        "openai.tool-id-stable",
        [
            calling(head_of_call()),
            calling(call(id="call_2", name="f", arguments=ARGUMENTS[:5])),
            calling(call(id="call_3", name="f", arguments=ARGUMENTS[5:])),
        ],
    ),
    "id again": (
        "openai.tool-head-once",
        [calling(head_of_call()), calling(call(id="call_1", arguments=ARGUMENTS))],
    ),
    "name again": (
        "openai.tool-head-once",
        [calling(head_of_call()), calling(call(name="f", arguments=ARGUMENTS))],
    ),
    "type null": (
        "openai.tool-head-once",
        [calling(head_of_call()), calling(call(type=None, arguments=ARGUMENTS))],
    ),
    "arguments an object": (
        "openai.tool-arguments-type",
        [calling(call(id="call_1", type="function", name="f", arguments={"city": "Paris"}))],
    ),
    "arguments twice": (
        "openai.tool-arguments-once",
        [calling(head_of_call()), *pieces(ARGUMENTS, ARGUMENTS)],
    ),
    "arguments and their start": (
        "openai.tool-arguments-once",
        [calling(head_of_call()), *pieces(ARGUMENTS, '{"ci')],
    ),
    "arguments doubly opened": (
        "openai.tool-arguments-once",
        [calling(head_of_call()), *pieces("{", ARGUMENTS)],
    ),
    "arguments three times": (
        "openai.tool-arguments-once",
        [calling(head_of_call()), *pieces(ARGUMENTS, ARGUMENTS, ARGUMENTS)],
    ),
    "a start of the arguments, and then the whole": (
        "openai.tool-arguments-once",
        [calling(head_of_call()), *pieces('{"city', '{"city": "Paris"}')],
    ),
    "arguments with NaN": (
        "openai.tool-arguments-json",
        [calling(head_of_call()), *pieces('{"a": NaN}')],
    ),
    "no arguments": ("openai.tool-arguments-json", [calling(head_of_call())]),
}


@pytest.mark.parametrize("name", TOOL_FAULTS)
def test_a_fault_of_tool_calls_is_found_under_its_id_alone(name: str) -> None:
    row, items = TOOL_FAULTS[name]
    assert broken(stream(*START, *items, *END, members=WITH_TOOL)) == {row}


def test_a_tool_call_that_finishes_with_stop_is_reported() -> None:
    items = [*START, calling(head_of_call()), *pieces(ARGUMENTS), stop(), DONE]
    assert broken(stream(*items, members=WITH_TOOL)) == {"openai.tool-finish"}
    named = {**WITH_TOOL, "tool_choice": {"type": "function", "function": {"name": "f"}}}
    assert broken(stream(*items, members=named)) == set()


def test_markup_of_calls_in_the_content_is_reported() -> None:
    items: list[Item] = [role(), text("<tool_"), text("call>{}"), stop(), DONE]
    assert broken(stream(*items, members=WITH_TOOL)) == {"openai.tool-no-leak"}
    assert broken(stream(*items)) == set()


def test_calls_of_two_choices_have_different_ids() -> None:
    def answer(ids: tuple[str, str]) -> list[Item]:
        return [
            *(chunk({"role": "assistant"}, index=index) for index in (0, 1)),
            *(
                chunk(
                    {"tool_calls": [call(id=id_, type="function", name="f", arguments=ARGUMENTS)]},
                    index=index,
                )
                for index, id_ in enumerate(ids)
            ),
            *(chunk({}, "tool_calls", index=index) for index in (0, 1)),
            DONE,
        ]

    two = {**WITH_TOOL, "n": 2}
    assert broken(stream(*answer(("call_1", "call_2")), members=two)) == set()
    assert broken(stream(*answer(("call_1", "call_1")), members=two)) == {"openai.tool-head"}


def test_a_custom_tool_is_called_with_free_text() -> None:
    pieces_of_it = [
        {"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "sql", "input": ""}},
        {"index": 0, "custom": {"input": "SELECT "}},
        {"index": 0, "custom": {"input": "1"}},
    ]
    items = [*START, *(calling(piece) for piece in pieces_of_it), *END]
    custom = {**BASE, "tools": [{"type": "custom", "custom": {"name": "sql"}}]}
    assert broken(stream(*items, members=custom)) == set()
    assert broken(stream(*items, members=WITH_TOOL)) == {"openai.tool-head"}
    nameless = [{**pieces_of_it[0], "custom": {"input": ""}}, *pieces_of_it[1:]]
    items = [*START, *(calling(piece) for piece in nameless), *END]
    assert broken(stream(*items, members=custom)) == {"openai.tool-head"}

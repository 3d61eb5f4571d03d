from __future__ import annotations

import json
import math
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from streamchat_conformance.dialects.stream_chat.strategies import (
    any_histories,
    any_json,
    histories,
    json_values_within_doubles,
)
from streamchat_conformance.strategies import exact_numbers, extra_members, out_of_range_numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


PROPERTY = settings(deadline=None)

Json: TypeAlias = Any
"""Any JSON value."""


def parts(value: Json) -> Iterator[Any]:
    """Yield a JSON value and all values within it, and every name."""
    yield value
    if isinstance(value, list):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from parts(item)


def names_of(value: Json) -> list[str]:
    return [name for part in parts(value) if isinstance(part, dict) for name in part]


def depth(value: Json) -> int:
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max(map(depth, inner), default=0) if isinstance(value, list | dict) else 0


def is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@PROPERTY
@given(histories(max_items=3))
def test_a_history_is_strings_and_messages(history: list[Any]) -> None:
    assert len(history) <= 3
    for item in history:
        if not isinstance(item, str):
            assert item.keys() == {"role", "content"}
            assert item["role"] in {"user", "assistant", "system"}
            assert isinstance(item["content"], str)


def test_histories_shrink_to_nothing_then_to_one_short_string(minimal: Callable[..., Any]) -> None:
    assert minimal(histories()) == []
    assert minimal(histories(), bool) == [""]
    assert minimal(histories(), lambda items: any(isinstance(item, dict) for item in items)) == [
        {"role": "user", "content": ""}
    ]


@PROPERTY
@given(any_json(max_depth=3))
def test_any_json_is_finite_bounded_and_without_lone_surrogates(value: Json) -> None:
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert depth(value) <= 3
    for part in parts(value):
        if is_number(part):
            assert math.isfinite(float(part))
        if isinstance(part, str):
            assert "\ufffd" not in part


@PROPERTY
@given(any_json(max_depth=0))
def test_any_json_of_no_depth_is_a_scalar(value: Json) -> None:
    assert not isinstance(value, list | dict)


@pytest.fixture(scope="module")
def drawn(sample: Callable[..., Any]) -> list[Any]:
    return [part for value in sample(any_json()) for part in parts(value)]


@pytest.mark.parametrize(
    "condition",
    [
        lambda part: part is None,
        lambda part: part is True,
        lambda part: isinstance(part, int) and part > 2**53,
        lambda part: isinstance(part, int) and part < -(2**64),
        lambda part: isinstance(part, int) and part > 10**250,
        lambda part: isinstance(part, float) and part == 0 and math.copysign(1, part) < 0,
        lambda part: isinstance(part, float) and part >= 1e308,
        lambda part: isinstance(part, float) and 0 < part <= 5e-324,
        lambda part: isinstance(part, dict) and "" in part,
        lambda part: isinstance(part, dict) and any(len(name) >= 300 for name in part),
        lambda part: isinstance(part, dict) and len({*map(str.casefold, part)}) < len(part),
        lambda part: (
            isinstance(part, dict)
            and len({unicodedata.normalize("NFC", name) for name in part}) < len(part)
        ),
        lambda part: isinstance(part, dict) and "__proto__" in part,
        lambda part: part == [] and isinstance(part, list),
        lambda part: depth(part) == 3,
    ],
)
def test_any_json_finds_what_is_awkward(drawn: list[Any], condition: Callable[..., Any]) -> None:
    assert any(map(condition, drawn))


def test_any_histories_hold_values_of_every_type(minimal: Callable[..., Any]) -> None:
    for kind in (type(None), bool, int, float, str, list, dict):
        found = minimal(
            any_histories(), lambda items, kind=kind: any(type(item) is kind for item in items)
        )
        assert len(found) == 1


@PROPERTY
@given(json_values_within_doubles())
def test_values_within_doubles_survive_a_reader_that_knows_only_doubles(value: Json) -> None:
    assert json.loads(json.dumps(value), parse_int=float) == value
    assert not {"__proto__", "constructor"} & set(names_of(value))
    for part in parts(value):
        assert not isinstance(part, int) or abs(part) <= 2**53


def test_values_within_doubles_go_to_their_edge(minimal: Callable[..., Any]) -> None:
    for edge in (2**53, -(2**53), 5e-324, 1.7976931348623157e308):
        found = minimal(
            json_values_within_doubles(),
            lambda value, edge=edge: is_number(value) and value == edge,
        )
        assert found == edge


@PROPERTY
@given(exact_numbers())
def test_an_exact_number_is_in_range_but_no_plain_double(text: str) -> None:
    assert is_number(json.loads(text))
    assert math.isfinite(float(text))
    lossy = Decimal(text) != Decimal(repr(float(text)))
    assert lossy or text == "-0.0" or abs(int(text)) > 2**53


def test_exact_numbers_find_each_kind(minimal: Callable[..., Any]) -> None:
    for condition in (
        lambda text: text == "-0.0",
        lambda text: text == str(2**53 + 1),
        lambda text: len(text) > 200,
        lambda text: text.startswith("0."),
        lambda text: "e-" in text,
        lambda text: text.startswith("-9"),
    ):
        minimal(exact_numbers(), condition)


@PROPERTY
@given(out_of_range_numbers())
def test_an_out_of_range_number_is_a_json_number_that_no_double_reaches(text: str) -> None:
    assert math.isinf(float(text))
    assert is_number(json.loads(text))


@PROPERTY
@given(extra_members())
def test_extra_members_are_unknown_whatever_the_case(members: dict[str, Any]) -> None:
    assert members
    assert not {"prompt", "history"} & {name.strip().casefold() for name in members}
    json.dumps(members, allow_nan=False)

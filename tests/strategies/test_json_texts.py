from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.dialects.stream_chat.strategies import any_json
from streamchat_conformance.strategies import is_json, json_text, json_texts, raw_json_texts

if TYPE_CHECKING:
    from collections.abc import Callable

PROPERTY = settings(deadline=None)

Json: TypeAlias = Any
"""Any JSON value."""

spellings = st.integers(0, 2**64 - 1)


def typed(value: Json) -> Json:
    """Return a form of a JSON value in which `True` and 1 differ, and 1 and 1.0 do not."""
    match value:
        case list():
            return ("array", [typed(item) for item in value])
        case dict():
            return ("object", {name: typed(item) for name, item in value.items()})
        case bool() | None | str():
            return (type(value).__name__, value)
    return ("number", value)


@PROPERTY
@given(any_json(), spellings)
def test_every_spelling_means_the_same_value(value: Json, spelling: int) -> None:
    text = json_text(value, spelling=spelling)
    assert is_json(text)
    assert typed(json.loads(text)) == typed(value)


@PROPERTY
@given(any_json())
def test_the_first_spelling_is_what_an_encoder_writes(value: Json) -> None:
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert json_text(value) == compact.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "spelling"),
    [
        ("\U0001f600", rb'"\ud83d\ude00"'),
        ("\U0001f600", rb'"\uD83D\uDE00"'),
        ("\U0001f600", '"\U0001f600"'.encode()),
        ("\n", rb'"\n"'),
        ("\n", rb'"\u000a"'),
        ("\n", rb'"\u000A"'),
        ("/", rb'"\/"'),
        (10, b"10.0"),
        (10, b"10e0"),
        (10, b"100E-1"),
        ([], b"[ ]"),
        ({}, b"{\n}"),
        (None, b"\r\nnull"),
    ],
)
def test_spellings_find_each_legal_form(
    minimal: Callable[..., Any], value: Json, spelling: bytes
) -> None:
    assert spelling in minimal(json_texts(value), lambda text: spelling in text)


def test_spellings_find_another_order_of_members(minimal: Callable[..., Any]) -> None:
    found = minimal(json_texts({"a": 1, "b": 2}), lambda text: text.index(b"b") < text.index(b"a"))
    assert json.loads(found) == {"a": 1, "b": 2}


def test_a_small_spelling_is_odd_in_one_place_only() -> None:
    assert json_text({"a": [1], "b": 2}, spelling=1) == b' {"a":[1],"b":2}'
    assert json_text({"a": [1], "b": 2}, spelling=6) == b'{"b":2,"a":[1]}'


def test_spellings_shrink_to_the_compact_one(minimal: Callable[..., Any]) -> None:
    assert minimal(json_texts({"a": ["\n", 1.5]})) == rb'{"a":["\n",1.5]}'


def test_a_lone_surrogate_is_always_escaped() -> None:
    assert json_text("\ud83d") == rb'"\ud83d"'


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_has_no_spelling(number: float) -> None:
    with pytest.raises(ValueError, match="JSON has no number"):
        json_text([number])


def test_what_is_no_json_value_has_no_spelling() -> None:
    with pytest.raises(TypeError, match="set is no JSON value"):
        json_text({"a": {1}})


@PROPERTY
@given(raw_json_texts())
def test_raw_texts_are_json(text: bytes) -> None:
    assert is_json(text)
    json.loads(text)


def test_raw_texts_find_the_same_name_twice(sample: Callable[..., list[bytes]]) -> None:
    def repeated(text: bytes) -> set[str]:
        names: list[str] = []
        json.loads(text, object_pairs_hook=lambda pairs: names.extend(name for name, _ in pairs))
        return {name for name in names if names.count(name) > 1}

    drawn = [text for text in sample(raw_json_texts()) if len(text) < 60]
    assert {"a", "", "role"} <= {name for text in drawn for name in repeated(text)}
    assert any("a" in repeated(text) and rb'"\u0061"' in text for text in drawn)

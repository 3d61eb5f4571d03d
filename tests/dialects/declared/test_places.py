"""Where the makers of generated servers put values."""

from __future__ import annotations

from typing import Any

import pytest
from streamchat_fixtures.control.json_text import decode
from streamchat_fixtures.declared.places import fits, put


@pytest.mark.parametrize(
    ("value", "pointer", "made"),
    [
        ({}, "/a/b", {"a": {"b": 1}}),
        ({"a": []}, "/a/b", {"a": {"b": 1}}),
        ({"a": []}, "/a/0", {"a": [1]}),
        ({"a": "x"}, "/a/0/b", {"a": {"0": {"b": 1}}}),
        ({}, "/a/*/b", {"a": [{"b": 1}]}),
        ([], "", 1),
    ],
)
def test_a_value_is_put_where_something_else_stands(value: Any, pointer: str, made: Any) -> None:
    assert put(value, pointer, 1) == made


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("3", {"integer", "number", "any"}),
        ("-" + "9" * 5000, {"integer", "number", "any"}),
        ("0.5", {"number", "any"}),
        ("true", {"boolean", "any"}),
        ('"x"', {"string", "any"}),
    ],
)
def test_a_value_of_a_request_is_of_its_types(text: str, types: set[str]) -> None:
    names = ("string", "array", "object", "number", "integer", "boolean", "null", "any")
    assert {name for name in names if fits(decode(text), name)} == types

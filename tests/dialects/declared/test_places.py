"""Where the makers of generated servers put values."""

from __future__ import annotations

from typing import Any

import pytest
from streamchat_fixtures.declared.places import put


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

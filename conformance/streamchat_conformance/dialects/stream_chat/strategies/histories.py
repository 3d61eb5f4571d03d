"""Histories, and the JSON values that may stand in one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.strategies import json_values, prompts

__all__ = [
    "NAMED_LIKE_PROTOTYPES",
    "ODDLY_NAMED",
    "any_histories",
    "any_json",
    "histories",
    "json_values_within_doubles",
]

_OWN_NAMES = ("prompt", "history", "response")

_ROLES = ("user", "assistant", "system")

NAMED_LIKE_PROTOTYPES: list[Any] = [
    {"role": "user", "content": "Hi", "__proto__": {"a": 1}},
    {"constructor": {"prototype": {"a": 1}}, "__proto__": "x"},
    {"a": [{"__proto__": None, "constructor": "x"}]},
]
"""A history with names that JavaScript's objects give a meaning of their own."""
_ODD_NAMES = (
    "prototype", "toString", "valueOf", "hasOwnProperty", "toJSON", "__class__", "__dict__",
    "__init__", "__defineGetter__", "__v", "_id", "length", "name", "then", "$ref", "$schema",
    "$where", "$type", "@type", "#text", "0", "1", "-1", "01", "", " ", "a.b", "a[0]", "a/b", "~1",
    "null", "undefined", "NaN", "true", "id", "data", "event", "retry", "class", "self", "keys",
)  # fmt: skip
ODDLY_NAMED: list[Any] = [
    {name: f"of {name}" for name in _ODD_NAMES},
    {"role": "user", "content": "Hi", "metadata": dict.fromkeys(reversed(_ODD_NAMES), 1)},
]
"""A history with names that one language or store or another takes for its own."""


def histories(*, max_items: int = 3) -> st.SearchStrategy[list[Any]]:
    """Draw histories that every server must take: strings and `{"role", "content"}` objects.

    At most `max_items` items. Shrinks to `[]`, then to short strings.
    """
    text = prompts(max_size=20)
    message = st.builds(
        lambda role, content: {"role": role, "content": content}, st.sampled_from(_ROLES), text
    )
    return st.lists(st.one_of(text, message), max_size=max_items)


def any_histories(*, max_items: int = 3, max_depth: int = 3) -> st.SearchStrategy[list[Any]]:
    """Draw lists of any JSON values (see `any_json`)."""
    return st.lists(any_json(max_depth=max_depth), max_size=max_items)


def any_json(*, max_depth: int = 3) -> st.SearchStrategy[Any]:
    """Draw any JSON value, names of this endpoint's members among its names."""
    return json_values.any_json(max_depth=max_depth, names=_OWN_NAMES)


def json_values_within_doubles(*, max_depth: int = 3) -> st.SearchStrategy[Any]:
    """Draw such values whose every number is a double, and whose integers are at most 2**53."""
    return json_values.json_values_within_doubles(max_depth=max_depth, names=_OWN_NAMES)

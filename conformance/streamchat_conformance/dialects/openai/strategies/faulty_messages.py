"""Messages with one fault each: all else in the request is right."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.dialects.chat_messages.requests import user

_scalars = st.none() | st.booleans() | st.integers(-10, 10**6) | st.text(max_size=12)


def bodies_without_messages() -> st.SearchStrategy[Any]:
    """Return what stands in place of an array of messages."""
    objects = st.dictionaries(st.text(max_size=8), _scalars, max_size=2)
    return _scalars | st.floats(allow_nan=False, allow_infinity=False) | objects


def strange_messages() -> st.SearchStrategy[list[Any]]:
    """Return arrays of which one item is no object."""
    odd = _scalars | st.lists(_scalars, max_size=2)

    def placed(parts: tuple[int, int, Any]) -> list[Any]:
        before, after, item = parts
        return [user("Hi")] * before + [item] + [user("Hi")] * after

    return st.tuples(st.integers(0, 2), st.integers(0, 2), odd).map(placed)


def lax_bodies() -> st.SearchStrategy[list[Any]]:
    """Return arrays of messages of which one lacks its role, or has content of another type."""
    no_role = st.text(max_size=12).map(lambda text: {"content": text})
    contents: st.SearchStrategy[Any] = st.booleans() | st.integers(-10, 10**6)
    contents = contents | st.just({}) | st.just({"text": "Hi"})
    return (no_role | contents.map(user)).map(lambda message: [message])

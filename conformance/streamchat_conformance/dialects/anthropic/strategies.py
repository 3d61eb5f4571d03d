"""Requests of Anthropic Messages that are generated: histories, and messages with one fault."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.dialects.chat_messages.requests import Turn, assistant, user
from streamchat_conformance.strategies import prompts

_scalars = st.none() | st.booleans() | st.integers(-10, 10**6) | st.text(max_size=12)


def _texts() -> st.SearchStrategy[str]:
    return prompts(max_size=20).map(lambda text: f"a{text}")


def histories() -> st.SearchStrategy[tuple[Turn, ...]]:
    """Return histories of turns of a user and a model, and a last message of the user."""

    def joined(parts: tuple[list[tuple[str, str]], str]) -> tuple[Turn, ...]:
        turns, last = parts
        pairs = [(user(said), assistant(answered)) for said, answered in turns]
        return (*(turn for pair in pairs for turn in pair), user(last))

    turns = st.lists(st.tuples(_texts(), _texts()), min_size=1, max_size=3)
    return st.tuples(turns, _texts()).map(joined)


def not_messages() -> st.SearchStrategy[Any]:
    """Return what stands in place of an array of messages."""
    return _scalars | st.dictionaries(st.text(max_size=8), _scalars, max_size=2)


def invalid_messages() -> st.SearchStrategy[list[Any]]:
    """Return arrays of which one item is no object, or has a role that nobody knows."""
    roles = st.sampled_from(["nobody", "User", "", "human", "bot"])
    strange = roles.map(lambda role: {"role": role, "content": "Hi"})
    return st.lists(_scalars | strange, min_size=1, max_size=2)

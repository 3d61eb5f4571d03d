"""Text that comes in several elements of an array: all of them, but those that are marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamchat_conformance.dialects.declared.pointers import found, found_with_parent


def drafted_text(place: str | None, values: Sequence[Any]) -> tuple[str | None, dict[str, Any]]:
    """Return where the text of events stands, and what stands next to what is none of it.

    `place` leads to one text of each event, such as `/parts/0/text`. Where events have several
    elements there, it is `/parts/*/text`, and a mark of some of them, such as `"thought": true`,
    sets those apart.
    """
    for at in _starred(place or ""):
        around = [each for value in values for each in found_with_parent(value, at)]
        texts = [(parent, text) for parent, text in around if isinstance(text, str)]
        several = any(len(found(value, at)) > 1 for value in values)
        if several and len(texts) == len(around):
            return at, _mark([parent for parent, _ in texts if isinstance(parent, dict)])
    return place, {}


def text_at(value: Any, place: str, unless: Mapping[str, Any]) -> list[str]:
    """Return the text of one event, whole; none where it has none."""
    texts = [
        text
        for parent, text in found_with_parent(value, place)
        if isinstance(text, str)
        and not (unless and isinstance(parent, dict) and unless.items() <= parent.items())
    ]
    return ["".join(texts)] if texts else []


def _starred(place: str) -> list[str]:
    """Return a place with `*` for one of its numbers, in turn."""
    tokens = place.split("/")
    return [
        "/".join([*tokens[:at], "*", *tokens[at + 1 :]])
        for at, token in enumerate(tokens)
        if token.isdigit()
    ]


def _mark(parents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the member that is true next to some texts, and absent or false next to the others."""
    for name in {name: None for parent in parents for name in parent}:
        marked = [parent.get(name) is True for parent in parents]
        plain = all(parent.get(name) in (None, False, True) for parent in parents)
        if plain and any(marked) and not all(marked):
            return {name: True}
    return {}

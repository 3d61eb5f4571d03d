"""JSON pointers (RFC 6901) with `*` for each element of an array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.dialects.declared.declaration import ABSENT, NON_NULL

TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "number": (int, float, Decimal),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
    "any": (object,),
}
"""The words for types, as a file writes them."""


def tokens_of(pointer: str) -> list[str]:
    """Return the steps of a pointer. Raises ValueError for text that is none."""
    if pointer and not pointer.startswith("/"):
        raise ValueError("a JSON pointer begins with '/'")
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def found(value: Any, pointer: str) -> list[Any]:
    """Return the values that stand at a pointer; none where it leads nowhere."""
    return [inner for _, inner in found_with_parent(value, pointer)]


def found_with_parent(value: Any, pointer: str) -> list[tuple[Any, Any]]:
    """Return (the value around it, the value) for each value that stands at a pointer."""
    at: list[tuple[Any, Any]] = [(None, value)]
    for token in tokens_of(pointer):
        at = [(inner, below) for _, inner in at for below in _step(inner, token)]
    return at


def _step(value: Any, token: str) -> Iterator[Any]:
    if isinstance(value, dict):
        if token in value:
            yield value[token]
    elif isinstance(value, list):
        if token == "*":
            yield from value
        elif token.isascii() and token.isdigit() and len(token) < 7 and int(token) < len(value):
            yield value[int(token)]


def pointers_in(value: Any, at: str = "") -> list[str]:
    """Return the pointers to everything in a JSON value, from the outside in."""
    if isinstance(value, dict):
        inner = {name.replace("~", "~0").replace("/", "~1"): each for name, each in value.items()}
    elif isinstance(value, list):
        inner = {str(number): each for number, each in enumerate(value)}
    else:
        return []
    places = [f"{at}/{name}" for name in inner]
    return [
        *places,
        *(
            below
            for place, each in zip(places, inner.values(), strict=True)
            for below in pointers_in(each, place)
        ),
    ]


def is_of(value: Any, types: tuple[str, ...]) -> bool:
    """Return whether a JSON value is of one of these types; true is no number."""
    return any(
        isinstance(value, TYPES[name])
        and (not isinstance(value, bool) or name in ("boolean", "any"))
        for name in types
    )


def kind_word(value: Any) -> str | None:
    """Return the value that says an event's kind as a file writes it; None for no literal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def holds(value: Any, conditions: Mapping[str, Any]) -> bool:
    """Return whether all conditions hold; of several values at a pointer one is enough."""
    return all(_holds(found(value, pointer), wanted) for pointer, wanted in conditions.items())


def _holds(values: list[Any], wanted: Any) -> bool:
    if wanted == ABSENT:
        return not values
    if wanted == NON_NULL:
        return any(value is not None for value in values)
    return any(same_json_value(wanted, value, exact=False) is None for value in values)


def one_of(value: Any, literals: tuple[Any, ...]) -> bool:
    """Return whether a JSON value is one of these literals."""
    return any(same_json_value(each, value, exact=False) is None for each in literals)


def with_value(value: Any, pointer: str, new: Any) -> Any:
    """Return a copy with another value at a pointer without `*`; `...` takes it out."""
    tokens = tokens_of(pointer)
    if not tokens:
        return new
    token, below = tokens[0], "".join(f"/{part}" for part in pointer.split("/")[2:])
    if isinstance(value, dict):
        if not below and new is ...:
            return {name: inner for name, inner in value.items() if name != token}
        return {**value, token: with_value(value.get(token, {}), below, new)}
    if isinstance(value, list) and token.isdigit() and int(token) < len(value):
        at = int(token)
        if not below and new is ...:
            return [*value[:at], *value[at + 1 :]]
        return [*value[:at], with_value(value[at], below, new), *value[at + 1 :]]
    return value

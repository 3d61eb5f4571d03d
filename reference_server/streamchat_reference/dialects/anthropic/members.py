"""Reading the members of a request's JSON object, each with its type and its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_reference.dialects.anthropic.refusals import MessageRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_reference.lossless_json import PlainJson


def boolean(members: Mapping[str, PlainJson], name: str) -> bool:
    """Return true or false; an absent one is false."""
    value = members.get(name, False)
    if not isinstance(value, bool):
        raise MessageRefusedError(f"{name}: Input should be a valid boolean")
    return value


def integer(members: Mapping[str, PlainJson], name: str, least: int) -> int | None:
    """Return an integer that is not below `least`, or None where it is absent."""
    if name not in members:
        return None
    value = members[name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 1.0 is an integer too
    if isinstance(value, bool) or not isinstance(value, int):
        raise MessageRefusedError(f"{name}: Input should be a valid integer")
    if value < least:
        raise MessageRefusedError(f"{name}: Input should be greater than or equal to {least}")
    return value


def number(members: Mapping[str, PlainJson], name: str) -> int | float | None:
    """Return a number from 0 to 1, or None where it is absent."""
    if name not in members:
        return None
    value = members[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MessageRefusedError(f"{name}: Input should be a valid number")
    if not 0 <= value <= 1:
        raise MessageRefusedError(f"{name}: Input should be from 0 to 1")
    return value

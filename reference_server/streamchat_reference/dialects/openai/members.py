"""Reading the members of a request's JSON object, each with its type and its limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_reference.dialects.openai.refusals import CompletionRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_reference.lossless_json import PlainJson


def boolean(members: Mapping[str, PlainJson], name: str, *, default: bool) -> bool:
    """Return true or false; absent and null are the same."""
    value = members.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise CompletionRefusedError(f"'{name}' must be a boolean", name)
    return value


def integer(
    members: Mapping[str, PlainJson], name: str, least: int | None = None, most: int | None = None
) -> int | None:
    """Return an integer within its limits, or None; absent and null are the same."""
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 1.0 is an integer too
    if isinstance(value, bool) or not isinstance(value, int):
        raise CompletionRefusedError(f"'{name}' must be an integer", name)
    if (least is not None and value < least) or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise CompletionRefusedError(f"'{name}' must be {limits}", name)
    return value


def number(
    members: Mapping[str, PlainJson], name: str, least: float, most: float
) -> int | float | None:
    """Return a number within its limits, or None; absent and null are the same."""
    value = members.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CompletionRefusedError(f"'{name}' must be a number", name)
    if not least <= value <= most:
        raise CompletionRefusedError(f"'{name}' must be from {least:g} to {most:g}", name)
    return value

"""JSON values compared as values: the types, paths and numbers of RFC 8259."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOWN_CHARACTERS: Final = 80
"""How much of a value a message shows."""
CONTEXT_CHARACTERS: Final = 20
"""How much of two strings a message shows before the place where they part."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


class Absent(Enum):
    """Stands for a member or item that one side lacks."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

# In Python a bool is an int; it is asked for first.
_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "boolean": bool,
    "number": (int, float, Decimal),
    "object": dict,
    "array": (list, tuple),
    "null": type(None),
    "absent": Absent,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where a received value is not the one sent.

    `path` is written like `$.history[0].role`, or `$["a b"]` for other names. A side that lacks
    the member or item has `ABSENT`.
    """

    path: str
    sent: object
    received: object
    reason: str

    def __str__(self) -> str:
        sent, received = self.shown()
        return f"{self.path}: {self.reason}: sent {sent}, received {received}"

    def shown(self) -> tuple[str, str]:
        """Return what was sent and what was received, as JSON; of strings where they part."""
        sent, received = self.sent, self.received
        if not (isinstance(sent, str) and isinstance(received, str)):
            return show(sent), show(received)
        pairs = enumerate(zip(sent, received, strict=False))
        parted = next((at for at, (one, other) in pairs if one != other), 0)
        start = max(0, parted - CONTEXT_CHARACTERS)
        before = "…" if start else ""
        return before + show(sent[start:]), before + show(received[start:])


def show(value: object) -> str:
    """Return a value as JSON text for people: ASCII, at most `SHOWN_CHARACTERS` long."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, list | tuple | dict):
        kind = "object" if isinstance(value, dict) else "array"
        return f"an {kind} of {len(value)}"
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        # str() refuses ints of thousands of digits, Decimal does not.
        text = str(Decimal(value))
    elif isinstance(value, str):
        text = json.dumps(value[: SHOWN_CHARACTERS + 1])
    else:
        text = json.dumps(value, default=repr)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def member_path(path: str, name: str) -> str:
    """Return the path of a member of the object at `path`."""
    return f"{path}.{name}" if _PLAIN_NAME.fullmatch(name) else f"{path}[{json.dumps(name)}]"


def walk(value: object) -> Iterator[tuple[str, object]]:
    """Yield each value within `value` and itself with its path, in document order, iteratively."""
    stack = [("$", value)]
    while stack:
        path, inner = stack.pop()
        yield path, inner
        if isinstance(inner, dict):
            below = [(member_path(path, name), member) for name, member in inner.items()]
        elif isinstance(inner, list | tuple):
            below = [(f"{path}[{index}]", item) for index, item in enumerate(inner)]
        else:
            continue
        stack.extend(reversed(below))


def same_json_value(sent: object, received: object, *, exact: bool) -> Difference | None:
    """Return the first difference between two JSON values, or None when they are the same.

    Raises TypeError for what is no JSON value at all.

    Both are values such as `read_json` gives, or Python's own (a float stands for the number
    that `json.dumps` writes for it). Members may come in any order; strings are equal code point
    for code point; types count, so `true` is not 1, but 1 and 1.0 are one number.

    Without `exact`, numbers are the same when they are the same double (RFC 7493 §2.2). One that
    no double holds, such as 1e400, need not come back: any number or null may stand for it. With
    `exact`, numbers are the same in every digit, and the sign of a zero counts.
    """
    stack = [("$", sent, received)]
    while stack:
        path, one, other = stack.pop()
        kind = _kind(one)
        if kind != _kind(other):
            if other is None and not exact and kind == "number" and _is_beyond_doubles(one):
                continue
            return Difference(path, one, other, _kind_differs(one, other))
        if isinstance(one, dict) and isinstance(other, dict):
            names = [*one, *(name for name in other if name not in one)]
            below = [
                (member_path(path, name), one.get(name, ABSENT), other.get(name, ABSENT))
                for name in names
            ]
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple):
            below = [
                (
                    f"{path}[{index}]",
                    one[index] if index < len(one) else ABSENT,
                    other[index] if index < len(other) else ABSENT,
                )
                for index in range(max(len(one), len(other)))
            ]
        elif kind == "number":
            if reason := _number_differs(one, other, exact=exact):
                return Difference(path, one, other, reason)
            continue
        elif one != other:
            return Difference(path, one, other, f"another {kind}")
        else:
            continue
        stack.extend(reversed(below))
    return None


def _kind(value: object) -> str:
    for kind, types in _KINDS.items():
        if isinstance(value, types):
            return kind
    raise TypeError(f"a JSON value is not of type {type(value).__name__}")


def _kind_differs(sent: object, received: object) -> str:
    if sent is ABSENT:
        return "was not sent"
    if received is ABSENT:
        return "is missing"
    kind = _kind(sent)
    if kind == "null":
        return "not null"
    return f"not an {kind}" if kind in ("object", "array") else f"not a {kind}"


def _number_differs(sent: Any, received: Any, *, exact: bool) -> str | None:
    if exact:
        one, other = _exact(sent), _exact(received)
        if one != other:
            return "another number"
        return "another sign of zero" if one.is_signed() != other.is_signed() else None
    if _is_beyond_doubles(sent) or _double(sent) == _double(received):
        return None
    return "another number, even as a double"


def _exact(number: float | Decimal) -> Decimal:
    """Return the number that JSON text shows for it: repr() is what `json.dumps` writes."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _double(number: float | Decimal) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _is_beyond_doubles(number: Any) -> bool:
    return math.isinf(_double(number))

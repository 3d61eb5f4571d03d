"""JSON as RFC 8259 writes it: what Python's `json` lets pass is reported, and nothing raises.

Values are Python's, but for numbers, which are kept exactly: digits alone give an int (beyond
`INT_DIGITS`, and for `-0`, a Decimal), a fraction or exponent gives a Decimal. Floats occur only
as what NaN and Infinity stand for, which is not JSON and an error.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from streamchat_conformance.core.json_value import walk

MAX_DEPTH: Final = 400
"""Deepest nesting that is read. Fixed, so that it does not hang on the caller's stack."""

INT_DIGITS: Final = 4000
"""Longest number given as an int: Python itself refuses to convert ones of over 4,300 digits."""

_SPACE = " \t\r\n"
_STRING = r'"(?:[^"\\]|\\.)*+"?'
_BRACKETS = re.compile(rf"{_STRING}|([\[{{])|([\]}}])", re.DOTALL)
_NON_FINITE = re.compile(rf"{_STRING}|(NaN|-?Infinity)", re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]", re.ASCII)


@dataclass(frozen=True, slots=True)
class JsonError:
    """Why a text is not JSON. `offset` counts bytes of bytes, characters of a str."""

    message: str
    offset: int


@dataclass(frozen=True, slots=True)
class JsonReading:
    """What a text says as JSON, and what is wrong with it."""

    value: Any
    """The value; None when it could not be read. Of members of one name the last is kept."""
    error: JsonError | None = None
    """Why the text is not JSON. With NaN or Infinity the value is given nevertheless."""
    duplicate_names: tuple[str, ...] = ()
    """Names that occur twice in one object, each once (RFC 8259 §4, RFC 7493 §2.3)."""
    non_finite: tuple[str, ...] = ()
    """The literals NaN, Infinity and -Infinity in the order met (RFC 8259 §6 has none)."""
    lone_surrogates: tuple[str, ...] = ()
    """Paths of strings and names with half a surrogate pair (RFC 8259 §8.2, RFC 7493 §2.1)."""
    too_deep: bool = False
    """True when the error is the suite's own limit `MAX_DEPTH`: the text may well be JSON."""


def read_json(data: bytes | str) -> JsonReading:
    """Read one JSON text (RFC 8259). Never raises; see `JsonReading.error`."""
    if isinstance(data, str):
        return _read(data)
    try:
        # Between systems JSON is UTF-8, and a byte order mark must not be added (§8.1).
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return JsonReading(None, JsonError(f"not UTF-8: {error.reason}", error.start))
    reading = _read(text)
    if reading.error is None:
        return reading
    offset = len(text[: reading.error.offset].encode("utf-8"))
    return JsonReading(
        reading.value,
        JsonError(reading.error.message, offset),
        reading.duplicate_names,
        reading.non_finite,
        reading.lone_surrogates,
        reading.too_deep,
    )


def _read(text: str) -> JsonReading:
    if text.startswith("\ufeff"):
        return JsonReading(None, JsonError("begins with a byte order mark", 0))
    if (offset := _too_deep_at(text)) is not None:
        return _too_deep(offset)
    try:
        value = _DECODER.decode(text)
    except (_Irregular, ValueError, RecursionError):
        return _read_irregular(text)
    return JsonReading(value, lone_surrogates=tuple(_lone_surrogates(text, value)))


def _read_irregular(text: str) -> JsonReading:
    """Read a text that is no JSON, or is so only loosely, and say what is wrong with it."""
    duplicates: dict[str, None] = {}
    non_finite: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            counts = Counter(name for name, _ in pairs)
            duplicates.update((name, None) for name, count in counts.items() if count > 1)
        return found

    def constant(literal: str) -> float:
        non_finite.append(literal)
        return float(literal)

    try:
        value = json.loads(
            text,
            object_pairs_hook=members,
            parse_int=_integer,
            parse_float=_decimal,
            parse_constant=constant,
        )
    except json.JSONDecodeError as error:
        return JsonReading(None, JsonError(_plainly(error), error.pos))
    except RecursionError:
        return _too_deep(0)
    return JsonReading(
        value,
        _non_finite_error(text) if non_finite else None,
        tuple(duplicates),
        tuple(non_finite),
        tuple(_lone_surrogates(text, value)),
    )


class _Irregular(Exception):  # noqa: N818 - what it says is found out by reading again
    """A text has a name twice in one object, or a number that JSON does not have."""


def _regular_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Irregular
    return found


def _no_constant(_literal: str) -> float:
    raise _Irregular


def _plainly(error: json.JSONDecodeError) -> str:
    if error.msg == "Extra data":
        return "more text follows the JSON value"
    if not error.doc.strip(" \t\r\n"):
        return "there is no JSON value"
    message = error.msg.removesuffix(" at").removesuffix(" starting")
    return message[:1].lower() + message[1:]


def _integer(digits: str) -> int | Decimal:
    return Decimal(digits) if len(digits) > INT_DIGITS or digits == "-0" else int(digits)


def _decimal(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        # The exponent is beyond what even Decimal holds (18 digits): no reader distinguishes these.
        mantissa, _, exponent = digits.lower().partition("e")
        vanishes = exponent.startswith("-") or not Decimal(mantissa)
        sign = "-" if digits.startswith("-") else ""
        return Decimal(f"{sign}0" if vanishes else f"{sign}Infinity")


def _too_deep(offset: int) -> JsonReading:
    error = JsonError(f"nesting too deep: more than {MAX_DEPTH} levels", offset)
    return JsonReading(None, error, too_deep=True)


def _too_deep_at(text: str) -> int | None:
    """Return where nesting passes MAX_DEPTH. Few texts have brackets enough to need a look."""
    # What does not begin with a bracket has no nesting, or is no JSON from its beginning.
    if text.lstrip(_SPACE)[:1] not in ("[", "{"):
        return None
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return None
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[1]:
            depth += 1
            if depth > MAX_DEPTH:
                return match.start()
        elif match[2]:
            depth -= 1
    return None


def _non_finite_error(text: str) -> JsonError:
    match = next(match for match in _NON_FINITE.finditer(text) if match[1])
    return JsonError(f"{match[1]} is not a JSON number", match.start())


def _lone_surrogates(text: str, value: object) -> list[str]:
    if not _ESCAPED_SURROGATE.search(text) and not _SURROGATE.search(text):
        return []
    found = []
    for path, inner in walk(value):
        strings = [inner] if isinstance(inner, str) else inner if isinstance(inner, dict) else ()
        if any(_SURROGATE.search(string) for string in strings):
            found.append(path)
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_regular_members,
    parse_int=_integer,
    parse_float=_decimal,
    parse_constant=_no_constant,
)
"""Reads what is JSON without a fault. One for all texts: to make one costs as much as to use it."""

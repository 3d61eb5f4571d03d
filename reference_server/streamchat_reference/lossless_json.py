"""Lossless JSON: it survives a round trip exactly, and numbers keep their digits.

`json` turns 12345678901234567890.10 into the nearest double, and -0 into 0; an echo made of
such values differs from what was sent. Here a number is kept as the text it was written in
(RFC 8259, section 6, sets no range), and everything else as the common Python value.

Reading is strict where RFC 8259 and I-JSON (RFC 7493) are: no NaN or Infinity, no unpaired
surrogates, no byte order mark. A repeated member name keeps its last value, as most readers do,
so that what is written back never repeats a name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import NoReturn, TypeAlias, cast

DEPTH_LIMIT = 200
"""Arrays and objects may be nested this deep; deeper texts are refused, not crashed on."""

VALUES_LIMIT = 250_000
"""Most values that a text may hold: each takes far more memory than its text may have taken."""

PLAIN_INTEGER_DIGITS = 4_000
"""Longer integers become floats in `plain`: by default Python refuses to convert them."""


@dataclass(frozen=True, slots=True)
class LosslessNumber:
    """A JSON number as it was written."""

    text: str


Json: TypeAlias = "bool | LosslessNumber | str | list[Json] | dict[str, Json] | None"
"""What `read` returns: numbers are `LosslessNumber`s."""

PlainJson: TypeAlias = "bool | int | float | str | list[PlainJson] | dict[str, PlainJson] | None"
"""What `plain` returns: the types of the `json` module."""


class NotJsonError(ValueError):
    """The text is not the JSON that is wanted; the message is one clause, with no input in it."""


def is_json(media_type: str) -> bool:
    """Return whether a media type (lower case, no parameters) is JSON.

    That is `application/json`, or one with the structured suffix of RFC 6839, as in Flask.
    """
    return media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )


def read(body: bytes) -> Json:
    """Read one JSON text in UTF-8.

    Raises `NotJsonError` for anything else, however it was made: other encodings, bytes that
    are not UTF-8 (encoded surrogates among them), two texts, nesting beyond `DEPTH_LIMIT`,
    more values than `VALUES_LIMIT`.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise NotJsonError("it is not UTF-8") from None
    if text.startswith("\ufeff"):
        raise NotJsonError("it starts with a byte order mark")
    if _has_too_many_values(text):
        raise NotJsonError("it holds too many values")
    try:
        value = cast("Json", _DECODER.decode(text))
        _check(value, DEPTH_LIMIT)
    except RecursionError:
        raise NotJsonError("it is nested too deeply") from None
    except json.JSONDecodeError:
        raise NotJsonError("it is not well-formed JSON") from None
    return value


def write(value: Json) -> str:
    """Write `value` compactly in ASCII, numbers as they were read.

    All else being escaped, no character of a string can end a line of an event stream.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case LosslessNumber():
            return value.text
        case str():
            return encode_basestring_ascii(value)
        case list():
            return "[" + ",".join([write(item) for item in value]) + "]"
        case dict():
            members = [f"{encode_basestring_ascii(k)}:{write(v)}" for k, v in value.items()]
            return "{" + ",".join(members) + "}"


def plain(value: Json) -> PlainJson:
    """Return `value` with Python's numbers, as an answerer expects it.

    Precision is lost as `json` loses it: decimals become the nearest double, which may be infinite.
    """
    match value:
        case LosslessNumber():
            text = value.text
            is_integer = text.removeprefix("-").isdigit()
            return int(text) if is_integer and len(text) <= PLAIN_INTEGER_DIGITS else float(text)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(member) for name, member in value.items()}
        case _:
            return value


def _has_too_many_values(text: str) -> bool:
    """Count before anything is made of them: each value but the first follows `,`, `[` or `{`.

    These count outside strings only. A value has one string or, with a name, two at most.
    """
    if _count_beginnings(text, 0, len(text)) < VALUES_LIMIT:
        return False
    values = end = 0
    for strings, string in enumerate(_STRING.finditer(text)):
        values += _count_beginnings(text, end, string.start())
        end = string.end()
        if values >= VALUES_LIMIT or strings > 2 * VALUES_LIMIT:
            return True
    return values + _count_beginnings(text, end, len(text)) >= VALUES_LIMIT


def _count_beginnings(text: str, start: int, end: int) -> int:
    return text.count(",", start, end) + text.count("[", start, end) + text.count("{", start, end)


def _check(value: Json, depth: int) -> None:
    """Refuse unpaired surrogates and deep nesting, which Python's reader accepts."""
    match value:
        case str():
            _check_text(value)
        case list():
            _check_depth(depth)
            for item in value:
                _check(item, depth - 1)
        case dict():
            _check_depth(depth)
            for name, member in value.items():
                _check_text(name)
                _check(member, depth - 1)


def _check_depth(depth: int) -> None:
    if depth == 0:
        raise NotJsonError("it is nested too deeply")


def _check_text(text: str) -> None:
    # RFC 7493, section 2.1: strings must not hold surrogates that are not pairs. Only escapes
    # can bring them here, as the body was decoded strictly.
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise NotJsonError("a string holds half of a surrogate pair") from None


# An unfinished string goes on to the end, so that each character is looked at once.
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def _refuse_constant(_name: str) -> NoReturn:
    # RFC 8259, section 6: numbers that the grammar cannot express, such as NaN, are not permitted.
    raise NotJsonError("NaN and Infinity are not JSON numbers")


_DECODER = json.JSONDecoder(
    parse_int=LosslessNumber, parse_float=LosslessNumber, parse_constant=_refuse_constant
)

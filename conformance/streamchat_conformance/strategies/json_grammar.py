"""A recogniser of RFC 8259's grammar for JSON, and of nothing beyond it.

`json.loads` cannot be the judge here: it also takes `NaN` and `Infinity`, raw UTF-16, and raises
RecursionError on deep nesting. This one keeps its own stack and builds no values.
"""

from __future__ import annotations

import json
import re

__all__ = ["is_json", "json_tokens"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# RFC 8259 §2 (structural characters, whitespace, literal names), §6 (numbers), §7 (strings).
_STRING = r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*"'
_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_TOKEN = re.compile(rf"[{{}}\[\]:,]|{_STRING}|{_NUMBER}|true|false|null")
_TOKEN_OR_NON_FINITE = re.compile(rf"-Infinity|Infinity|NaN|{_TOKEN.pattern}")
_WHITESPACE = re.compile(r"[ \t\n\r]*")


def json_tokens(text: str, *, non_finite: bool = False) -> list[tuple[int, str]] | None:
    """Return the tokens of `text` with their offsets; None if something is no JSON token.

    With `non_finite`, `NaN`, `Infinity` and `-Infinity` are read as tokens too.
    """
    pattern = _TOKEN_OR_NON_FINITE if non_finite else _TOKEN
    tokens: list[tuple[int, str]] = []
    position = _skip_whitespace(text, 0)
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            return None
        tokens.append((position, match[0]))
        position = _skip_whitespace(text, match.end())
    return tokens


def is_json(body: bytes, *, non_finite: bool = False) -> bool:
    """Return whether `body` is one JSON text in UTF-8.

    A leading byte order mark is passed over: RFC 8259 §8.1 lets a parser ignore it, so it
    alone makes nothing malformed. With `non_finite`, the words that Python and JavaScript write
    for numbers that are not finite count as values; RFC 8259 §6 does not know them.
    """
    try:
        text = body.removeprefix(_BYTE_ORDER_MARK).decode("utf-8")
    except UnicodeDecodeError:
        return False
    if _is_none(text):
        return False
    tokens = json_tokens(text, non_finite=non_finite)
    return tokens is not None and _is_one_value([token for _, token in tokens])


def _is_none(text: str) -> bool:
    """Return whether not even Python's reader takes a text: it takes more than JSON, and is fast.

    What it takes is left to the grammar.
    """
    try:
        # Numbers stay texts: Python refuses to convert very long ones.
        json.loads(text, parse_int=str, parse_float=str)
    except RecursionError:
        return False
    except ValueError:
        return True
    return False


def _skip_whitespace(text: str, position: int) -> int:
    match = _WHITESPACE.match(text, position)
    return position if match is None else match.end()


def _is_one_value(tokens: list[str]) -> bool:
    """Return whether the tokens are one value: a pushdown automaton over kinds of token."""
    open_brackets: list[str] = []
    expected = "value"
    for token in tokens:
        kind = token if token in "{}[]:," else "string" if token[0] == '"' else "scalar"
        match expected, kind:
            case (("value" | "value or ]"), ("{" | "[")):
                open_brackets.append(kind)
                expected = "name or }" if kind == "{" else "value or ]"
            case (("value" | "value or ]"), ("string" | "scalar")):
                expected = "more" if open_brackets else "end"
            case (("name" | "name or }"), "string"):
                expected = "colon"
            case "colon", ":":
                expected = "value"
            case "more", ",":
                expected = "name" if open_brackets[-1] == "{" else "value"
            case (("name or }", "}") | ("value or ]", "]")) | ("more", ("}" | "]")):
                if open_brackets.pop() + kind not in {"{}", "[]"}:
                    return False
                expected = "more" if open_brackets else "end"
            case _:
                return False
    return expected == "end"

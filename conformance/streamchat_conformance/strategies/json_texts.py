"""The many legal spellings of one JSON value (RFC 8259)."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.strategies.json_values import any_json, exact_numbers

__all__ = ["json_text", "json_texts", "raw_json_texts"]

_SPELLING_BITS = 64
"""How many bits of one number choose the spelling."""

_WHITESPACE = ("", " ", "\n", "\t", "\r\n", "  \r \n\t")
_SHORT_ESCAPES = {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
    "/": "\\/",
}  # fmt: skip
_EXACT_INTEGER_LIMIT = 2**53


def json_texts(value: Any) -> st.SearchStrategy[bytes]:
    r"""Draw spellings of `value` as one JSON text in UTF-8.

    They differ in whitespace between tokens, in escapes (`\n`, `\u000a`, `\u000A`, surrogate
    pairs, or raw UTF-8), in the order of members, and in how numbers are written (`10`,
    `10.0`, `1e1`). Shrinks to the shortest spelling.
    """
    spellings = st.integers(0, 2**_SPELLING_BITS - 1)
    return spellings.map(lambda spelling: json_text(value, spelling=spelling))


def json_text(value: Any, *, spelling: int = 0) -> bytes:
    """Return one spelling of `value`; 0 is the compact one with as few escapes as may be.

    `spelling` is a number of up to 64 bits, from which each free choice takes its next. Lone
    surrogates in strings can only be escaped, and are. Raises ValueError on NaN, infinity and
    integers longer than `str` writes (4,300 digits), TypeError on what is no JSON value.
    """
    return _Speller(spelling).text(value).encode("utf-8")


@cache
def raw_json_texts() -> st.SearchStrategy[bytes]:
    """Draw JSON texts of any value, some of them such as no encoder writes.

    With the same name twice in an object, numbers that need exact arithmetic, odd whitespace.
    """
    spelt = st.builds(
        lambda value, spelling: json_text(value, spelling=spelling),
        any_json(),
        st.integers(0, 2**_SPELLING_BITS - 1),
    )
    names = st.sampled_from([b"a", b"", b"role", b"\\u0061"])
    return st.one_of(
        spelt,
        exact_numbers().map(lambda number: b"[%s]" % number.encode("ascii")),
        st.builds(
            lambda name, a, b: b'{"%s":%s,"%s":%s}' % (name, a, name, b), names, spelt, spelt
        ),
        st.builds(lambda a, b: b'{"a":%s,"\\u0061":%s}' % (a, b), spelt, spelt),
    )


class _Speller:
    """Writes one JSON text, taking its free choices from the bits of a number.

    A large number's bits are taken round and round; after those of a small one everything is
    spelt compactly, so that a shrunk example is odd in one place only.
    """

    def __init__(self, spelling: int) -> None:
        self._bits = self._spelling = spelling

    def text(self, value: Any) -> str:
        return self._space() + self._value(value) + self._space()

    def _value(self, value: Any) -> str:
        match value:
            case None | bool():
                return json.dumps(value)
            case str():
                return self._string(value)
            case int():
                return self._integer(value)
            case float():
                return self._float(value)
            case list() | tuple():
                items = [self._space() + self._value(item) + self._space() for item in value]
                return f"[{','.join(items) or self._space()}]"
            case dict():
                return self._object(value)
        raise TypeError(f"{type(value).__name__} is no JSON value")

    def _object(self, value: dict[str, Any]) -> str:
        # RFC 8259 §4: the order of members has no meaning.
        members = list(value.items())
        if self._choice(2):
            members.reverse()
        spelt = [
            f"{self._space()}{self._string(name)}{self._space()}:"
            f"{self._space()}{self._value(item)}{self._space()}"
            for name, item in members
        ]
        return f"{{{','.join(spelt) or self._space()}}}"

    def _string(self, value: str) -> str:
        return f'"{"".join(map(self._character, value))}"'

    def _character(self, character: str) -> str:
        code = ord(character)
        must_escape = code < 0x20 or character in '"\\' or 0xD800 <= code < 0xE000
        options = [] if must_escape else [character]
        if character in _SHORT_ESCAPES:
            options.append(_SHORT_ESCAPES[character])
        escape = _unicode_escape(character)
        options += [escape, escape.upper().replace("\\U", "\\u")]
        return options[self._choice(len(options))]

    def _integer(self, value: int) -> str:
        options = [str(value)]
        if 0 < abs(value) <= _EXACT_INTEGER_LIMIT:
            options += [f"{value}.0", f"{value}e0", f"{value}0E-1"]
        return options[self._choice(len(options))]

    def _float(self, value: float) -> str:
        if not math.isfinite(value):
            raise ValueError(f"JSON has no number {value}")
        options = [repr(value), f"{value:.17e}", f"{value:.17E}"]
        return options[self._choice(len(options))]

    def _space(self) -> str:
        return _WHITESPACE[self._choice(len(_WHITESPACE))]

    def _choice(self, count: int) -> int:
        if self._bits == 0 and self._spelling >= 2 ** (_SPELLING_BITS // 2):
            self._bits = self._spelling
        self._bits, chosen = divmod(self._bits, count)
        return chosen


def _unicode_escape(character: str) -> str:
    utf16 = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{utf16[at : at + 2].hex()}" for at in range(0, len(utf16), 2))

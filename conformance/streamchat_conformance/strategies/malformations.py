"""Bodies that are not JSON: a valid request with one fault in its grammar (RFC 8259).

Every body is UTF-8 and is checked by this package's own recogniser. What some readers take
for a number (`NaN`, `Infinity`) and what RFC 8259 lets a reader pass over (a byte order mark)
is no fault here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Final

from hypothesis import strategies as st

from streamchat_conformance.core.json_place import BodyPlaces
from streamchat_conformance.strategies.json_grammar import is_json, json_tokens

__all__ = ["malformed_bodies"]

_Malformation = Callable[[str, int], str]
"""From the text of a valid request, and a number that chooses the place and the fault."""

_BAD_WORDS = (
    "undefined", "None", "True", "FALSE", "nil", "yes", "hello", "Hello world", "[object Object]",
)  # fmt: skip
_BAD_NUMBERS = (
    "01", "+1", ".5", "5.", "1e", "1e+", "-", "--1", "-01", "0x1F", "1_000", "1,5.", "1.2.3", "1 2",
    "\u0663", "\uff11", "0b1", "1n",
)  # fmt: skip
_BAD_STRINGS = (
    "'hello'", '"hello', 'hello"', "`hello`", "\u201chello\u201d", r'"\x41"', r'"\a"', r'"\'"',
    r'"\u12"', r'"\u12G4"', r'"\u 041"', r'"\u{41}"', r'"\U0001F600"', '"\\\n"', '"a" "b"',
    '"a"+"b"', 'u"hello"', '"""hello"""',
    *(f'"a{chr(code)}b"' for code in range(0x20)),  # §7: control characters must be escaped
)  # fmt: skip
_BAD_NAMES = ("{0}", "'{0}'", "`{0}`", '"{0}', 'u"{0}"', '"\\{0}"')
_BAD_SPACE = (
    "//x\n", "/*x*/", "#x\n", "<!--x-->", "\v", "\f", "\x00", "\x85", "\u00a0", "\u2028", "\ufeff",
    "\u3000", ";", "\\", "\\n",
)  # fmt: skip
_BAD_TAILS = (
    ",", "}", "]", "{}", " null", "\nnull", "x", "\x00", ";", '"', "//x", "\x1a", "\r\n.\r\n",
)  # fmt: skip
_STRUCTURE_SWAPS = {
    "{": "[(", "}": "])", "[": "{(", "]": "})", ":": "=,;", ",": ";:.|",
}  # fmt: skip
_OTHER_FORMATS = (
    "{", " ", "\n", "x", "}", "[", '"', "Hello", "<request><text>Hello</text></request>",
    '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nHello\r\n--b--\r\n',
)  # fmt: skip
_WRAPPERS = (
    "data: {}\n\n", ")]}}'\n{}", "({})", "callback({})", "\x1e{}", "json={}",
    "text: Hello\nrest: {}\n",
)  # fmt: skip


def malformed_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw bodies that are UTF-8 but, by the grammar of RFC 8259, not JSON. Never empty.

    Shrinks to a short request with its fault.
    """
    said = st.builds(
        lambda place, text: place.filled(json.dumps(text).encode()).decode(),
        st.sampled_from(places.texts),
        st.text("ab\u00e9\n", max_size=4),
    )
    with_value = st.builds(
        lambda place, value: place.filled(value).decode(),
        st.sampled_from(places.values),
        st.sampled_from([b'"Hi"', b"1", b'{"a":null}', b"[true,-0.5]", b"[]"]),
    )
    changed = st.builds(
        lambda malform, text, spot: malform(text, spot).encode("utf-8"),
        st.sampled_from(_MALFORMATIONS),
        st.one_of(said, with_value),
        st.integers(0, 9_999),
    )
    filled = st.builds(
        lambda place, fault: place.filled(fault.encode("utf-8")),
        st.sampled_from((*places.values, *places.texts)),
        st.sampled_from((*_BAD_STRINGS, *_BAD_NUMBERS, *_BAD_WORDS)),
    )
    others = st.sampled_from(_OTHER_FORMATS).map(str.encode)
    bodies = st.one_of(others, changed, changed, changed, filled)
    # A change may by chance leave JSON (a comma taken out of `[1,2]`); this drops those.
    return bodies.filter(lambda body: body != b"" and not is_json(body, non_finite=True))


def _cut_short(text: str, spot: int) -> str:
    """Keep some of the front: no proper prefix of an object is JSON."""
    return text[: 1 + spot % (len(text) - 1)]


def _begin_late(text: str, spot: int) -> str:
    return text[1 + spot % (len(text) - 1) :]


def _add_tail(text: str, spot: int) -> str:
    tails = (*_BAD_TAILS, text, "\n" + text)
    return text + tails[spot % len(tails)]


def _add_trailing_comma(text: str, spot: int) -> str:
    closings = [at for at, token in _tokens(text) if token in "}]"]
    at = closings[spot % len(closings)]
    return f"{text[:at]},{text[at:]}"


def _add_leading_comma(text: str, spot: int) -> str:
    openings = [at for at, token in _tokens(text) if token in "{["]
    at = openings[spot % len(openings)] + 1
    return f"{text[:at]},{text[at:]}"


def _drop_structure(text: str, spot: int) -> str:
    at = _structure(text, spot)
    return text[:at] + text[at + 1 :]


def _double_structure(text: str, spot: int) -> str:
    at = _structure(text, spot)
    return text[:at] + text[at] + text[at:]


def _swap_structure(text: str, spot: int) -> str:
    at = _structure(text, spot)
    swaps = _STRUCTURE_SWAPS[text[at]]
    return text[:at] + swaps[spot // len(text) % len(swaps)] + text[at + 1 :]


def _use_bad_name(text: str, spot: int) -> str:
    tokens = _tokens(text)
    names = [
        (at, token[1:-1])
        for (at, token), (_, following) in pairwise(tokens)
        if following == ":" and token.startswith('"')
    ]
    at, name = names[spot // len(_BAD_NAMES) % len(names)]
    bad = _BAD_NAMES[spot % len(_BAD_NAMES)].format(name)
    return text[:at] + bad + text[at + len(name) + 2 :]


def _quote_singly(text: str, _spot: int) -> str:
    return text.replace('"', "'")


def _add_bad_space(text: str, spot: int) -> str:
    """Put between two tokens what is no whitespace in JSON."""
    places = [at for at, _ in _tokens(text)]
    at = places[spot % len(places)]
    return text[:at] + _BAD_SPACE[spot // len(text) % len(_BAD_SPACE)] + text[at:]


def _use_form(text: str, _spot: int) -> str:
    """Write the members as an HTML form would."""
    members = json.loads(text)
    return "&".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in members.items()
    )


def _use_arrows(text: str, _spot: int) -> str:
    return text.replace('":', '" =>')


def _wrap(text: str, spot: int) -> str:
    return _WRAPPERS[spot % len(_WRAPPERS)].format(text)


_MALFORMATIONS: Final[tuple[_Malformation, ...]] = (
    _cut_short,
    _add_trailing_comma,
    _add_tail,
    _use_bad_name,
    _add_leading_comma,
    _drop_structure,
    _double_structure,
    _swap_structure,
    _add_bad_space,
    _quote_singly,
    _begin_late,
    _use_form,
    _use_arrows,
    _wrap,
)


def _tokens(text: str) -> list[tuple[int, str]]:
    return json_tokens(text) or []


def _structure(text: str, spot: int) -> int:
    """Return the place of a bracket, comma or colon."""
    places = [at for at, token in _tokens(text) if token in "{}[]:,"]
    return places[spot % len(places)]

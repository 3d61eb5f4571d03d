"""Bodies that are not JSON, enumerated: one valid request, with each fault at each place.

What a lenient reader repairs, completes or passes over. Where `malformed_bodies` draws by chance,
this misses no place; RFC 8259 decides (`is_json`), so that nothing legal is among them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from streamchat_conformance.core.json_place import BodyPlaces
from streamchat_conformance.strategies.json_grammar import is_json, json_tokens

__all__ = ["corrupted_bodies"]

_NUMBERS = (
    "01", "-01", "00", "+1", ".5", "-.5", "5.", "1.e1", "1e", "1e+", "0x1", "0b1", "0o7", "1_000",
    "--1", "-", "1.2.3", "1n", "1f", "\u0661", "+Infinity", "-NaN", "nan", "inf", "infinity", "NAN",
    "1 000", "1,5.0.", "$1", "1%", "08", "-0x1",
)  # fmt: skip
_WORDS = (
    "True", "FALSE", "Null", "None", "nil", "undefined", "yes", "tru", "nul", "truefalse",
    "null1", "Hi", "new Date()", "function(){}", "/x/", "[...]", "*", "@x", "#x", "{{x}}",
)  # fmt: skip
_STRINGS = (
    "'Hi'", "`Hi`", "\u201cHi\u201d", "\u00abHi\u00bb", "Hi", 'Hi"', '"Hi', "\"Hi'", "'Hi\"",
    '""Hi""', '"Hi" "Ho"',
    '"Hi"+"Ho"', 'r"Hi"', '"""Hi"""', r'\"Hi\"', r'"\x41"', r'"\a"', r'"\v"', r'"\0"', r'"\'"',
    r'"\1"', r'"\u"', r'"\u1"', r'"\u12"', r'"\u123"', r'"\u12G4"', r'"\u{41}"', r'"\U00000041"',
    r'"\u+041"', r'"\ "', '"\\\n"', r'"\"', r'"\N{DASH}"', r'"\%41"',
    *(f'"a{chr(code)}b"' for code in range(0x20)),
)  # fmt: skip
_SPACES = (
    "//x\n", "/*x*/", "#x\n", "<!--x-->", "\v", "\f", "\x00", "\x85", "\u00a0", "\u2028", "\ufeff",
    "\u3000", "\u200b", "\\", "\\n", ";", ",", "\x1e", "--x\n",
)  # fmt: skip
_HEADS = (
    ",", "\x00", "x", "data: ", ")]}'\n", "while(1);", "(", "\x1e", "json", "```json\n", "= ", ";",
    "\u2028", "\u00a0", "\v",
)  # fmt: skip
_TAILS = (
    "x", ",", "}", "]", "{}", "[]", '""', "0", "null", " null", "\x00", "\x00\x00", ";", '"', "//x",
    "/*x*/", "#x", "\x1a", "\x04", ")", "\n```", "\n{}", "\r\n\r\n{}", "\u2028", "\ufeff", "\u00a0",
    "\v", "\f", "\\", ".", "&a=b", "\r\n.\r\n",
)  # fmt: skip
_SWAPS = {"{": "[(<", "}": "])>", "[": "{(<", "]": "})>", ":": "=,;", ",": ";:.|"}


PROBE = b"[1, true]"
"""What stands where any value may stand: a number and a word to spoil."""


_PROBE = PROBE.decode()


def corrupted_bodies(places: BodyPlaces) -> list[bytes]:
    """Return each body once, in rounds: the first few have a fault of every kind.

    Numbers and words stand in the place for values that a server looks at last.
    """
    valid = places.values[-1].filled(PROBE).decode()
    kinds = [
        list(kind(valid))
        for kind in (
            _cut_short, _without_ends, _with_tails, _with_commas, _without_structure,
            _with_structure_twice, _with_swaps, _with_strings, _with_names, _with_numbers,
            _with_words, _with_spaces, _with_heads, _unquoted,
        )
    ]  # fmt: skip
    longest = max(map(len, kinds))
    # Round after round takes the next of each kind, so that a few already show them all.
    mixed = (kind[at] for at in range(longest) for kind in kinds if at < len(kind))
    bodies = dict.fromkeys(text.encode("utf-8") for text in mixed)
    return [body for body in bodies if body and not is_json(body, non_finite=True)]


def _tokens(text: str) -> list[tuple[int, str]]:
    return json_tokens(text) or []


def _cut_short(text: str) -> Iterator[str]:
    """Cut at every character, from the end: what is missing there is the easiest to complete."""
    for end in range(len(text) - 1, 0, -1):
        yield text[:end]


def _without_ends(text: str) -> Iterator[str]:
    """Leave out closing brackets and quotes, with all that follows still there."""
    for at, token in reversed(_tokens(text)):
        if token in ("}", "]"):
            yield text[:at] + text[at + 1 :]
        elif token.startswith('"'):
            yield text[: at + len(token) - 1] + text[at + len(token) :]
            yield text[:at] + text[at + 1 :]


def _with_tails(text: str) -> Iterator[str]:
    yield text + text
    yield text + "\n" + text
    for tail in _TAILS:
        yield text + tail


def _with_heads(text: str) -> Iterator[str]:
    for head in _HEADS:
        yield head + text


def _with_commas(text: str) -> Iterator[str]:
    for at, token in reversed(_tokens(text)):
        if token in ("}", "]"):
            yield f"{text[:at]},{text[at:]}"
            yield f"{text[:at]}, {text[at:]}"
        elif token in ("{", "["):
            yield f"{text[: at + 1]},{text[at + 1 :]}"


def _without_structure(text: str) -> Iterator[str]:
    for at, token in reversed(_tokens(text)):
        if token in "{}[]:,":
            yield text[:at] + " " + text[at + 1 :]


def _with_structure_twice(text: str) -> Iterator[str]:
    for at, token in reversed(_tokens(text)):
        if token in "{}[]:,":
            yield text[:at] + token + text[at:]


def _with_swaps(text: str) -> Iterator[str]:
    for at, token in _tokens(text):
        for swap in _SWAPS.get(token, ""):
            yield text[:at] + swap + text[at + 1 :]


def _with_strings(text: str) -> Iterator[str]:
    values = _strings(text, names=False)
    for string in _STRINGS:
        for value in dict.fromkeys(values[:1] + values[-1:]):
            yield text.replace(value, string)


def _with_names(text: str) -> Iterator[str]:
    # The last one is the name of the probe.
    names = _strings(text, names=True)[:-1]
    for name in dict.fromkeys(names[:1] + names[-1:]):
        bare = name[1:-1]
        for other in (bare, f"'{bare}'", f"`{bare}`", f'"{bare}', f'{bare}"', f"${bare}"):
            yield text.replace(name, other)
        yield text.replace(name, f'"\\{bare}"')
    for name in ("1", "null", "true", "[]", "{}", "-1"):
        yield text.replace(names[-1], name)


def _strings(text: str, *, names: bool) -> list[str]:
    """Return the strings of a JSON text in order: the names of members, or the others."""
    tokens = [token for _, token in _tokens(text)]
    return [
        token
        for token, following in pairwise(tokens)
        if token.startswith('"') and (following == ":") is names
    ]


def _with_numbers(text: str) -> Iterator[str]:
    for number in _NUMBERS:
        yield text.replace(_PROBE, f"[{number}, true]")


def _with_words(text: str) -> Iterator[str]:
    for word in _WORDS:
        yield text.replace(_PROBE, f"[1, {word}]")


def _with_spaces(text: str) -> Iterator[str]:
    """Put between two tokens what is no white space in JSON, everywhere."""
    places = [at for at, _ in _tokens(text)]
    for step in range(len(places)):
        for number, space in enumerate(_SPACES):
            at = places[(number + step) % len(places)]
            yield text[:at] + space + text[at:]


def _unquoted(text: str) -> Iterator[str]:
    yield text.replace('"', "'")
    yield re.sub(r'"(\w+)":', r"\1:", text)
    yield re.sub(r'"(\w+)":', r"'\1':", text)
    yield text.replace('"', '\\"')
    yield text.replace('"', "&quot;")
    yield text.replace('"', "%22")

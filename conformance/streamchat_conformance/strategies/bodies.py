"""Bodies that a server must refuse, or at least survive: each a valid request but for one fault.

They are made from a valid body and its places, whatever the dialect.
"""

from __future__ import annotations

import codecs
import json
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.core.json_place import BodyPlaces, JsonPlace, with_member
from streamchat_conformance.strategies.json_texts import json_text, raw_json_texts
from streamchat_conformance.strategies.json_values import any_json, out_of_range_numbers
from streamchat_conformance.strategies.malformations import malformed_bodies
from streamchat_conformance.strategies.prompts import prompts

__all__ = [
    "NON_FINITE",
    "arbitrary_bodies",
    "deep_nesting",
    "huge_number",
    "lone_surrogate_bodies",
    "non_finite_bodies",
    "not_object_bodies",
    "not_utf8_bodies",
    "out_of_range_bodies",
    "spellings",
]

_NOT_UTF8 = (
    b"\xff",
    b"\x80",  # a continuation byte alone
    b"\xc3",  # a sequence cut short
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xe9",  # e acute in Latin-1
    b"\xc0\xaf",  # overlong forms
    b"\xc0\x80",
    b"\xe0\x80\xaf",
    b"\xf0\x80\x80\xaf",
    b"\xed\xa0\xbd",  # a surrogate alone
    b"\xed\xa0\xbd\xed\xb8\x80",  # a pair of them: CESU-8
    b"\xf4\x90\x80\x80",  # beyond U+10FFFF
    b"\xf8\x88\x80\x80\x80",
    b"\xfe\xff",
)

# Without a byte order mark it is the e acute that makes these bytes ill-formed as UTF-8.
_OTHER_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")

_LONE_SURROGATES = (
    r"\ud83d", r"\ude00", r"\uD800", r"\uDFFF", r"\ude00\ud83d", r"\ud83d\ud83d", r"\ud83d\u0041",
    r"\ud83d\\ude00", r"\udbff\n",
)  # fmt: skip

NON_FINITE = (b"NaN", b"Infinity", b"-Infinity")
"""What some encoders write for numbers that JSON does not have."""


def spellings(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw valid requests that say any text, in any legal spelling, the members in any order."""
    return st.builds(
        lambda place, text, spelling: json_text(
            json.loads(place.filled(json_text(text))), spelling=spelling
        ),
        st.sampled_from(places.texts),
        prompts(max_size=20),
        st.integers(0, 2**64 - 1),
    )


def not_object_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw JSON texts that are an array, a string, a number, a boolean or null."""
    values = any_json().filter(lambda value: not isinstance(value, dict)).map(json_text)
    requests = spellings(places)
    wrapped = st.one_of(
        requests.map(lambda body: b"[%s]" % body),
        requests.map(lambda body: json_text(body.decode("utf-8"))),
    )
    names = json_text(list(places.members))
    simple = st.sampled_from([b"[]", b'""', b"0", b"null", b"true", b"false", b"-1.5e3", names])
    return st.one_of(simple, values, wrapped)


def not_utf8_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw requests that are not UTF-8: a valid one with ill-formed bytes in a string or name.

    Or one in UTF-16 or UTF-32. Read with a lenient decoder each is a valid request.
    """
    text = st.text("ab\u00e9\U0001f600", max_size=3).map(str.encode)
    ill_formed = st.builds(
        lambda before, fault, after: b'"%s%s%s"' % (before, fault, after),
        text,
        st.sampled_from(_NOT_UTF8),
        text,
    )
    encoded = st.builds(
        lambda encoding, before, after: (
            places.texts[0].filled(b'"%s\xc3\xa9%s"' % (before, after)).decode().encode(encoding)
        ),
        st.sampled_from(_OTHER_ENCODINGS),
        text,
        text,
    )
    return st.one_of(
        *(ill_formed.map(place.filled) for place in (*places.texts, places.values[-1])),
        *(ill_formed.map(place.filled) for place in places.names),
        encoded,
    )


def lone_surrogate_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    r"""Draw valid JSON with an escaped surrogate that has no partner, such as `"\ud83d"`."""
    text = st.text("ab\u00e9", max_size=3)
    strings = st.builds(
        lambda before, fault, after: f'"{before}{fault}{after}"'.encode(),
        text,
        st.sampled_from(_LONE_SURROGATES),
        text,
    )
    return st.one_of(*(strings.map(place.filled) for place in (*places.texts, *places.names)))


def non_finite_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw requests with `NaN`, `Infinity` or `-Infinity`, which JSON does not have."""
    return st.builds(JsonPlace.filled, st.sampled_from(places.values), st.sampled_from(NON_FINITE))


def out_of_range_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw requests with a number beyond a double's range: taken or refused."""
    return st.builds(
        lambda place, number: place.filled(number.encode("ascii")),
        st.sampled_from(places.values),
        out_of_range_numbers(),
    )


def deep_nesting(places: BodyPlaces, depth: int, *, objects: bool = False) -> bytes:
    """Return a request with a value that is `depth` brackets deep: arrays, or objects."""
    if depth < 1:
        raise ValueError(f"nesting has a depth of at least 1, not {depth}")
    opening, closing = (b'{"a":', b"}") if objects else (b"[", b"]")
    return places.values[0].filled(opening * depth + b"0" + closing * depth)


def huge_number(places: BodyPlaces, digits: int) -> bytes:
    """Return a request with an integer of that many digits."""
    if digits < 1:
        raise ValueError(f"a number has at least 1 digit, not {digits}")
    return places.values[0].filled(b"9" * digits)


def arbitrary_bodies(places: BodyPlaces) -> st.SearchStrategy[bytes]:
    """Draw any bytes at all: random ones, JSON of any kind, and every kind of fault.

    Some are valid requests. The same body says nothing about what is right; only that it must
    draw an answer, and no 5xx.
    """
    members = places.members
    return st.one_of(
        st.binary(max_size=40),
        prompts(max_size=40).map(str.encode),
        raw_json_texts(),
        st.builds(
            JsonPlace.filled,
            st.sampled_from((*places.texts, *places.values)),
            raw_json_texts(),
        ),
        *(_repeated(places, name) for name in members),
        spellings(places).map(lambda body: codecs.BOM_UTF8 + body),
        *(_bodies_with(members, name) for name in members),
        st.sampled_from(
            [
                json_text({key: value for key, value in members.items() if key != name})
                for name in members
            ]
        ),
        not_object_bodies(places),
        malformed_bodies(places),
        not_utf8_bodies(places),
        lone_surrogate_bodies(places),
        non_finite_bodies(places),
        out_of_range_bodies(places),
    )


def _bodies_with(members: dict[str, Any], name: str) -> st.SearchStrategy[bytes]:
    """Draw a request with another value for one of its members."""
    return any_json(names=tuple(members)).map(lambda value: json_text({**members, name: value}))


def _repeated(places: BodyPlaces, name: str) -> st.SearchStrategy[bytes]:
    """Draw a request that has one of its members twice."""
    return raw_json_texts().map(lambda raw: with_member(places.valid, json_text(name) + b":" + raw))

from __future__ import annotations

import json
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.dialects.stream_chat.places import places
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.strategies import arbitrary_bodies, deep_nesting, is_json

PLACES = places(ChatRequest("Hello", []))

PROPERTY = settings(deadline=None)

_SNIPPETS = st.lists(
    st.sampled_from(
        (
            *("{", "}", "[", "]", ",", ":", '"a"', '"', "\\", "1", "-", "0", ".", "e", " ", "\n"),
            *(
                "true",
                "null",
                "NaN",
                "Infinity",
                "\u00a0",
                "\x00",
                "\f",
                r'"\u00e9"',
                r'"\x"',
                "{}",
            ),
        )
    ),
    max_size=8,
).map("".join)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def python_reads(body: bytes, *, non_finite: bool) -> bool:
    try:
        text = body.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
        json.loads(text, parse_constant=float if non_finite else refuse_constant)
    except ValueError:
        return False
    return not text.startswith("\ufeff")


@settings(PROPERTY, max_examples=examples(500))
@given(arbitrary_bodies(PLACES) | _SNIPPETS.map(str.encode))
def test_the_recogniser_agrees_with_a_strict_reading_by_python(body: bytes) -> None:
    assert is_json(body) == python_reads(body, non_finite=False)
    assert is_json(body, non_finite=True) == python_reads(body, non_finite=True)


@pytest.mark.parametrize("body", [b"", b" ", b"[", b"]", b"[1,]", b"{,}", b"[}", b"[1 2]", b"01"])
def test_what_is_not_one_value_is_not_json(body: bytes) -> None:
    assert not is_json(body)


@pytest.mark.parametrize("body", [b"1", b' "a" ', b'{"a":[{}]}', b"\xef\xbb\xbf[]", b"-0.0e+1"])
def test_one_value_is_json_with_or_without_a_byte_order_mark(body: bytes) -> None:
    assert is_json(body)


def test_words_for_numbers_that_are_not_finite_are_json_only_when_asked() -> None:
    for word in (b"NaN", b"Infinity", b"-Infinity"):
        assert not is_json(word)
        assert is_json(word, non_finite=True)


def test_deep_nesting_is_read_without_recursion() -> None:
    assert is_json(deep_nesting(PLACES, 100_000))
    assert not is_json(deep_nesting(PLACES, 100_000)[:-2])

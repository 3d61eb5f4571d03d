from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_reference import lossless_json
from streamchat_reference.lossless_json import (
    DEPTH_LIMIT,
    VALUES_LIMIT,
    LosslessNumber,
    NotJsonError,
)

INTEGERS = st.from_regex(r"-?(0|[1-9][0-9]{0,60})", fullmatch=True)
NUMBERS = INTEGERS | st.from_regex(
    r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
)
WELL_FORMED_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS.map(LosslessNumber) | WELL_FORMED_TEXT,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WELL_FORMED_TEXT, inner, max_size=4)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_whatever_is_written_reads_back_the_same(value: lossless_json.Json) -> None:
    assert lossless_json.read(lossless_json.write(value).encode()) == value


@given(NUMBERS)
def test_a_number_keeps_its_digits(text: str) -> None:
    assert lossless_json.write(lossless_json.read(f"[{text}]".encode())) == f"[{text}]"


@given(VALUES)
def test_what_is_written_is_one_line_of_ascii(value: lossless_json.Json) -> None:
    written = lossless_json.write(value)
    assert written.isascii()
    assert written.isprintable()


@given(VALUES)
def test_plain_values_are_those_of_the_json_module(value: lossless_json.Json) -> None:
    written = lossless_json.write(value)
    assert repr(lossless_json.plain(value)) == repr(json.loads(written))


def test_an_integer_too_long_for_python_becomes_a_float() -> None:
    assert lossless_json.plain(LosslessNumber("9" * 5000)) == float("inf")


def test_of_a_repeated_name_the_last_value_is_kept() -> None:
    assert lossless_json.write(lossless_json.read(b'{"a":1,"b":2,"a":3}')) == '{"a":3,"b":2}'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"1 2",
        b"nul",
        b"'a'",
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b'"\x00"',
        b'"\n"',
        b"01",
        b"1.",
        b"\xef\xbb\xbf{}",
        b'"\xe9"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'["\\udc00\\ud800"]',
        "{}".encode("utf-16"),
        "{}".encode("utf-16-le"),
        "{}".encode("utf-32"),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * (DEPTH_LIMIT + 1) + b"]" * (DEPTH_LIMIT + 1),
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_strict_json_in_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(NotJsonError):
        lossless_json.read(body)


def test_more_values_than_the_limit_are_refused_before_they_are_made() -> None:
    fitting = b"[" + b"[]," * (VALUES_LIMIT // 2 - 1) + b"0]"
    assert isinstance(lossless_json.read(fitting), list)
    for item in (b"0", b"[]", b"{}", b'""', b'{"a":0}'):
        with pytest.raises(NotJsonError, match="too many values"):
            lossless_json.read(b"[" + (item + b",") * VALUES_LIMIT + b"0]")


def test_what_looks_like_many_values_in_a_string_is_one() -> None:
    text = ',[{\\"' * VALUES_LIMIT
    assert lossless_json.read(json.dumps(text).encode()) == text


def test_nesting_up_to_the_limit_is_read_and_written() -> None:
    body = b"[" * DEPTH_LIMIT + b"]" * DEPTH_LIMIT
    assert lossless_json.write(lossless_json.read(body)).encode() == body


def test_a_surrogate_pair_is_one_character() -> None:
    assert lossless_json.read(b'"\\ud83d\\ude00"') == "\U0001f600"

"""Strict JSON: what is read, what is reported, that nothing raises."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.json_value import same_json_value
from streamchat_conformance.core.strict_json import INT_DIGITS, MAX_DEPTH, read_json

PROPERTY = settings(deadline=None)

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
json_like_texts = st.text(' \t\n\r{}[]:,"\\/truefalsnN0123456789.-+eEInfity\u0660\ud800\ufeff\x0b')


def refuse(literal: str) -> None:
    raise ValueError(literal)


@PROPERTY
@given(value=json_values, ascii_only=st.booleans(), indent=st.none() | st.just(2))
def test_what_was_written_as_json_reads_back(
    value: object, *, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    for data in (text, text.encode()):
        reading = read_json(data)
        assert reading.error is None
        assert same_json_value(value, reading.value, exact=True) is None
        assert not (reading.duplicate_names)
        assert not (reading.non_finite)
        assert not (reading.lone_surrogates)


@PROPERTY
@given(json_like_texts)
def test_the_same_texts_are_refused_as_by_a_strict_reader(text: str) -> None:
    try:
        json.loads(text, parse_constant=refuse)
    except ValueError:
        refused = True
    else:
        refused = False
    reading = read_json(text)
    assert (reading.error is not None) == refused
    if reading.error is not None:
        assert 0 <= reading.error.offset <= len(text)


@PROPERTY
@given(st.binary() | json_like_texts.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_raise(data: bytes) -> None:
    reading = read_json(data)
    assert reading.error is None or 0 <= reading.error.offset <= len(data)


@pytest.mark.parametrize(
    ("data", "message", "offset"),
    [
        (b"", "no JSON value", 0),
        (b" \n", "no JSON value", 2),
        (b"[1] x", "more text follows", 4),
        (b'{"a":1}{"a":2}', "more text follows", 7),
        (b"[DONE]", "expecting value", 1),
        (b'{"\xc3\xa9": x}', "expecting value", 7),
        (b'"a\x00b"', "control character", 2),
        (b'"\xff"', "not UTF-8", 1),
        (b'"\xed\xa0\x80"', "not UTF-8", 1),
        (b'\xef\xbb\xbf"a"', "byte order mark", 0),
        ('["a"]'.encode("utf-16"), "not UTF-8", 0),
        (b"01", "more text follows", 1),
        (b"1.", "more text follows", 1),
        (b"'a'", "expecting value", 0),
        (b'"a', "unterminated string", 0),
        (b"\xc2\xa01", "expecting value", 0),
    ],
)
def test_an_error_names_its_cause_and_byte(data: bytes, message: str, offset: int) -> None:
    error = read_json(data).error
    assert error is not None
    assert message in error.message
    assert error.offset == offset


def test_offsets_of_a_str_count_characters() -> None:
    error = read_json('"é" x').error
    assert error is not None
    assert error.offset == 4


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-1", -1),
        ("9007199254740993", 2**53 + 1),
        ("1.50", Decimal("1.50")),
        ("1E400", Decimal("1e400")),
        ("1e-400", Decimal("1e-400")),
        ("0.1000000000000000055511151231257827", Decimal("0.1000000000000000055511151231257827")),
        ("9" * INT_DIGITS, 10**INT_DIGITS - 1),
        ("9" * (INT_DIGITS + 1), Decimal("9" * (INT_DIGITS + 1))),
        ("1e99999999999999999999", Decimal("Infinity")),
        ("-1e99999999999999999999", Decimal("-Infinity")),
        ("1e-99999999999999999999", Decimal(0)),
        ("0e99999999999999999999", Decimal(0)),
    ],
)
def test_numbers_are_kept_exactly(text: str, value: object) -> None:
    reading = read_json(text)
    assert reading.error is None
    assert (type(reading.value), reading.value) == (type(value), value)


@pytest.mark.parametrize("text", ["-0", "-0.0", "-0e5", "-0e99999999999999999999"])
def test_the_sign_of_zero_is_kept(text: str) -> None:
    value = read_json(text).value
    assert value == 0
    assert math.copysign(1, value) == -1


@pytest.mark.parametrize("digits", [5_000, 1_000_000])
def test_a_number_of_any_length_is_read(digits: int) -> None:
    reading = read_json("[" + "9" * digits + "]")
    assert reading.error is None
    assert reading.value[0].adjusted() == digits - 1


@pytest.mark.parametrize(
    ("text", "literals", "offset"),
    [
        ("NaN", ("NaN",), 0),
        ('["NaN \\" Infinity", -Infinity, {"é": NaN}]', ("-Infinity", "NaN"), 20),
        ('{"Infinity": Infinity}', ("Infinity",), 13),
    ],
)
def test_non_finite_literals_are_an_error_with_a_value(
    text: str, literals: tuple[str, ...], offset: int
) -> None:
    reading = read_json(text)
    assert reading.non_finite == literals
    assert reading.error is not None
    assert reading.error.message == f"{literals[0]} is not a JSON number"
    assert reading.error.offset == offset
    assert reading.value is not None


def test_the_names_of_numbers_inside_strings_are_no_literals() -> None:
    reading = read_json('["NaN", "Infinity", {"-Infinity": "\\"NaN"}]')
    assert (reading.error, reading.non_finite) == (None, ())


def test_names_that_occur_twice_in_one_object_are_reported_once() -> None:
    reading = read_json('{"a": 1, "b": {"a": 2, "c": 1, "c": 2, "c": 3}, "a": 4, "\\u0061": 5}')
    assert reading.duplicate_names == ("c", "a")
    assert reading.value == {"a": 5, "b": {"a": 2, "c": 3}}
    assert reading.error is None


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        (r'"\ud83d\ude00"', ()),
        (r'"\\ud800"', ()),
        (r'"\ud83d"', ("$",)),
        (r'{"a b": ["x", "\ude00\ud83d"], "c": "\uDBFF."}', ('$["a b"][1]', "$.c")),
        (r'{"a": {"\udfff": 1}}', ("$.a",)),
        ('"\udc00"', ("$",)),
    ],
)
def test_lone_surrogates_are_reported_with_their_paths(text: str, paths: tuple[str, ...]) -> None:
    reading = read_json(text)
    assert reading.lone_surrogates == paths
    assert reading.error is None


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_read_to_a_fixed_depth(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return opening * depth + "1" + closing * depth

    assert read_json(nested(MAX_DEPTH)).error is None
    for depth in (MAX_DEPTH + 1, 100_000):
        reading = read_json(nested(depth))
        assert reading.too_deep
        assert reading.error is not None
        assert "nesting too deep" in reading.error.message
        assert reading.error.offset == MAX_DEPTH * len(opening)


def test_many_brackets_side_by_side_or_in_strings_are_not_deep() -> None:
    reading = read_json("[" + "[],{}," * 1000 + '"' + "[{" * 1000 + '"]')
    assert reading.error is None
    assert not reading.too_deep


def test_a_caller_deep_in_its_own_stack_gets_an_error_not_an_exception() -> None:
    def call(depth: int) -> Any:
        try:
            return call(depth + 1)
        except RecursionError:
            return None

    assert call(0) is None
    assert read_json("[" * MAX_DEPTH + "]" * MAX_DEPTH).error is None

"""JSON values compared: kinds, numbers, paths of differences."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.json_value import (
    ABSENT,
    Difference,
    same_json_value,
    show,
    walk,
)
from streamchat_conformance.core.strict_json import read_json

PROPERTY = settings(deadline=None)

json_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
json_values = st.recursive(
    json_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def reordered(value: Any) -> Any:
    """Return the value with the members of all its objects in reverse order."""
    if isinstance(value, dict):
        return {name: reordered(member) for name, member in reversed(value.items())}
    return [reordered(item) for item in value] if isinstance(value, list) else value


@PROPERTY
@given(value=json_values, exact=st.booleans())
def test_a_value_is_the_same_in_any_order_of_members(value: object, *, exact: bool) -> None:
    assert same_json_value(value, reordered(value), exact=exact) is None


@PROPERTY
@given(json_values)
def test_a_value_that_went_through_doubles_is_the_same_unless_exact(value: object) -> None:
    through_doubles = json.loads(json.dumps(value), parse_int=float)
    assert same_json_value(value, through_doubles, exact=False) is None


@PROPERTY
@given(value=json_values, other=json_scalars, data=st.data())
def test_one_changed_scalar_is_found_at_its_path(
    value: object, other: object, data: st.DataObject
) -> None:
    places = [(path, inner) for path, inner in walk(value) if not isinstance(inner, list | dict)]
    assume(places)
    path, old = data.draw(st.sampled_from(places))
    # The oracle: as JSON text, with kinds distinguished and numbers compared by value.
    assume(json.dumps(old) != json.dumps(other))
    assume(type(old) is not type(other) or old != other)
    assume(not (is_number(old) and is_number(other) and Decimal(repr(old)) == Decimal(repr(other))))
    changed = replaced(value, path, other)
    difference = same_json_value(value, changed, exact=True)
    assert difference is not None
    assert (difference.path, difference.sent, difference.received) == (path, old, other)
    assert str(difference).startswith(f"{path}: ")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def replaced(value: Any, wanted: str, new: object, path: str = "$") -> Any:
    """Return a copy in which what stands at the path is another value."""
    if path == wanted:
        return new
    if isinstance(value, list):
        return [replaced(item, wanted, new, f"{path}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        below = [inner for inner, _ in walk(value)]
        return {
            name: replaced(member, wanted, new, member_path_of(path, name, below))
            for name, member in value.items()
        }
    return value


def member_path_of(path: str, name: str, below: list[str]) -> str:
    plain, quoted = f"{path}.{name}", f"{path}[{json.dumps(name)}]"
    return plain if "$" + plain[len(path) :] in below else quoted


SAME = [
    ("1", "1.0"),
    ("1", "1e0"),
    ("100", "1E2"),
    ("0", "-0"),
    ("-0.0", "0"),
    ("0.1", "0.1000000000000000055511151231257827"),
    ("9007199254740993", "9007199254740992"),
    ("1e400", "1.7976931348623157e308"),
    ("1e400", "null"),
    ("-1e99999999999999999999", "null"),
    ("1e-400", "0"),
    ("123456789012345678901234567890", "1.2345678901234568e29"),
]
DIFFERENT = [
    ("true", "1"),
    ("1", "true"),
    ("false", "0"),
    ("null", "false"),
    ("null", "0"),
    ('""', "null"),
    ("1", '"1"'),
    ("1", "null"),
    ("[]", "{}"),
    ("1", "2"),
    ("0.1", "0.10000001"),
    ("1.7976931348623157e308", "null"),
    ("1e308", "1e400"),
    ('"\u00e9"', '"e\u0301"'),
    ('"a"', '"A"'),
    ('"\\r\\n"', '"\\n"'),
    ("[1, 2]", "[2, 1]"),
]


@pytest.mark.parametrize(("sent", "received"), SAME)
def test_numbers_that_are_one_double_are_the_same(sent: str, received: str) -> None:
    one, other = read_json(sent).value, read_json(received).value
    assert same_json_value([one], [other], exact=False) is None


@pytest.mark.parametrize(("sent", "received"), DIFFERENT)
@pytest.mark.parametrize("exact", [False, True])
def test_kinds_and_code_points_count(sent: str, received: str, *, exact: bool) -> None:
    one, other = read_json(sent).value, read_json(received).value
    assert same_json_value(one, other, exact=exact) is not None


@pytest.mark.parametrize(
    ("sent", "received", "same"),
    [
        ("1", "1.0", True),
        ("100", "1e2", True),
        ("0.10", "0.1", True),
        ("-0.0", "-0", True),
        ("-0.0", "0.0", False),
        ("0", "-0", False),
        ("9007199254740993", "9007199254740992", False),
        ("0.1", "0.1000000000000000055511151231257827", False),
        ("1e400", "10e399", True),
        ("1e400", "1e401", False),
        ("1e400", "null", False),
    ],
)
def test_exactly_the_same_means_every_digit(sent: str, received: str, *, same: bool) -> None:
    one, other = read_json(sent).value, read_json(received).value
    assert (same_json_value(one, other, exact=True) is None) == same


def test_a_python_float_stands_for_the_number_that_is_written_for_it() -> None:
    assert same_json_value(0.1, read_json("0.1").value, exact=True) is None
    assert same_json_value(-0.0, read_json("-0.0").value, exact=True) is None
    assert same_json_value(1e22, read_json("1e22").value, exact=True) is None


@pytest.mark.parametrize(
    ("sent", "received", "difference"),
    [
        ({"a": 1}, {}, Difference("$.a", 1, ABSENT, "is missing")),
        ({}, {"a b": 1}, Difference('$["a b"]', ABSENT, 1, "was not sent")),
        ([1], [1, 2], Difference("$[1]", ABSENT, 2, "was not sent")),
        ([1, 2], [1], Difference("$[1]", 2, ABSENT, "is missing")),
        ({"a": None}, {}, Difference("$.a", None, ABSENT, "is missing")),
        ([{"r": None}], [{"r": 1}], Difference("$[0].r", None, 1, "not null")),
        ([[]], [{}], Difference("$[0]", [], {}, "not an array")),
        ((1, 2), [1, 3], Difference("$[1]", 2, 3, "another number, even as a double")),
        (
            {"a": 1, "b": 1},
            {"b": 2, "a": 2},
            Difference("$.a", 1, 2, "another number, even as a double"),
        ),
    ],
)
def test_the_first_difference_is_named(
    sent: object, received: object, difference: Difference
) -> None:
    assert same_json_value(sent, received, exact=False) == difference


def test_a_difference_is_one_short_line() -> None:
    difference = same_json_value([10**5000, "x" * 5000], [1, "y"], exact=True)
    assert difference is not None
    assert len(str(difference)) < 200
    assert str(same_json_value([True], [{"a": 1}], exact=True)) == (
        "$[0]: not a boolean: sent true, received an object of 1"
    )
    assert str(same_json_value({"a": "x\n\ud800"}, {}, exact=True)) == (
        '$.a: is missing: sent "x\\n\\ud800", received nothing'
    )


@given(json_values | st.floats() | st.just(Decimal("1e999999")) | st.just(ABSENT))
def test_every_value_can_be_shown(value: object) -> None:
    assert len(show(value)) <= 81
    assert show(value).isprintable()


def test_what_is_no_json_value_is_refused() -> None:
    with pytest.raises(TypeError, match="not of type bytes"):
        same_json_value([b"x"], ["x"], exact=False)


def test_deep_values_are_compared_without_recursion() -> None:
    one: list[Any] = []
    other: list[Any] = [1]
    for _ in range(5000):
        one, other = [one], [other]
    difference = same_json_value(one, other, exact=True)
    assert difference is not None
    assert difference.path == "$" + "[0]" * 5001


def test_numbers_are_shown_as_json_has_them_whatever_their_length() -> None:
    huge = Decimal("1" * 5000)
    assert Difference("$", Decimal("0.10"), huge, "").shown() == ("0.10", "1" * 80 + "…")
    assert Difference("$", True, None, "").shown() == ("true", "null")


def test_long_strings_are_shown_where_they_part() -> None:
    sent, received = Difference("$", "x" * 9000 + "end", "x" * 9000 + "END", "").shown()
    assert (sent, received) == ('…"' + "x" * 20 + 'end"', '…"' + "x" * 20 + 'END"')

"""Members of an exchange's JSON form with values that do not belong there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.exchange import Exchange, Read

NUMBERS: list[Any] = [None, "x", "1", [], {}, True, "nan", float("nan"), float("inf")]
COUNTS: list[Any] = [*NUMBERS, 1.5, -1]
TEXTS: list[Any] = [None, 1, [], {}, True]
CODED: list[Any] = [None, 1, "x", []] + [{"base64": bad} for bad in (1, "é", "a", "a b=")]

BAD: dict[str, list[Any]] = {
    "label": TEXTS,
    "connection": COUNTS,
    "position": COUNTS,
    "request": CODED,
    "sent_bytes": COUNTS[1:],
    "sent_at_s": NUMBERS,
    "reads": [None, 1, "x", {}, [1], [None], ["x"]],
    "ending": [None, 1, "gone", "", []],
    "ended_at_s": NUMBERS,
    "limit": TEXTS[1:],
    "unrecorded_bytes": COUNTS,
    "watched_s": NUMBERS[1:],
    "notes": [None, 1, "x", {}, [1], [None]],
}


def test_every_member_has_bad_values_here() -> None:
    assert BAD.keys() == Exchange(b"").to_json().keys() - {"schema"}


@pytest.mark.parametrize(
    ("member", "bad"), [(member, bad) for member, values in BAD.items() for bad in values]
)
def test_a_member_of_the_wrong_kind_is_named(member: str, bad: object) -> None:
    value = Exchange(b"x", (Read(0.0, b"y"),)).to_json() | {member: bad}
    with pytest.raises(ValueError, match=f"'{member}'"):
        Exchange.from_json(value)


@pytest.mark.parametrize(
    ("member", "bad"),
    [("at_s", bad) for bad in NUMBERS] + [("base64", bad) for bad in (None, 1, "é", "a")],
)
def test_a_wrong_member_of_a_read_is_named(member: str, bad: object) -> None:
    value = Exchange(b"x", (Read(0.0, b"y"),)).to_json()
    value["reads"][0][member] = bad
    with pytest.raises(ValueError, match=f"'{member}'"):
        Exchange.from_json(value)


@settings(deadline=None)
@given(
    member=st.sampled_from(sorted(BAD)),
    bad=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    ),
)
def test_any_value_of_a_member_is_taken_or_a_value_error(member: str, bad: object) -> None:
    value = Exchange(b"x", (Read(0.0, b"y"),)).to_json() | {member: bad}
    try:
        exchange = Exchange.from_json(value)
    except ValueError as error:
        # A member, or one of a read within it.
        assert "member '" in str(error)  # noqa: PT017 - many values are fine
    else:
        assert Exchange.loads(exchange.dumps()) == exchange


def test_nesting_without_end_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nest"):
        Exchange.loads("[" * 100_000)


def test_a_count_keeps_its_value() -> None:
    value = Exchange(b"x").to_json() | {"sent_bytes": 3, "connection": 2}
    exchange = Exchange.loads(json.dumps(value))
    assert (exchange.sent_bytes, exchange.connection) == (3, 2)

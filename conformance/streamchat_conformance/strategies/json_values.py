"""JSON values of every kind, and numbers that only some readers bring back."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.strategies.prompts import prompts, scalar_values

__all__ = [
    "any_json",
    "exact_numbers",
    "extra_members",
    "json_values_within_doubles",
    "out_of_range_numbers",
]

_EXACT_INTEGER_LIMIT = 2**53
"""Every integer up to here is a double, and so the same in every JSON library."""

# 10**300 is well inside a double's range: beyond it a reader may refuse (RFC 8259 §6).
_INTEGER_DIGITS = 300

# `__proto__` and `constructor` are left to `any_json`: some hardened JSON readers refuse them.
_NAMES = (
    "a", "A", "", " ", "role", "content", "Role", "data", "error",
    "\u00e9", "e\u0301", "\u212b", "\u00c5", "\x00", "\n", "\u2028", '"', "\\", "a.b", "$ref", "0",
    "-1", "\U0001f600", "n" * 300,
)  # fmt: skip
_HOSTILE_NAMES = ("__proto__", "constructor", "toString", "__class__")

_TWINS = ("a", "A", "\u00e9", "e\u0301", "\u212b", "\u00c5", "role", "Role")
"""Names of which two are one to a reader that ignores case, or composes characters."""

_DOUBLES = (
    0.5, -0.0, 1.0, 1e15, 1e16, 1e21, 1e-7, 0.1, 1e308, 1.7976931348623157e308, 5e-324,
    2.2250738585072014e-308, 123456789.123456789, -1.5e-10,
)  # fmt: skip
_INTEGERS_BEYOND = tuple(
    sign * (2**power + step)
    for power in (53, 63, 64, 128)
    for step in (1, -1, 0)
    for sign in (1, -1)
    if 2**power + step > _EXACT_INTEGER_LIMIT
)


@cache
def any_json(*, max_depth: int = 3, names: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Draw any JSON value, as Python's `json` writes it, at most `max_depth` brackets deep.

    `names` are more names for members.

    Integers have up to 300 digits; every number is within a double's range, since a reader
    may refuse others (see `out_of_range_numbers`). Names are of every kind, empty ones and
    pairs that differ only in case or in Unicode normalisation among them.
    """
    numbers = st.one_of(
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from((*_DOUBLES, *_INTEGERS_BEYOND)),
        st.builds(_long_integer, st.integers(1, _INTEGER_DIGITS), st.integers(-9, 9)),
    )
    return _json_values(numbers, (*_NAMES, *names, *_HOSTILE_NAMES), max_depth)


@cache
def json_values_within_doubles(
    *, max_depth: int = 3, names: tuple[str, ...] = ()
) -> st.SearchStrategy[Any]:
    """Draw JSON values whose every number is a double, and whose integers are at most 2**53.

    What comes back from a faithful server equals what was sent, whichever number type it
    uses. At most `max_depth` brackets deep. `names` are more names for members.
    """
    limit = _EXACT_INTEGER_LIMIT
    numbers = st.one_of(
        st.integers(-limit, limit),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from((*_DOUBLES, limit, -limit, limit - 1)),
    )
    return _json_values(numbers, (*_NAMES, *names), max_depth)


@cache
def exact_numbers() -> st.SearchStrategy[str]:
    """Draw numbers that only an exact JSON library brings back, within a double's range.

    Integers beyond 2**53, negative zero, decimals longer than a double's. Raw JSON text, to be
    put into a body as it is; to compare what comes back, read it with `decimal.Decimal`.
    """
    digits = st.text("0123456789", min_size=17, max_size=40).filter(lambda text: int(text) > 0)
    return st.one_of(
        st.sampled_from(("-0.0", *map(str, _INTEGERS_BEYOND))),
        st.integers(_EXACT_INTEGER_LIMIT + 1, 10**40).map(lambda number: f"{number // 2 * 2 + 1}"),
        st.builds(_long_integer, st.integers(20, _INTEGER_DIGITS), st.integers(1, 9)).map(str),
        digits.map(lambda text: f"0.{text}1"),
        digits.map(lambda text: f"1.{text}1e-5"),
    )


@cache
def out_of_range_numbers() -> st.SearchStrategy[str]:
    """Draw numbers beyond a double's range: a server may take or refuse them.

    Raw JSON text.
    """
    exponent = st.integers(309, 99_999)
    return st.one_of(
        exponent.map(lambda power: f"1e{power}"),
        exponent.map(lambda power: f"-1E+{power}"),
        st.integers(310, 1000).map(lambda digits: "9" * digits),
    )


@cache
def extra_members(*, max_members: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Draw members that no server knows, for the request object; at least one of them.

    Never names that a real deployment could know, such as `model` or `stream`, in any case: some
    JSON libraries match names case-blind.
    """
    names = st.one_of(
        st.sampled_from(["x-unknown", "x_unknown_2", "", "prompts", "history2", "x.y", "\u00e9"]),
        st.text("xyz\u2028\U0001f600 ", max_size=5).map(lambda text: f"x-{text}"),
    )
    values = json_values_within_doubles(max_depth=1)
    return st.dictionaries(names, values, min_size=1, max_size=max_members)


def _json_values(
    numbers: st.SearchStrategy[Any], names: tuple[str, ...], max_depth: int
) -> st.SearchStrategy[Any]:
    """Build scalars within lists and objects: level by level, which is quicker than `recursive`."""
    names_or_text = st.one_of(
        st.sampled_from(names), st.sampled_from(_TWINS), st.text(scalar_values(), max_size=4)
    )
    constants: list[Any] = [None, True, False]
    scalars = st.one_of(st.sampled_from(constants), prompts(max_size=20), numbers)
    values: st.SearchStrategy[Any] = scalars
    for _ in range(max_depth):
        values = st.one_of(
            scalars,
            st.lists(values, max_size=3),
            st.dictionaries(names_or_text, values, max_size=3),
        )
    return values


def _long_integer(digits: int, leading: int) -> int:
    """Return an integer of about `digits` digits that no float spells the same."""
    return leading * int(f"1{'0' * (digits - 1)}") + 1

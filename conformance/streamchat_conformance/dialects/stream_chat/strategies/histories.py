"""Histories, and the JSON values that may stand in one."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.dialects.stream_chat.strategies.prompts import prompts, scalar_values

__all__ = [
    "NAMED_LIKE_PROTOTYPES",
    "ODDLY_NAMED",
    "any_histories",
    "any_json",
    "exact_numbers",
    "extra_members",
    "histories",
    "json_values_within_doubles",
    "out_of_range_numbers",
]

_EXACT_INTEGER_LIMIT = 2**53
"""Every integer up to here is a double, and so the same in every JSON library."""

# 10**300 is well inside a double's range: beyond it a reader may refuse (RFC 8259 §6).
_INTEGER_DIGITS = 300

_ROLES = ("user", "assistant", "system")

# `__proto__` and `constructor` are left to `any_json`: some hardened JSON readers refuse them.
_NAMES = (
    "a", "A", "", " ", "role", "content", "Role", "data", "prompt", "history", "response", "error",
    "\u00e9", "e\u0301", "\u212b", "\u00c5", "\x00", "\n", "\u2028", '"', "\\", "a.b", "$ref", "0",
    "-1", "\U0001f600", "n" * 300,
)  # fmt: skip
_HOSTILE_NAMES = ("__proto__", "constructor", "toString", "__class__")

NAMED_LIKE_PROTOTYPES: list[Any] = [
    {"role": "user", "content": "Hi", "__proto__": {"a": 1}},
    {"constructor": {"prototype": {"a": 1}}, "__proto__": "x"},
    {"a": [{"__proto__": None, "constructor": "x"}]},
]
"""A history with names that JavaScript's objects give a meaning of their own."""
_ODD_NAMES = (
    "prototype", "toString", "valueOf", "hasOwnProperty", "toJSON", "__class__", "__dict__",
    "__init__", "__defineGetter__", "__v", "_id", "length", "name", "then", "$ref", "$schema",
    "$where", "$type", "@type", "#text", "0", "1", "-1", "01", "", " ", "a.b", "a[0]", "a/b", "~1",
    "null", "undefined", "NaN", "true", "id", "data", "event", "retry", "class", "self", "keys",
)  # fmt: skip
ODDLY_NAMED: list[Any] = [
    {name: f"of {name}" for name in _ODD_NAMES},
    {"role": "user", "content": "Hi", "metadata": dict.fromkeys(reversed(_ODD_NAMES), 1)},
]
"""A history with names that one language or store or another takes for its own."""

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


def histories(*, max_items: int = 3) -> st.SearchStrategy[list[Any]]:
    """Draw histories that every server must take: strings and `{"role", "content"}` objects.

    At most `max_items` items. Shrinks to `[]`, then to short strings.
    """
    text = prompts(max_size=20)
    message = st.builds(
        lambda role, content: {"role": role, "content": content}, st.sampled_from(_ROLES), text
    )
    return st.lists(st.one_of(text, message), max_size=max_items)


def any_histories(*, max_items: int = 3, max_depth: int = 3) -> st.SearchStrategy[list[Any]]:
    """Draw lists of any JSON values (see `any_json`)."""
    return st.lists(any_json(max_depth=max_depth), max_size=max_items)


def any_json(*, max_depth: int = 3) -> st.SearchStrategy[Any]:
    """Draw any JSON value, as Python's `json` writes it, at most `max_depth` brackets deep.

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
    return _json_values(numbers, (*_NAMES, *_HOSTILE_NAMES), max_depth)


def json_values_within_doubles(*, max_depth: int = 3) -> st.SearchStrategy[Any]:
    """Draw JSON values whose every number is a double, and whose integers are at most 2**53.

    What comes back from a faithful server equals what was sent, whichever number type it
    uses. At most `max_depth` brackets deep.
    """
    limit = _EXACT_INTEGER_LIMIT
    numbers = st.one_of(
        st.integers(-limit, limit),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from((*_DOUBLES, limit, -limit, limit - 1)),
    )
    return _json_values(numbers, _NAMES, max_depth)


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


def extra_members(*, max_members: int = 2) -> st.SearchStrategy[dict[str, Any]]:
    """Draw members that no server knows, for the request object; at least one of them.

    Never `prompt` or `history` in any case (some JSON libraries match names case-blind), nor
    names that a real deployment could know, such as `model` or `stream`.
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
    names_or_text = st.one_of(st.sampled_from(names), st.text(scalar_values(), max_size=4))
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

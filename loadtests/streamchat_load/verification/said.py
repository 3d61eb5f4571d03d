"""Naming the difference between what a stream said and what it was to say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_load.faults import StreamFault
from streamchat_load.verification.event_order import EventOrder, describe_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_load.verification.oracle import Oracle

SHOWN_CHARACTERS = 40


def order_of(contents: Sequence[str], oracle: Oracle, nonce: str) -> tuple[StreamFault, str] | None:
    """Return what is wrong with the order of events, if each is one of the expected ones."""
    if oracle.template is None or not oracle.by_content:
        return None
    expected = oracle.template.texts(nonce)
    order, due = EventOrder(expected, expected, 0), 0
    for content in contents:
        found = order.take(content, content, due)
        if found is None:
            return None
        due = found + 1
    return describe_order(order.arrived, oracle.length)


def describe_difference(said: str, expected: str) -> tuple[StreamFault, str]:
    """Return the fault of a text that is not the expected one, and what differs."""
    begin = _common(said, expected)
    end = _common(said[begin:][::-1], expected[begin:][::-1])
    more, missing = said[begin : len(said) - end], expected[begin : len(expected) - end]
    where = f"at character {begin}"
    if not more:
        return StreamFault.LOST, f"{where} is missing {missing[:SHOWN_CHARACTERS]!r}"
    around = expected[max(0, begin - len(more)) : begin + len(more)]
    if not missing and more in around:
        return StreamFault.DUPLICATED, f"{where} came twice {more[:SHOWN_CHARACTERS]!r}"
    if missing and "\ufffd" in more and "\ufffd" not in missing:
        return StreamFault.UTF8, f"{where} a character was replaced by U+FFFD"
    if sorted(more) == sorted(missing):
        return StreamFault.REORDERED, f"{where} came {more[:SHOWN_CHARACTERS]!r}"
    return (
        StreamFault.ALTERED,
        f"{where} came {more[:SHOWN_CHARACTERS]!r} in place of {missing[:SHOWN_CHARACTERS]!r}",
    )


def _common(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))

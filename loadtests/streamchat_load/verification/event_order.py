"""Distinguishing lost, duplicated, reordered and missing events by their numbers."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ID_DIGITS_LIMIT = 18
"""An id of more digits than this does not number events."""


def number_of(identifier: str) -> int | None:
    """Return an event's id as a number, or None."""
    countable = len(identifier) <= ID_DIGITS_LIMIT and identifier.isascii()
    return int(identifier) if countable and identifier.isdigit() else None


def describe_order(
    arrived: Sequence[int | None], length: int | None
) -> tuple[StreamFault, str] | None:
    """Return what is wrong with the order in which events came, or None.

    `arrived` has each event's number in the expected stream, in the order of arrival; None is an
    unknown event, and counts as the one that was expected instead. `length` is the expected
    number of events, if it is known.
    """
    positions = [position for position in arrived if position is not None]
    unknown = len(arrived) - len(positions)
    seen: set[int] = set()
    for position in positions:
        if position in seen:
            return StreamFault.DUPLICATED, f"event {position} came twice"
        seen.add(position)
    for earlier, later in pairwise(positions):
        if later < earlier:
            return StreamFault.REORDERED, f"event {later} came after event {earlier}"
    missing = sorted(set(range(max(positions, default=-1) + 1)) - seen)
    if len(missing) > unknown:
        return StreamFault.LOST, f"event {missing[0]} never came ({len(missing)} missing in all)"
    if length is not None and len(arrived) < length:
        return StreamFault.TRUNCATED, f"{len(arrived)} of {length} events came"
    return None


def describe_length(count: int, length: int, texts: Sequence[str]) -> tuple[StreamFault, str]:
    """Return what is wrong with a number of events that is not `length`.

    `texts` are the expected ones, as far as they are known.
    """
    if count > length:
        return StreamFault.DUPLICATED, f"{count} events came instead of {length}"
    message = f"{count} of {length} events came"
    if texts and texts[count - 1] == texts[-1]:
        return (
            StreamFault.LOST,
            f"{message} (their texts are the same: which are lost is not known)",
        )
    return StreamFault.TRUNCATED, message


class EventOrder:
    """The numbers of a stream's events in the order of arrival, once they are out of order.

    `texts` are the expected ones, in order; the first `known` have arrived already. `contents` are
    their contents: an event with an unknown text is identified by its content.
    """

    __slots__ = ("_by_content", "_by_text", "_contents", "_seen", "_texts", "arrived")

    def __init__(self, texts: Sequence[str], contents: Sequence[str], known: int) -> None:
        self.arrived: list[int | None] = list(range(known))
        self._seen = set(range(known))
        self._texts, self._contents = texts, contents
        self._by_text = _positions(texts)
        self._by_content = _positions(contents)

    def take(self, text: str, content: str, due: int) -> int | None:
        """Record that an event arrived when number `due` was expected; return its number.

        A text that occurs several times counts as the expected event, else as a missing one,
        later ones first, else as one that came before. None is an unknown event.
        """
        found = self._find(text, content, due)
        self.arrived.append(found)
        if found is not None:
            self._seen.add(found)
        return found

    def _find(self, text: str, content: str, due: int) -> int | None:
        positions = self._by_text.get(text)
        at_due = self._texts[due : due + 1] == [text]
        if positions is None:
            positions = self._by_content.get(content, [])
            at_due = self._contents[due : due + 1] == [content]
        if at_due and due not in self._seen:
            return due
        missing = [position for position in positions if position not in self._seen]
        later = [position for position in missing if position >= due]
        return next(iter(later or missing or positions), None)


def _positions(texts: Sequence[str]) -> Mapping[str, list[int]]:
    """Return the numbers of the events that have each text."""
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        positions[text].append(position)
    return positions

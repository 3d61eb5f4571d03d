"""Telling lost, duplicated, reordered and truncated apart from the places of events."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


ID_DIGITS_LIMIT = 18
"""An id of more digits than this is no number that counts events."""


def number_of(identifier: str) -> int | None:
    """Return the number that an event's id is, or None."""
    countable = len(identifier) <= ID_DIGITS_LIMIT and identifier.isascii()
    return int(identifier) if countable and identifier.isdigit() else None


def describe_order(
    arrived: Sequence[int | None], length: int | None
) -> tuple[StreamFault, str] | None:
    """Return what is wrong with the order in which events came, or None.

    `arrived` has each event's place in the stream as it should be, in the order of arrival;
    None stands for an event that has no place there, and is taken for the one it came instead
    of. `length` is how many events there should be, when that is known.
    """
    places = [place for place in arrived if place is not None]
    unknown = len(arrived) - len(places)
    seen: set[int] = set()
    for place in places:
        if place in seen:
            return StreamFault.DUPLICATED, f"event {place} came twice"
        seen.add(place)
    for earlier, later in pairwise(places):
        if later < earlier:
            return StreamFault.REORDERED, f"event {later} came after event {earlier}"
    missing = sorted(set(range(max(places, default=-1) + 1)) - seen)
    if len(missing) > unknown:
        return StreamFault.LOST, f"event {missing[0]} never came ({len(missing)} missing in all)"
    if length is not None and len(arrived) < length:
        return StreamFault.TRUNCATED, f"{len(arrived)} of {length} events came"
    return None


class EventOrder:
    """The places of a stream's events, in the order of arrival, once that is not plain any more.

    `texts` are those that the stream should show, in order; the first `known` have come already.
    `contents` are what of each of them matters: an event whose text is none of those, but whose
    content is, has its place by that.
    """

    __slots__ = ("_by_content", "_by_text", "_contents", "_seen", "_texts", "arrived")

    def __init__(self, texts: Sequence[str], contents: Sequence[str], known: int) -> None:
        self.arrived: list[int | None] = list(range(known))
        self._seen = set(range(known))
        self._texts, self._contents = texts, contents
        self._by_text = _places(texts)
        self._by_content = _places(contents)

    def take(self, text: str, content: str, due: int) -> int | None:
        """Note that an event arrived where the one at place `due` was awaited; return its place.

        A text that occurs several times is taken for the one that is due, else for one that is
        missing, later ones first, else for one that came before. None stands for a stranger.
        """
        found = self._find(text, content, due)
        self.arrived.append(found)
        if found is not None:
            self._seen.add(found)
        return found

    def _find(self, text: str, content: str, due: int) -> int | None:
        places = self._by_text.get(text)
        at_due = self._texts[due : due + 1] == [text]
        if places is None:
            places = self._by_content.get(content, [])
            at_due = self._contents[due : due + 1] == [content]
        if at_due and due not in self._seen:
            return due
        missing = [place for place in places if place not in self._seen]
        later = [place for place in missing if place >= due]
        return next(iter(later or missing or places), None)


def _places(texts: Sequence[str]) -> Mapping[str, list[int]]:
    """Return the places where each text stands."""
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        places[text].append(place)
    return places

"""Reading whole blocks of an event stream at the speed of the interpreter's C functions.

The text has passed through the decoder and its line ends are LF. Servers repeat themselves, so
blocks that are alike are read many at once: first those that differ in nothing but their data,
then those that have the same fields in the same order. Everything else, and texts too short to
be worth the effort, are interpreted line by line.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.eventstream_model import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamchat_conformance.core.eventstream_interpretation import Interpretation

_SHORT: Final = 400
"""Texts of fewer characters are read line by line."""
_LONG_LINE: Final = 300
"""Lines of more characters than this are found faster one by one."""
_PAUSE: Final = 16
"""How many texts are read line by line after blocks that were not alike."""

_PREAMBLE: Final = re.compile(r"(?:(?::[^\n]*+)?+\n)*+(?:event: ?+([^\n]*+)\n)?+data: ?+")
"""What stands before a block's data when that is comments and a type at most."""
_COMMENTS: Final = r"(?::[^\n]*+\n++){0,4}+"
"""Comments before a block and at its start. Few, so that little is scanned twice."""
_LEADING: Final = re.compile(r"(?:(?::[^\n]*+)?+\n)*+")
_FIELD: Final = re.compile(r"(id|event|data)(: ?)")


class BlockReader:
    """Reads the blocks of one stream; remembers what they looked like last."""

    __slots__ = ("_interpretation", "_pause", "_preamble", "_separator", "_shape", "_type")

    def __init__(self, interpretation: Interpretation) -> None:
        self._interpretation = interpretation
        self._preamble = "data: "
        self._separator = "\n\ndata: "
        self._type = "message"
        self._shape: _Shape | None = None
        self._pause = 0

    def read(self, text: str, at_s: float) -> list[Event]:
        """Return the events of `text`, whole blocks without the last one's blank line.

        The interpretation must stand between two blocks, and does so afterwards.
        """
        if len(text) < _SHORT:
            if text.startswith("data: ") and "\n" not in text:
                row = ("message", text[6:], self._interpretation.last_event_id, at_s, -1, False)
                return [tuple.__new__(Event, row)]
            return self._interpretation.read([*text.split("\n"), ""], at_s)
        # One place is enough to look at: most of a text with long lines is long lines.
        if text.find("\n", _LONG_LINE, 2 * _LONG_LINE) < 0 and len(text) > 2 * _LONG_LINE:
            return self._interpretation.read(_long_lines(text), at_s)
        if self._pause:
            self._pause -= 1
        else:
            events = None
            if self._shape is None or text.startswith(self._preamble):
                events = self._read_alike(text, at_s)
            # A NUL may make an id void: that is left to the interpretation.
            if events is None and "\0" not in text:
                events = self._read_shaped(text, at_s)
            if events is not None:
                return events
            self._pause = _PAUSE
        return self._interpretation.read([*text.split("\n"), ""], at_s)

    def _read_alike(self, text: str, at_s: float) -> list[Event] | None:
        """Read blocks that are alike but for their one data line; None if few are."""
        if not text.startswith(self._preamble):
            match = _PREAMBLE.match(text)
            if match is None:
                return None
            self._preamble, self._type = match.group(), match[1] or "message"
            self._separator = "\n\n" + self._preamble
        separator = self._separator
        # Looking at the second block first avoids an attempt that must fail.
        if not text.startswith(separator, text.find("\n", len(separator) - 2)):
            return None
        datas = text[len(separator) - 2 :].split(separator)
        # Without a space after the colon in the preamble, one in the data is not the data's.
        if separator[-1] == ":" and any(map(str.startswith, datas, repeat(" "))):
            self._preamble, self._type, self._separator = "data: ", "message", "\n\ndata: "
            return None
        if not any(map(contains, datas, repeat("\n"))):
            ids = repeat(self._interpretation.last_event_id)
            return _events(repeat(self._type), datas, ids, at_s)
        others = [self._preamble + data if "\n" in data else "" for data in datas]
        return self._read_around(others, lambda part: self._events_alike(datas[part], at_s), at_s)

    def _events_alike(self, datas: list[str], at_s: float) -> list[Event]:
        last_event_id = repeat(self._interpretation.last_event_id)
        return _events(repeat(self._type), datas, last_event_id, at_s)

    def _read_shaped(self, text: str, at_s: float) -> list[Event] | None:
        """Read blocks most of which have the same fields in the same order; None if few do."""
        shape = self._shape or _first_shape(text)
        if shape is None:
            return None
        interpretation = self._interpretation
        *columns, others = zip(*shape.blocks.findall(text + "\n\n"), strict=True)
        if not any(others):
            self._shape = shape
            return shape.events(columns, at_s, interpretation)
        events = self._read_around(
            others,
            lambda part: shape.events([column[part] for column in columns], at_s, interpretation),
            at_s,
        )
        self._shape = None if events is None else shape
        return events

    def _read_around(
        self, others: Sequence[str], make: Callable[[slice], list[Event]], at_s: float
    ) -> list[Event] | None:
        """Read the `others` (empty where there is none) line by line, runs between with `make`.

        Returns None, having done nothing, when there are too many others for that to pay.
        """
        places = [place for place, other in enumerate(others) if other]
        if 3 * len(places) > len(others):
            return None
        events: list[Event] = []
        start = 0
        for place in places:
            if start < place:
                events += make(slice(start, place))
            events += self._interpretation.read([*others[place].split("\n"), ""], at_s)
            start = place + 1
        if start < len(others):
            events += make(slice(start, None))
        return events


class _Shape:
    """An order of fields in a block, each once; the data may be on several lines."""

    __slots__ = ("_colon", "_places", "blocks")

    def __init__(self, names: tuple[str, ...], colon: str) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._colon = colon
        # Without a space after the colon, one there would belong to the value.
        value = r"[^\n]*+" if colon == ": " else r"(?! )[^\n]*+"
        lines = {name: f"{name}{colon}({value})\n" for name in names}
        lines["data"] = f"data{colon}({value}(?:\ndata{colon}{value})*+)\n"
        block = _COMMENTS + "".join(lines[name] for name in names) + r"\n"
        # Matches follow one another without a gap, for a block of another shape is a match too.
        self.blocks = re.compile(block + r"|((?:[^\n]++\n)*+\n)")

    def events(
        self, columns: Sequence[Sequence[str]], at_s: float, interpretation: Interpretation
    ) -> list[Event]:
        """Return the events of blocks, given as the columns of what `blocks` found."""
        datas = columns[self._places["data"]]
        if any(map(contains, datas, repeat("\n"))):
            continuation = "\ndata" + self._colon
            datas = [data.replace(continuation, "\n") for data in datas]
        types: Iterable[str] = repeat("message")
        if "event" in self._places:
            types = columns[self._places["event"]]
            if "" in types:
                types = [type_ or "message" for type_ in types]
        ids: Iterable[str] = repeat(interpretation.last_event_id)
        if "id" in self._places:
            ids = columns[self._places["id"]]
            interpretation.set_last_event_id(ids[-1])
        return _events(types, datas, ids, at_s)


_shape = cache(_Shape)
"""There are 22 at most: 11 orders of fields, with and without a space."""


def _first_shape(text: str) -> _Shape | None:
    """Return the shape of the first block, if that is one in which servers write many events."""
    names: list[str] = []
    colons = set()
    start = _LEADING.match(text).end()  # type: ignore[union-attr]  # it matches even nothing
    for line in text[start : text.find("\n\n", start)].split("\n", 16):
        field = _FIELD.match(line)
        if field is None:
            return None
        if field[1] != "data" or names[-1:] != ["data"]:
            names.append(field[1])
        colons.add(field[2])
    if "data" not in names or len(set(names)) != len(names) or len(colons) != 1:
        return None
    return _shape(tuple(names), colons.pop())


def _long_lines(text: str) -> list[str]:
    """Split text at LF; much faster than `split` where lines are long, slower where short."""
    lines = []
    start = 0
    while (end := text.find("\n", start)) >= 0:
        lines.append(text[start:end])
        start = end + 1
    return [*lines, text[start:], ""]


def _events(
    types: Iterable[str], datas: Iterable[str], ids: Iterable[str], at_s: float
) -> list[Event]:
    """Make events of columns: `tuple.__new__` under `map` takes half the time of `Event()`."""
    rows = zip(types, datas, ids, repeat(at_s), repeat(-1), repeat(False))
    return list(map(tuple.__new__, repeat(Event), rows))

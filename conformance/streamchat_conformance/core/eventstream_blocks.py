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

from .eventstream_model import Event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .eventstream_interpretation import Interpretation

_SHORT: Final = 400
"""Texts of fewer characters are read line by line."""
_SAMPLE: Final = 2048
_FEW_LINES: Final = 8
"""With fewer line ends than this in the first _SAMPLE characters, lines count as long."""

_PREAMBLE: Final = re.compile(r"(?:(?::[^\n]*+)?+\n)*+(?:event: ?+([^\n]*+)\n)?+data: ?+")
"""What stands before a block's data when that is comments and a type at most."""
_COMMENTS: Final = r"(?::[^\n]*+\n++)*+"
"""Comments at the start of a block, alone or before its fields, and blank lines behind them."""
_LEADING: Final = re.compile(r"\n*+" + _COMMENTS)
_FIELD: Final = re.compile(r"(id|event|data)(: ?)")


class BlockReader:
    """Reads the blocks of one stream; remembers what they looked like last."""

    __slots__ = ("_interpretation", "_preamble", "_shape", "_type")

    def __init__(self, interpretation: Interpretation) -> None:
        self._interpretation = interpretation
        self._preamble = "data: "
        self._type = "message"
        self._shape: _Shape | None = None

    def read(self, text: str, at_s: float) -> list[Event]:
        """Return the events of `text`, which must end with a blank line, that is with two LF.

        The interpretation must stand between two blocks, and does so afterwards.
        """
        if len(text) < _SHORT:
            return self._interpretation.read(text.split("\n")[:-1], at_s)
        if len(text) > _SAMPLE and text.count("\n", 0, _SAMPLE) < _FEW_LINES:
            return self._interpretation.read(_long_lines(text), at_s)
        datas = self._split(text)
        if datas is not None:
            ids = repeat(self._interpretation.last_event_id)
            return _events(repeat(self._type), datas, ids, at_s)
        # A NUL may make an id void: that is left to the interpretation.
        if "\0" in text:
            return self._interpretation.read(text.split("\n")[:-1], at_s)
        return self._read_shaped(text, at_s)

    def _split(self, text: str) -> list[str] | None:
        """Return the blocks' data if, but for one data line in each, all blocks are alike."""
        if not text.startswith(self._preamble):
            preamble = _PREAMBLE.match(text)
            if preamble is None:
                return None
            self._preamble, self._type = preamble.group(), preamble[1] or "message"
        preamble = self._preamble
        # Looking at the second block first spares the attempt where it is in vain.
        end = text.find("\n", len(preamble))
        if end == len(text) - 2:
            datas = [text[len(preamble) : end]]
        elif text.startswith("\n\n" + preamble, end):
            datas = text[len(preamble) : -2].split("\n\n" + preamble)
            if any(map(contains, datas, repeat("\n"))):
                return None
        else:
            return None
        # Without a space after the colon in the preamble, one in the data is not the data's.
        if preamble[-1] == ":" and any(map(str.startswith, datas, repeat(" "))):
            self._preamble = "data: "
            return None
        return datas

    def _read_shaped(self, text: str, at_s: float) -> list[Event]:
        """Read blocks that have the same fields in the same order, and others between them."""
        interpretation = self._interpretation
        shape = self._shape
        if shape is None:
            shape = self._shape = _first_shape(text)
        if shape is None:
            return interpretation.read(text.split("\n")[:-1], at_s)
        *columns, others = zip(*shape.blocks.findall(text), strict=True)
        if not any(others):
            return shape.events(columns, at_s, interpretation)
        strangers = [index for index, other in enumerate(others) if other]
        if 2 * len(strangers) > len(others):
            self._shape = None
            return interpretation.read(text.split("\n")[:-1], at_s)
        events: list[Event] = []
        start = 0
        for index in strangers:
            if start < index:
                part = [column[start:index] for column in columns]
                events += shape.events(part, at_s, interpretation)
            events += interpretation.read(others[index].split("\n")[:-1], at_s)
            start = index + 1
        if start < len(others):
            part = [column[start:] for column in columns]
            events += shape.events(part, at_s, interpretation)
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
    return lines


def _events(
    types: Iterable[str], datas: Iterable[str], ids: Iterable[str], at_s: float
) -> list[Event]:
    """Make events of columns: `tuple.__new__` under `map` takes half the time of `Event()`."""
    rows = zip(types, datas, ids, repeat(at_s), repeat(-1), repeat(False))  # noqa: FBT003
    return list(map(tuple.__new__, repeat(Event), rows))

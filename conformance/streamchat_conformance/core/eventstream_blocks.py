"""Reading whole blocks of an event stream at the speed of the interpreter's C functions.

The text has passed through the decoder and its line ends are LF. Streams in practice repeat one
shape of block, so the shapes that servers send are read for many blocks at once; whatever else
there is goes line by line through the same interpretation as everywhere.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING, Final

from .eventstream_model import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .eventstream_interpretation import Interpretation

_COMMENT: Final = re.compile(r"\n:[^\n]*+")
_FIELD_ORDER: Final = re.compile(r"(id|event|data)(: ?)")


class BlockReader:
    """Reads the blocks of one stream; remembers the shape that they had last."""

    __slots__ = ("_interpretation", "_shape")

    def __init__(self, interpretation: Interpretation) -> None:
        self._interpretation = interpretation
        self._shape: _Shape | None = None

    def read(self, text: str, at_s: float) -> list[Event]:
        """Return the events of `text`, which must end with a blank line, that is with two LF.

        The interpretation must stand between two blocks, and does so afterwards.
        """
        if text.startswith("data:"):
            datas = _split_data(text)
            if not any(map(contains, datas, repeat("\n"))):
                ids = repeat(self._interpretation.last_event_id)
                return _events(repeat("message"), datas, ids, at_s)
        if text.startswith(":") or "\n:" in text:
            text = _without_comments(text)
        if text.startswith("\n"):
            text = text.lstrip("\n")
        # A NUL may make an id void: that is left to the interpretation.
        shape = self._shape
        if "\0" not in text:
            if shape is not None and (events := shape.read(text, at_s, self._interpretation)):
                return events
            self._shape = _first_shape(text)
            if self._shape not in (None, shape) and (
                events := self._shape.read(text, at_s, self._interpretation)
            ):
                return events
        if text.startswith("data:"):
            return self._read_data(text, at_s)
        return self._read_lines(text, at_s)

    def _read_data(self, text: str, at_s: float) -> list[Event]:
        """Read blocks most of which have data lines alone, one or several."""
        continuation = "\ndata: " if text.startswith("data: ") else "\ndata:"
        events: list[Event] = []
        for data in _split_data(text):
            joined = data
            if "\n" in data:
                # Several data lines are joined by LF. Anything else between goes the long way.
                joined = data.replace(continuation, "\n")
                removed = (len(continuation) - 1) * joined.count("\n")
                if len(data) - len(joined) != removed or (
                    len(continuation) == 6 and "\n " in joined
                ):
                    events += self._read_lines(f"data: {data}\n\n", at_s)
                    continue
            events.append(Event("message", joined, self._interpretation.last_event_id, at_s))
        return events

    def _read_lines(self, text: str, at_s: float) -> list[Event]:
        """Read blocks of any kind, line by line."""
        interpretation = self._interpretation
        events = []
        for block in text.split("\n\n"):
            for line in block.split("\n"):
                if line.startswith("data: "):
                    interpretation.data.append(line[6:])
                    continue
                name, _, value = line.partition(":")
                interpretation.field(name, value.removeprefix(" "))
            event = interpretation.dispatch(at_s)
            if event is not None:
                events.append(event)
        return events


class _Shape:
    """The order of fields in a block, each once, the data perhaps on several lines."""

    __slots__ = ("_blocks", "_continuation", "_lines", "_places")

    def __init__(self, names: tuple[str, ...], colon: str) -> None:
        self._places = {name: place for place, name in enumerate(names)}
        self._continuation = f"\ndata{colon}"
        self._lines = len(names) + 1
        value = r"[^\n]*+" if colon == ": " else r"(?! )[^\n]*+"
        patterns = {name: f"{name}{colon}({value})\n" for name in names}
        patterns["data"] = f"data{colon}({value}(?:{self._continuation}{value})*+)\n"
        self._blocks = re.compile("(?m)^" + "".join(patterns[name] for name in names) + "\n")

    def read(self, text: str, at_s: float, interpretation: Interpretation) -> list[Event] | None:
        """Return the events, or None if any block has another shape. No comments, no NUL."""
        columns = list(zip(*self._blocks.findall(text), strict=True))
        if not columns:
            return None
        datas: Iterable[str] = columns[self._places["data"]]
        # Every match begins at a line's start and ends with a blank line, so what it leaves out
        # has line ends of its own: counting them shows whether the matches are the whole text.
        lines = self._lines * len(columns[0])
        if any(map(contains, datas, repeat("\n"))):
            lines += sum(data.count("\n") for data in datas)
            datas = [data.replace(self._continuation, "\n") for data in datas]
        if text.count("\n") != lines:
            return None
        types: Iterable[str] = repeat("message")
        if "event" in self._places:
            types = columns[self._places["event"]]
            if "" in types:
                types = [type_ or "message" for type_ in types]
        ids: Iterable[str] = repeat(interpretation.last_event_id)
        if "id" in self._places:
            ids = columns[self._places["id"]]
            interpretation.id_buffer = interpretation.last_event_id = ids[-1]
        return _events(types, datas, ids, at_s)


_shape = cache(_Shape)
"""There are at most 32 shapes: five sets of fields in every order, with and without a space."""


def _first_shape(text: str) -> _Shape | None:
    """Return the shape of the first block, if that is one in which servers write many events."""
    names: list[str] = []
    colons = set()
    for line in text[: text.find("\n\n")].split("\n", 16):
        field = _FIELD_ORDER.match(line)
        if field is None:
            return None
        if field[1] != "data" or names[-1:] != ["data"]:
            names.append(field[1])
        colons.add(field[2])
    if "data" not in names or len(set(names)) != len(names) or len(names) == 1 or len(colons) != 1:
        return None
    return _shape(tuple(names), colons.pop())


def _split_data(text: str) -> list[str]:
    """Cut text before each data line that begins a block; return the values, space removed."""
    if text.startswith("data: "):
        return text[6:-2].split("\n\ndata: ")
    datas = text[5:-2].split("\n\ndata:")
    if any(map(str.startswith, datas, repeat(" "))):
        datas = [data.removeprefix(" ") for data in datas]
    return datas


def _without_comments(text: str) -> str:
    text = _COMMENT.sub("", "\n" + text)
    # What is left of a block of comments is a blank line too many.
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


def _events(
    types: Iterable[str], datas: Iterable[str], ids: Iterable[str], at_s: float
) -> list[Event]:
    """Make events of columns: `tuple.__new__` under `map` takes half the time of `Event()`."""
    rows = zip(types, datas, ids, repeat(at_s), repeat(-1), repeat(False))  # noqa: FBT003
    return list(map(tuple.__new__, repeat(Event), rows))

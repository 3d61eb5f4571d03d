"""Reading whole blocks of an event stream at the speed of the interpreter's C functions.

The text has passed through the decoder and its line ends are LF. Servers repeat themselves, so
blocks are read many at once: first those that differ in nothing but their data and in comments,
then those whose fields are in one of the common orders. Everything else, and texts too short to be
worth the effort, are interpreted line by line.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import repeat
from operator import contains
from typing import TYPE_CHECKING, Final, cast

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

_LEADING: Final = re.compile(r"(?:(?::.*+)?+\n)*+(?::.*+\Z)?+")
"""Comments and blank lines before the first block with fields."""
_PREAMBLE: Final = re.compile(r"(?:event: ?+(.*+)\n)?+data: ?+")
"""What stands before a block's data when that is a type at most."""
_COMMENTED: Final = {
    preamble: re.compile(rf"\n\n++(?::.*+\n++)*+{preamble}") for preamble in ("data: ", "data:")
}
"""What separates the data of two blocks, with comments before the second, by its preamble."""
_COMMENTS: Final = r"(?::.*+\n++){0,4}+"
"""Comments before a block and at its start. Few, so that little is scanned twice."""
_FIELD: Final = re.compile(r"(id|event|data)(: ?)")


class BlockReader:
    """Reads the blocks of one stream; remembers what they looked like last."""

    __slots__ = (
        *("_block_lines", "_form", "_interpretation", "_pause"),
        *("_preamble", "_separator", "_type", "_uniform"),
    )

    def __init__(self, interpretation: Interpretation) -> None:
        self._interpretation = interpretation
        self._take_preamble("data: ", None)
        self._uniform = True
        """Whether all blocks seemed to begin alike, without comments, when they were looked at."""
        self._form: _Form | None = None
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
            return self._read_long(text, at_s)
        preamble = self._preamble
        if self._uniform and text.startswith(preamble):
            datas = text.split(self._separator)
            # No line is left over: all blocks are like those before.
            if text.count("\n") + 2 == len(datas) * self._block_lines and (
                preamble[-1] != ":" or preamble + " " not in text
            ):
                datas[0] = datas[0][len(preamble) :]
                return self._events_alike(datas, at_s)
        return self._read_mixed(text, at_s)

    def _read_mixed(self, text: str, at_s: float) -> list[Event]:
        """Read blocks that are not all like those before."""
        if self._pause:
            self._pause -= 1
        else:
            text = _without_outer_comments(text)
            if not text:
                return []
            events = self._read_alike(text, at_s) if self._may_be_alike(text) else None
            # A NUL may make an id void: that is left to the interpretation.
            if events is None and "\0" not in text:
                events = self._read_formed(text, at_s)
            if events is not None:
                return events
            self._pause = _PAUSE
        return self._interpretation.read([*text.split("\n"), ""], at_s)

    def _read_long(self, text: str, at_s: float) -> list[Event]:
        """Read blocks of one long line each, as far as they are such; then whatever follows."""
        events = []
        last_event_id = self._interpretation.last_event_id
        start = 0
        while text.startswith("data: ", start):
            end = text.find("\n", start)
            if end < 0:
                end = len(text)
            elif not text.startswith("\n", end + 1):
                break
            row = ("message", text[start + 6 : end], last_event_id, at_s, -1, False)
            events.append(tuple.__new__(Event, row))
            start = end + 2
        if start < len(text):
            events += self._interpretation.read(_long_lines(text, start), at_s)
        return events

    def _may_be_alike(self, text: str) -> bool:
        """Look at the beginning of the second block, which avoids most attempts that must fail."""
        if not text.startswith(self._preamble):
            match = None if self._form else _PREAMBLE.match(text)
            if match is None:
                return False
            self._take_preamble(match.group(), match[1])
        second = text.find("\n", len(self._preamble))
        self._uniform = text.startswith(self._separator, second)
        return self._uniform or text.startswith("\n\n:", second)

    def _take_preamble(self, preamble: str, event_type: str | None) -> None:
        self._preamble, self._separator = preamble, "\n\n" + preamble
        self._type = event_type or "message"
        self._block_lines = 3 if "\n" in preamble else 2

    def _read_alike(self, text: str, at_s: float) -> list[Event] | None:
        """Read blocks that differ in their one data line and in comments; None if few are such."""
        preamble = self._preamble
        # Without a space after the colon in the preamble, one in the data is not the data's.
        if preamble[-1] == ":" and preamble + " " in text:
            self._take_preamble("data: ", None)
            return None
        commented = preamble in _COMMENTED and "\n:" in text
        self._uniform = not commented
        datas = _COMMENTED[preamble].split(text) if commented else text.split(self._separator)
        datas[0] = datas[0][len(preamble) :]
        if not any(map(contains, datas, repeat("\n"))):
            return self._events_alike(datas, at_s)
        others = [preamble + data if "\n" in data else "" for data in datas]
        return self._read_around(others, lambda part: self._events_alike(datas[part], at_s), at_s)

    def _events_alike(self, datas: list[str], at_s: float) -> list[Event]:
        last_event_id = repeat(self._interpretation.last_event_id)
        return _events(repeat(self._type), datas, last_event_id, at_s)

    def _read_formed(self, text: str, at_s: float) -> list[Event] | None:
        """Read blocks most of which have their fields in one order, or in any common one."""
        text += "\n\n"
        form = self._form or _first_form(text)
        events = None if form is None else self._read_by(form, text, at_s)
        if events is None and form is not _COMMON:
            form = _COMMON
            events = self._read_by(form, text, at_s)
        self._form = None if events is None else form
        return events

    def _read_by(self, form: _Form, text: str, at_s: float) -> list[Event] | None:
        *columns, others = form.columns(text)
        if not any(others):
            return form.events(columns, at_s, self._interpretation)
        return self._read_around(
            others,
            lambda part: form.events(
                [column[part] for column in columns], at_s, self._interpretation
            ),
            at_s,
        )

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


class _Form:
    """An order of fields in a block. The data may be on several lines.

    Where the other fields are `optional`, an id may have several places.
    """

    __slots__ = ("_names", "_next_line", "blocks")

    def __init__(self, names: tuple[str, ...], colon: str, *, optional: bool = False) -> None:
        self._names = names
        self._next_line = "\ndata" + colon
        # Without a space after the colon, one there would belong to the value.
        value = ".*+" if colon == ": " else "(?! ).*+"
        lines = {name: f"{name}{colon}({value})\n" for name in names}
        if optional:
            lines = {name: f"(?:{line})?+" for name, line in lines.items()}
        lines["data"] = f"data{colon}({value}(?:\ndata{colon}{value})*+)\n"
        block = _COMMENTS + "".join(lines[name] for name in names) + r"\n"
        # Matches follow one another without a gap, for a block of another form is a match too.
        self.blocks = re.compile(block + r"|((?:.++\n)*+\n)")

    def columns(self, text: str) -> list[list[str]]:
        """Return, of all blocks, the values of each name, and last the blocks of other forms."""
        # None stands for a field that is not there, and for all of another block.
        parts = self.blocks.split(text)
        groups = len(self._names) + 1
        return [parts[place :: groups + 1] for place in range(1, groups + 1)]

    def events(
        self, columns: Sequence[Sequence[str]], at_s: float, interpretation: Interpretation
    ) -> list[Event]:
        """Return the events of blocks, given their columns without that of other blocks."""
        types: Iterable[str] = repeat("message")
        ids = []
        for name, column in zip(self._names, columns, strict=True):
            if name == "data":
                datas = column
            elif any(column) or "" in column:
                if name == "id":
                    ids.append(column)
                else:
                    types = column if all(column) else [type_ or "message" for type_ in column]
        if any(map(contains, datas, repeat("\n"))):
            next_line = self._next_line
            datas = [data.replace(next_line, "\n") if "\n" in data else data for data in datas]
        return _events(types, datas, _last_event_ids(ids, interpretation), at_s)


def _last_event_ids(
    columns: Sequence[Sequence[str | None]], interpretation: Interpretation
) -> Iterable[str]:
    """Return the last event ids of blocks that may have an id at several places."""
    event_id = interpretation.last_event_id
    if not columns:
        return repeat(event_id)
    found = columns[0]
    if len(columns) == 1 and all(found):
        given = cast("Sequence[str]", found)
        interpretation.set_last_event_id(given[-1])
        return given
    for later in columns[1:]:
        found = [two if two is not None else one for one, two in zip(found, later, strict=True)]
    ids: list[str] = []
    for one in found:
        if one is not None:
            event_id = one
        ids.append(event_id)
    interpretation.set_last_event_id(event_id)
    return ids


_form = cache(_Form)
"""There are 22 at most: 11 orders of fields, with and without a space."""
_COMMON: Final = _Form(("id", "event", "id", "data", "id"), ": ", optional=True)


def _first_form(text: str) -> _Form | None:
    """Return the form of the first block, if that is one in which servers write many events."""
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
    return _form(tuple(names), colons.pop())


def _without_outer_comments(text: str) -> str:
    """Return text without comments and blank lines before its first field and after its last."""
    start = _LEADING.match(text).end() if text[0] in ":\n" else 0  # type: ignore[union-attr]  # it matches even nothing
    end = len(text)
    while (last := text.rfind("\n", start, end)) >= 0 and text[last + 1 : last + 2] in {
        ":",
        "\n",
        "",
    }:
        end = last
    return text[start:end]


def _long_lines(text: str, start: int) -> list[str]:
    """Split text at LF; much faster than `split` where lines are long, slower where short."""
    lines = []
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

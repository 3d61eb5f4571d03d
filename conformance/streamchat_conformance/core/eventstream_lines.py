"""Reading an event stream line by line: every line kept, and memory bounded by a limit."""

from __future__ import annotations

import codecs
import re
from itertools import repeat
from typing import Final

from streamchat_conformance.core.eventstream_interpretation import Interpretation, is_retry
from streamchat_conformance.core.eventstream_model import (
    BOM,
    CR,
    KNOWN_FIELDS,
    LF,
    Block,
    Event,
    Line,
    LineKind,
)

_LINE_END: Final = re.compile(rb"\r\n?|\n")
_NAMES: Final = {name.encode(): name for name in ("data", "event", "id", "")}
"""Names of fields in which plain text is never odd; comments and blank lines have the empty one."""
_BLANK, _COMMENT, _FIELD = LineKind.BLANK, LineKind.COMMENT, LineKind.FIELD
_PLAIN_NAMES: Final = frozenset({"data", "event", "id"})
"""Fields in which plain ASCII without NUL is never odd."""


class LineReader:
    """Takes bytes apart into lines and blocks, at the cost of an object for each line.

    `limit_bytes` bounds what is kept of each line, and of the data of each event.
    """

    def __init__(
        self, interpretation: Interpretation, *, keep: bool, limit_bytes: int | None, offset: int
    ) -> None:
        self.lines: list[Line] = []
        self.blocks: list[Block] = []
        self.open_lines: list[Line] = []
        """Lines of the block that no blank line has ended yet."""
        self.block_has_fields = False
        """Whether that block has more than comments in it."""
        self.cut_bytes = 0
        """Bytes beyond the limit, dropped so far."""
        self._interpretation = interpretation
        self._keep = keep
        self._limit_bytes = limit_bytes
        self._offset = offset
        self._partial = bytearray()
        self._partial_cut_bytes = 0
        self._partial_at_s = 0.0
        self._data_bytes = 0
        self._after_cr = False

    @property
    def at_boundary(self) -> bool:
        """Whether the last byte read ended a block (or none was read)."""
        return not (self._partial or self.block_has_fields or self.open_lines)

    def receive(self, data: bytes, at_s: float) -> list[Event]:
        """Read bytes that arrived at `at_s` (seconds); return the events that they completed."""
        events: list[Event] = []
        if self._after_cr and data:
            # A CR ends a line at once; an LF right behind it, however late, belongs to it.
            self._after_cr = False
            if data[0] == LF:
                self._amend_ending()
                data = data[1:]
        if data and LF not in data and CR not in data:
            self._extend_partial(data, 0, len(data))
            self._partial_at_s = at_s
            return []
        if (cut := self._common_ending(data)) is not None:
            return self._receive_common(data, *cut, at_s)
        start = 0
        for end in _LINE_END.finditer(data):
            content, cut_bytes = self._take_line(data, start, end.start())
            event = self._end_line(content, cut_bytes, end.group(), at_s)
            if event is not None:
                events.append(event)
            start = end.end()
        if start < len(data):
            self._extend_partial(data, start, len(data))
            self._partial_at_s = at_s
        self._after_cr = data.endswith(b"\r") or (self._after_cr and not data)
        return events

    def close(self) -> bool:
        """End the stream; return whether it ended inside a block that has fields."""
        if self._partial:
            line = self._line(
                bytes(self._partial), self._partial_cut_bytes, b"", self._partial_at_s
            )
            self._partial.clear()
            if not line.content.startswith(b":"):
                self.block_has_fields = True
            self._keep_line(line)
        if self.open_lines:
            self.blocks.append(self.open_block())
            self.open_lines = []
        return self.block_has_fields

    def open_block(self) -> Block:
        """Return the block at hand, as far as it came. There must be one."""
        lines = tuple(self.open_lines)
        return Block(
            len(self.blocks),
            lines,
            event=None,
            complete=False,
            end_offset=lines[-1].end_offset,
        )

    # Many lines at once.

    def _common_ending(self, data: bytes) -> tuple[bytes, int] | None:
        """Return the one line end that all lines have, and where the last one is; or None.

        Lines with a NUL or a byte order mark may be odd, and so may those that are held to a limit.
        """
        if self._limit_bytes is not None or not self._keep or LF not in data:
            return None
        if b"\0" in data or BOM in data:
            return None
        ending = b"\n"
        if crs := data.count(b"\r"):
            ending = b"\r\n"
            if not crs == data.count(b"\n") == data.count(ending):
                return None
        end = data.rfind(ending)
        return None if end < 0 else (ending, end)

    def _receive_common(self, data: bytes, ending: bytes, end: int, at_s: float) -> list[Event]:
        """Read lines as `receive` does, where all have one end."""
        whole = bytes(self._partial) + data[:end]
        rest = data[end + len(ending) :]
        contents = whole.split(ending)
        try:
            texts = whole.decode().split(ending.decode())
            # What came before may hold what is not looked for in each line.
            sound = not self._partial or not (b"\0" in contents[0] or BOM in contents[0])
        except UnicodeDecodeError:
            texts = [content.decode("utf-8", "replace") for content in contents]
            sound = False
        self._partial[:] = rest
        self._partial_at_s = at_s if rest else self._partial_at_s
        lines = self._common_lines(contents, ending, at_s, sound=sound)
        self.lines += lines
        events: list[Event] = []
        blocks = self.blocks
        make, ending_bytes, index = tuple.__new__, len(ending), len(blocks)
        interpretation, open_lines = self._interpretation, self.open_lines
        start = 0
        for place in [place for place, content in enumerate(contents) if not content]:
            of_block = lines[start:place]
            if open_lines:
                of_block, open_lines = open_lines + of_block, []
            event: Event | None
            if start and place == start + 1 and (text := texts[start]).startswith("data: "):
                # A block that is one line of data, as nearly all are, with nothing before it.
                last_event_id = interpretation.last_event_id
                event = make(Event, ("message", text[6:], last_event_id, at_s, index, False))
            else:
                interpretation.block = index
                dispatched = interpretation.read(texts[start : place + 1], at_s)
                event = dispatched[0] if dispatched else None
            if of_block:
                row = (index, tuple(of_block), event, True, lines[place][0] + ending_bytes)
                blocks.append(make(Block, row))
                index += 1
            if event is not None:
                events.append(event)
            start = place + 1
        if start:
            self.block_has_fields = False
        self.open_lines = open_lines + lines[start:]
        interpretation.read(texts[start:], at_s)
        if any(line.kind is LineKind.FIELD for line in lines[start:]):
            self.block_has_fields = True
        return events

    def _common_lines(
        self, contents: list[bytes], ending: bytes, at_s: float, *, sound: bool
    ) -> list[Line]:
        """Return lines of these contents; if they are `sound`, known fields are not odd."""
        rows: list[tuple[object, ...]] = []
        offset, ending_bytes = self._offset, len(ending)
        for content in contents:
            if not content:
                rows.append((offset, b"", ending, at_s, _BLANK, "", b"", (), 0))
                offset += ending_bytes
                continue
            if sound and content.startswith(b"data: "):
                rows.append((offset, content, ending, at_s, _FIELD, "data", content[6:], (), 0))
            elif sound and content.startswith(b"event: "):
                rows.append((offset, content, ending, at_s, _FIELD, "event", content[7:], (), 0))
            elif sound and (name := _NAMES.get((parts := content.partition(b":"))[0])) is not None:
                kind, value = (_FIELD, parts[2].removeprefix(b" ")) if name else (_COMMENT, b"")
                rows.append((offset, content, ending, at_s, kind, name, value, (), 0))
            else:
                self._offset = offset
                rows.append(self._line(content, 0, ending, at_s))
            offset += len(content) + ending_bytes
        self._offset = offset
        return list(map(tuple.__new__, repeat(Line), rows))

    # Lines.

    def _take_line(self, data: bytes, start: int, end: int) -> tuple[bytes, int]:
        """Return the line whose last part is data[start:end], and how much of it was dropped."""
        if self._partial:
            self._extend_partial(data, start, end)
            taken = bytes(self._partial), self._partial_cut_bytes
            self._partial.clear()
            self._partial_cut_bytes = 0
            return taken
        limit_bytes = self._limit_bytes
        if limit_bytes is None or end - start <= limit_bytes:
            return data[start:end], 0
        cut_bytes = end - start - limit_bytes
        self.cut_bytes += cut_bytes
        return data[start : start + limit_bytes], cut_bytes

    def _extend_partial(self, data: bytes, start: int, end: int) -> None:
        taken = end
        if self._limit_bytes is not None:
            taken = min(end, start + self._limit_bytes - len(self._partial))
        self._partial += memoryview(data)[start:taken]
        self._partial_cut_bytes += end - taken
        self.cut_bytes += end - taken

    def _end_line(self, content: bytes, cut_bytes: int, ending: bytes, at_s: float) -> Event | None:
        if not content:
            return self._end_block(ending, at_s)
        if self._keep:
            self._keep_line(self._line(content, cut_bytes, ending, at_s))
        if content[0] != 0x3A:
            self.block_has_fields = True
            self._interpret(content, cut=cut_bytes > 0)
        return None

    def _line(self, content: bytes, cut_bytes: int, ending: bytes, at_s: float) -> Line:
        kind = LineKind.COMMENT if content.startswith(b":") else LineKind.FIELD
        name, value = "", b""
        if kind is LineKind.FIELD:
            raw_name, _, value = content.partition(b":")
            name, value = raw_name.decode("utf-8", "replace"), value.removeprefix(b" ")
        if not ending:
            kind = LineKind.INCOMPLETE
        return Line(
            self._offset,
            content,
            ending,
            at_s,
            kind,
            name,
            value,
            _oddities(content, kind, name, value, cut=cut_bytes > 0),
            cut_bytes,
        )

    def _keep_line(self, line: Line) -> None:
        if self._keep:
            self.lines.append(line)
            self._offset = line.end_offset
            if line.kind is not LineKind.BLANK:
                self.open_lines.append(line)

    def _amend_ending(self) -> None:
        """Make the CR that ended the last line a CR LF."""
        if not self._keep:
            return
        self._offset += 1
        line = self.lines[-1]._replace(ending=b"\r\n")
        self.lines[-1] = line
        if line.kind is not LineKind.BLANK:
            self.open_lines[-1] = line
        elif self.blocks and self.blocks[-1].end_offset == line.end_offset - 1:
            self.blocks[-1] = self.blocks[-1]._replace(end_offset=line.end_offset)

    # Blocks.

    def _end_block(self, ending: bytes, at_s: float) -> Event | None:
        interpretation = self._interpretation
        interpretation.block = len(self.blocks) if self._keep else -1
        dispatched = interpretation.read(("",), at_s)
        event = dispatched[0] if dispatched else None
        self._data_bytes = 0
        self.block_has_fields = False
        if self._keep:
            self._keep_line(Line(self._offset, b"", ending, at_s, LineKind.BLANK))
            if self.open_lines:
                block = Block(
                    len(self.blocks),
                    tuple(self.open_lines),
                    event,
                    complete=True,
                    end_offset=self._offset,
                )
                self.blocks.append(block)
                self.open_lines = []
        return event

    def _interpret(self, content: bytes, *, cut: bool) -> None:
        if self._limit_bytes is not None:
            bounded = self._bound(content, self._limit_bytes, cut=cut)
            if bounded is None:
                return
            content = bounded
        self._interpretation.read((content.decode("utf-8", "replace"),), 0.0)

    def _bound(self, content: bytes, limit_bytes: int, *, cut: bool) -> bytes | None:
        """Hold a field to the limit; return what is left of its line, or None for nothing."""
        name, colon, value = content.partition(b":")
        if cut:
            self._interpretation.cut = True
            # A name that may go on is no known name, and a number that goes on no number.
            if not colon or name == b"retry":
                return None
            content = _whole_characters(content)
        if name != b"data":
            return content
        # Many short data lines make a long event: together they are held to the same limit.
        value = content.partition(b":")[2].removeprefix(b" ")
        room_bytes = limit_bytes - self._data_bytes
        self._data_bytes += len(value) + 1
        if len(value) <= room_bytes:
            return content
        self._interpretation.cut = True
        if room_bytes < 0:
            return None
        return b"data: " + _whole_characters(value[:room_bytes])


def _oddities(
    content: bytes, kind: LineKind, name: str, value: bytes, *, cut: bool
) -> tuple[str, ...]:
    """Return what is odd about a line, as codes of `ODDITIES`."""
    plain = content.isascii() and 0 not in content
    if plain and not cut and name in _PLAIN_NAMES:
        return ()
    odd = []
    if kind is LineKind.FIELD:
        # A cut line without a colon is a field whose name nobody knows to the end.
        if name not in KNOWN_FIELDS or (cut and b":" not in content):
            odd.append("unknown-field")
        elif name == "retry" and not is_retry(value.decode("utf-8", "replace")):
            odd.append("retry-not-digits")
        elif name == "id" and 0 in value:
            odd.append("id-nul")
    if content.startswith(BOM):
        odd.append("bom-inside")
    if not is_utf8(content, whole=kind is not LineKind.INCOMPLETE and not cut):
        odd.append("not-utf8")
    if 0 in content:
        odd.append("nul")
    if cut:
        odd.append("cut")
    return tuple(odd)


def is_utf8(data: bytes, *, whole: bool) -> bool:
    """Return whether bytes are UTF-8; unless they are `whole`, a last character may be cut."""
    try:
        codecs.utf_8_decode(data, "strict", whole)
    except UnicodeDecodeError:
        return False
    return True


def _whole_characters(data: bytes) -> bytes:
    """Return bytes without the beginning of a character at their end."""
    return data[: codecs.utf_8_decode(data, "replace", False)[1]]

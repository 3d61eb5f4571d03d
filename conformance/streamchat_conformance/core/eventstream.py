"""The event stream of Server-Sent Events, read from bytes as they arrive.

WHATWG HTML 9.2.5 (parsing an event stream) and 9.2.6 (interpreting an event stream). Nothing is
raised on any bytes, and how they are cut into reads changes nothing but the times. There are two
ways to the same events: line by line, which keeps every line with its place, time and oddities;
and block by block, many at once, for load tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.eventstream_blocks import BlockReader
from streamchat_conformance.core.eventstream_interpretation import (
    RETRY_LIMIT_MS,
    Interpretation,
    retry_ms,
)
from streamchat_conformance.core.eventstream_lines import LineReader, is_utf8
from streamchat_conformance.core.eventstream_model import (
    BOM,
    CR,
    KNOWN_FIELDS,
    LF,
    ODDITIES,
    Block,
    Event,
    EventStream,
    Line,
    LineKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamchat_conformance.core.exchange import Read

__all__ = [
    "KNOWN_FIELDS",
    "ODDITIES",
    "RETRY_LIMIT_MS",
    "Block",
    "Event",
    "EventStream",
    "EventStreamParser",
    "Line",
    "LineKind",
    "is_utf8",
    "read_event_stream",
]

_RETRY_LINE: Final = re.compile(rb"^retry: ?([0-9]++)$", re.MULTILINE)
_OTHER_CR: Final = re.compile(rb"\r(?!\n)")
_FIELD_LINE: Final = re.compile(rb"^[^:\n]", re.MULTILINE)


class EventStreamParser:
    """Reads one event stream. Feed bytes to `receive`; call `close` at the stream's end.

    `keep_lines` keeps every line and block, for judging. `line_limit_bytes` bounds the memory
    that a line or an event may take: of each line, and of each event's data, this much is kept;
    the rest is counted in `cut_bytes` and flagged (`"cut"` on the line, `Event.cut`).
    Raises ValueError when the limit is less than 1.
    """

    def __init__(self, *, keep_lines: bool = False, line_limit_bytes: int | None = None) -> None:
        if line_limit_bytes is not None and line_limit_bytes < 1:
            raise ValueError(f"line_limit_bytes must be at least 1, not {line_limit_bytes}")
        self.bom = False
        """Whether the stream began with a byte order mark, which is dropped."""
        self.incomplete = False
        """After `close`: whether the stream ended inside a block that has more than comments.

        That block is discarded, as the standard says; its lines and its `Block` are kept if
        `keep_lines`.
        """
        self.closed = False
        self._keep_lines = keep_lines
        self._limit_bytes = line_limit_bytes
        self._interpretation = Interpretation()
        self._start: bytes | None = b""
        """The first bytes, while they may yet be a byte order mark; then None."""
        self._start_at_s = 0.0
        self._after_cr = False
        self._pending: bytes | bytearray = b""
        """What came after the last blank line, line ends made LF. What grows is a bytearray."""
        self._blocks = BlockReader(self._interpretation)
        self._line_reader: LineReader | None = None
        """Reads everything if lines are kept; else only what grows beyond the limit."""
        self._cut_bytes = 0

    @property
    def lines(self) -> list[Line]:
        """All lines that have ended; after `close`, an incomplete one too. Needs `keep_lines`."""
        return self._line_reader.lines if self._line_reader else []

    @property
    def blocks(self) -> list[Block]:
        """All blocks that have ended; after `close`, an incomplete one too. Needs `keep_lines`."""
        return self._line_reader.blocks if self._line_reader else []

    @property
    def open_block(self) -> Block | None:
        """The block that no blank line has ended yet, if it has lines. Needs `keep_lines`."""
        reader = self._line_reader
        return reader.open_block() if reader and reader.open_lines else None

    @property
    def last_event_id(self) -> str:
        """The id that a client would send as `Last-Event-ID`, as of the last blank line."""
        return self._interpretation.last_event_id

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time asked for last (milliseconds), at most RETRY_LIMIT_MS.

        It holds from the moment its line ends, be its block ever dispatched or not.
        """
        ended = self._pending.rfind(b"\n") + 1
        digits = _RETRY_LINE.findall(self._pending, 0, ended)
        return retry_ms(digits[-1].decode()) if digits else self._interpretation.retry_ms

    @property
    def cut_bytes(self) -> int:
        """How many bytes were dropped because a line was longer than the limit."""
        return self._cut_bytes + (self._line_reader.cut_bytes if self._line_reader else 0)

    def receive(self, data: bytes, at_s: float = 0.0) -> list[Event]:
        """Read bytes that arrived at `at_s` (seconds); return the events that they completed.

        An event is complete with its blank line; where that ends with a CR, no LF is awaited.
        Returns nothing once the parser is closed.
        """
        # An empty read brings nothing, and does not move the time of what came before it.
        if data and self._start is not None:
            data = self._drop_bom(data, at_s)
        if not data or self.closed:
            return []
        if self._keep_lines:
            return self._lines_kept().receive(data, at_s)
        if self._after_cr:
            self._after_cr = False
            if data[0] == LF:
                data = data[1:]
        if CR in data:
            self._after_cr = data[-1] == CR
            data = _with_lf(data)
        limit_bytes = self._limit_bytes
        if self._line_reader is not None or (
            limit_bytes is not None and len(self._pending) + len(data) > limit_bytes
        ):
            return self._receive_large(data, at_s)
        return self._receive_blocks(data, at_s)

    def close(self) -> None:
        """End the stream: an event that no blank line ended is discarded."""
        if self.closed:
            return
        start, self._start = self._start, None
        if start:
            self.receive(start, self._start_at_s)
        self.closed = True
        if self._line_reader is not None:
            self.incomplete = self._line_reader.close()
        else:
            self.incomplete = _FIELD_LINE.search(self._pending) is not None

    def _drop_bom(self, data: bytes, at_s: float) -> bytes:
        """Drop one leading byte order mark; hold bytes back while they may be part of one."""
        # UTF-8 decode (WHATWG Encoding) drops one mark from the front of the whole stream, and
        # no other. No byte of it is a line end, so nothing is dispatched late.
        data = (self._start or b"") + data
        if len(data) < len(BOM) and BOM.startswith(data):
            self._start, self._start_at_s = data, at_s
            return b""
        self._start = None
        self.bom = data.startswith(BOM)
        return data.removeprefix(BOM)

    def _receive_blocks(self, data: bytes, at_s: float) -> list[Event]:
        """Read the blocks that are whole now; the rest waits for its blank line."""
        # A long line may come in tiny pieces: only what is new is searched, so that the work is
        # linear. Most reads of a long line have no line end, which is seen fastest so.
        pending = self._pending
        whole: bytes | bytearray
        end = data.rfind(b"\n")
        if end > 0 and (data[end - 1] == LF or (end := data.rfind(b"\n\n") + 1)):
            whole = pending + data[: end - 1]
            rest = data[end + 1 :]
        elif end >= 0 and data[0] == LF and pending.endswith(b"\n"):
            whole, rest = pending[:-1], data[1:]
        else:
            if isinstance(pending, bytes):
                self._pending = bytearray(pending)
            self._pending += data
            return []
        self._pending = rest
        return self._blocks.read(_decode(whole), at_s)

    def _receive_large(self, data: bytes, at_s: float) -> list[Event]:
        """Read what exceeds the limit line by line, until a block has ended."""
        reader = self._line_reader
        if reader is None:
            reader = self._line_reader = self._new_line_reader()
            data = bytes(self._pending) + data
            self._pending = b""
        events = reader.receive(data, at_s)
        if reader.at_boundary:
            self._cut_bytes += reader.cut_bytes
            self._line_reader = None
        return events

    def _lines_kept(self) -> LineReader:
        if self._line_reader is None:
            self._line_reader = self._new_line_reader()
        return self._line_reader

    def _new_line_reader(self) -> LineReader:
        return LineReader(
            self._interpretation,
            keep=self._keep_lines,
            limit_bytes=self._limit_bytes,
            offset=len(BOM) if self.bom else 0,
        )


def _decode(data: bytes | bytearray) -> str:
    """Decode UTF-8, with U+FFFD for what is none (WHATWG Encoding, "UTF-8 decode")."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def _with_lf(data: bytes) -> bytes:
    """Return bytes with LF in place of every line end."""
    # Where every CR stands before an LF, as nearly always, leaving them out is the fastest way.
    if _OTHER_CR.search(data) is None:
        return data.replace(b"\r", b"")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def read_event_stream(
    reads: Iterable[Read], *, ended: bool, line_limit_bytes: int | None = None
) -> EventStream:
    """Read a recorded body, line by line.

    `ended` says whether the stream is over. If it is not, a block in progress is there all the
    same (not complete), but without the line whose end has not come.
    """
    parser = EventStreamParser(keep_lines=True, line_limit_bytes=line_limit_bytes)
    body = bytearray()
    events: list[Event] = []
    for read in reads:
        body += read.data
        events += parser.receive(read.data, read.at_s)
    if ended:
        parser.close()
    blocks = parser.blocks
    if parser.open_block is not None:
        blocks = [*blocks, parser.open_block]
    return EventStream(
        events=tuple(events),
        lines=tuple(parser.lines),
        blocks=tuple(blocks),
        bom=parser.bom,
        retry_ms=parser.retry_ms,
        last_event_id=parser.last_event_id,
        incomplete=parser.incomplete,
        body=bytes(body),
    )

"""One HTTP/1.1 response, read from bytes as they arrive: lenient in reading, strict in judging.

Whatever comes, nothing is raised. What departs from the grammar becomes a `Deviation` with its
byte offset (the codes are in `deviation.RULES`), and reading goes on where a reader can still
know what is meant; where it cannot, the reader is `broken` and decodes nothing more. Memory is
bounded by what was received, never by what a size promises.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.chunked import Chunk, ChunkedDecoder
from streamchat_conformance.core.deviation import QUOTED_BYTES, RULES, Area, Deviation, DeviationLog
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.framing import Framing, read_framing
from streamchat_conformance.core.head import (
    HEAD_LIMIT_BYTES,
    FieldLine,
    ResponseHead,
    StatusLine,
    find_section_end,
    read_field_lines,
    read_status_line,
)

if TYPE_CHECKING:
    from collections import Counter

__all__ = [
    "HEAD_LIMIT_BYTES",
    "RULES",
    "Chunk",
    "Deviation",
    "FieldLine",
    "Framing",
    "ResponseHead",
    "ResponseReader",
    "read_response",
]

_PREFIX: Final = b"HTTP/"


class _HeadState(Enum):
    EMPTY_LINES = auto()
    STATUS_LINE = auto()
    FIELDS = auto()
    BODY = auto()
    DONE = auto()
    BROKEN = auto()


class ResponseReader:
    """Reads the response to one request, with the interim responses before it (RFC 9112).

    Feed bytes to `receive` as they arrive and call `close` when the connection ends; every
    attribute can be read at any time between. How the bytes are cut into calls changes nothing
    but the times.
    """

    def __init__(self, *, request_method: str = "POST", keep_chunks: bool = True) -> None:
        self.interim: list[ResponseHead] = []
        """Heads of 1xx responses, as many as fit into HEAD_LIMIT_BYTES together."""
        self.interim_count = 0
        """All 1xx responses, kept or not."""
        self.head: ResponseHead | None = None
        self.framing: Framing | None = None
        self.content_length: int | None = None
        """The body's length when `framing` is LENGTH."""
        self.body_reads: list[Read] = []
        self.received_bytes = 0
        self.end_offset: int | None = None
        """Offset just after the message. Bytes beyond are the next response, or surplus."""
        self.closed = False
        self.closed_at_s: float | None = None
        self._method = request_method
        self._keep_chunks = keep_chunks
        self._log = DeviationLog()
        self._state = _HeadState.EMPTY_LINES
        self._buffer = bytearray()
        self._buffer_offset = 0
        self._status_line: StatusLine | None = None
        self._status_line_bytes = 0
        self._searched = 0
        self._interim_bytes = 0
        self._body_bytes = 0
        self._decoder: ChunkedDecoder | None = None

    @property
    def deviations(self) -> list[Deviation]:
        """Departures from the grammar in the order met; of each code the first few."""
        return self._log.kept

    @property
    def deviation_counts(self) -> Counter[str]:
        """How often each code was met, kept or not."""
        return self._log.counts

    @property
    def complete(self) -> bool:
        """True when the message ended by its own framing (close-delimited: at `close`)."""
        return self._state is _HeadState.DONE

    @property
    def broken(self) -> bool:
        """True when the end of the message cannot be known any more."""
        return self._state is _HeadState.BROKEN

    @property
    def chunks(self) -> list[Chunk]:
        """Chunks whose data arrived whole, without the last chunk."""
        return self._decoder.chunks if self._decoder else []

    @property
    def last_chunk(self) -> Chunk | None:
        """The chunk of size 0, when it has arrived."""
        return self._decoder.last_chunk if self._decoder else None

    @property
    def trailers(self) -> list[FieldLine]:
        """Field lines after the last chunk, once they have arrived whole."""
        return self._decoder.trailers if self._decoder else []

    @property
    def body(self) -> bytes:
        """All body bytes decoded so far, joined."""
        return b"".join(read.data for read in self.body_reads)

    @property
    def body_bytes(self) -> int:
        """How many body bytes were decoded so far."""
        return self._body_bytes

    @property
    def certain_bytes(self) -> int:
        """How many of them are certain to belong to the body; see `ChunkedDecoder`."""
        return self._decoder.certain_bytes if self._decoder else self._body_bytes

    def receive(self, data: bytes, at_s: float) -> list[Read]:
        """Take bytes that arrived at `at_s` (seconds); return the body pieces newly decoded."""
        if self.closed or not data:
            return []
        offset = self.received_bytes
        self.received_bytes += len(data)
        if self.head is None and not self.broken:
            self._buffer += data
            while self._step_head(at_s):
                pass
            if self.head is None:
                return []
            data, offset = bytes(self._buffer), self._buffer_offset
            self._buffer.clear()
        if self._state is not _HeadState.BODY:
            return []
        piece = self._receive_body(data, offset, at_s)
        if not piece:
            return []
        read = Read(at_s, piece)
        self._body_bytes += len(piece)
        self.body_reads.append(read)
        return [read]

    def close(self, at_s: float) -> None:
        """Take note that nothing more will come, whether by FIN or RST (`at_s` in seconds)."""
        if self.closed:
            return
        self.closed = True
        self.closed_at_s = at_s
        if self._state is _HeadState.BODY:
            if self.framing is Framing.CLOSE:
                self._finish(self.received_bytes)
        elif self._state is _HeadState.FIELDS:
            self._log.add("head-incomplete", "fields", self.received_bytes)
        elif self._buffer:
            if self._begins_like_status_line():
                self._log.add("head-incomplete", "status-line", self.received_bytes)
            else:
                self._break_without_status_line(len(self._buffer))

    def wire_offset(self, body_offset: int) -> int:
        """Return the offset, among the received bytes, of that byte of the decoded body.

        The body's length gives the place just behind its last byte. Raises ValueError when the
        body is not that long.
        """
        if self.head is None or not 0 <= body_offset <= self._body_bytes:
            raise ValueError(
                f"body offset {body_offset} is not within 0 and {self._body_bytes}, "
                "the number of body bytes read"
            )
        if self._decoder is not None:
            return self._decoder.wire_offset(body_offset)
        return self.head.end_offset + body_offset

    # The head.

    def _step_head(self, at_s: float) -> bool:
        """Read the next part of a head; return whether there may be another in the buffer."""
        match self._state:
            case _HeadState.EMPTY_LINES:
                return self._skip_empty_lines()
            case _HeadState.STATUS_LINE:
                return self._read_status_line()
            case _HeadState.FIELDS:
                return self._read_fields(at_s)
            case _:
                return False

    def _skip_empty_lines(self) -> bool:
        # An endless flood of empty lines is not kept, and counts as one deviation.
        buffer = self._buffer
        skipped = 0
        while True:
            if buffer.startswith(b"\n", skipped):
                skipped += 1
            elif buffer.startswith(b"\r\n", skipped):
                skipped += 2
            else:
                break
        if skipped and not self._log.counts["leading-empty-line"]:
            self._log.add("leading-empty-line", "status-line", self._buffer_offset)
        self._drop(skipped)
        if not buffer or buffer == b"\r":
            return False
        self._state = _HeadState.STATUS_LINE
        self._searched = 0
        return True

    def _read_status_line(self) -> bool:
        end = self._buffer.find(b"\n", self._searched, HEAD_LIMIT_BYTES)
        self._searched = len(self._buffer)
        if not self._begins_like_status_line() and (end >= 0 or self._searched >= QUOTED_BYTES):
            # An error page, or a body without head: there is no need to wait for its line's end.
            self._break_without_status_line(end if end >= 0 else self._searched)
            return False
        if end < 0:
            if self._searched >= HEAD_LIMIT_BYTES:
                self._break("head-too-long", "status-line", None)
            return False
        line = bytes(self._buffer[:end])
        self._status_line = read_status_line(line, self._buffer_offset, self._log)
        if self._status_line is None:
            self._state = _HeadState.BROKEN
            self._buffer.clear()
            return False
        self._status_line_bytes = end + 1
        self._searched = end
        self._state = _HeadState.FIELDS
        return True

    def _read_fields(self, at_s: float) -> bool:
        status_line = self._status_line
        assert status_line is not None
        end = find_section_end(self._buffer, self._searched)
        if (end or len(self._buffer)) > HEAD_LIMIT_BYTES:
            self._break("head-too-long", "fields", None)
            return False
        if end is None:
            # An empty line's CR LF may be cut: its first two bytes are searched again.
            self._searched = max(self._status_line_bytes - 1, len(self._buffer) - 2)
            return False
        start = self._buffer_offset + self._status_line_bytes
        section = bytes(self._buffer[self._status_line_bytes : end])
        head = ResponseHead(
            version=status_line.version,
            status=status_line.status,
            reason=status_line.reason,
            fields=tuple(read_field_lines(section, start, "fields", self._log)),
            offset=self._buffer_offset,
            end_offset=self._buffer_offset + end,
            at_s=at_s,
        )
        self._drop(end)
        self._take_head(head)
        return True

    def _take_head(self, head: ResponseHead) -> None:
        framing, length = read_framing(head, self._method, self._log)
        # 101 is the last message of HTTP/1.1 on its connection; other 1xx announce another head.
        if 100 <= head.status < 200 and head.status != 101:
            self.interim_count += 1
            self._interim_bytes += head.end_offset - head.offset
            if self._interim_bytes <= HEAD_LIMIT_BYTES:
                self.interim.append(head)
            self._state = _HeadState.EMPTY_LINES
            return
        self.head, self.framing, self.content_length = head, framing, length
        self._state = _HeadState.BODY
        if framing is Framing.CHUNKED:
            self._decoder = ChunkedDecoder(
                head.end_offset, self._log, keep_chunks=self._keep_chunks
            )
        elif framing is Framing.NONE:
            self._finish(head.end_offset)

    # The body.

    def _receive_body(self, data: bytes, offset: int, at_s: float) -> bytes:
        if self._decoder is not None:
            piece = self._decoder.receive(data, at_s)
            if self._decoder.complete:
                self._finish(self._decoder.end_offset)
            elif self._decoder.broken:
                self._state = _HeadState.BROKEN
            return piece
        if self.content_length is None:
            return data
        piece = data[: self.content_length - self._body_bytes]
        if self._body_bytes + len(piece) == self.content_length:
            self._finish(offset + len(piece))
        return piece

    # Common to both.

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._buffer_offset += count

    def _finish(self, end_offset: int) -> None:
        self._state = _HeadState.DONE
        self.end_offset = end_offset

    def _begins_like_status_line(self) -> bool:
        return _PREFIX.startswith(self._buffer[: len(_PREFIX)].upper())

    def _break_without_status_line(self, end: int) -> None:
        self._break("bad-status-line", "status-line", bytes(self._buffer[: min(end, QUOTED_BYTES)]))

    def _break(self, code: str, area: Area, found: bytes | None) -> None:
        self._log.add(code, area, self._buffer_offset, found)
        self._state = _HeadState.BROKEN
        self._buffer.clear()


def read_response(exchange: Exchange) -> ResponseReader:
    """Read the response of a recorded exchange; its connection's end counts where it was seen.

    Where not everything that came was recorded, the end is not where the recording ends.
    """
    method = exchange.request.partition(b" ")[0].decode("latin-1")
    reader = ResponseReader(request_method=method)
    for read in exchange.reads:
        reader.receive(read.data, read.at_s)
    if exchange.ending in (Ending.CLOSED, Ending.RESET) and not exchange.unrecorded_bytes:
        reader.close(exchange.ended_at_s)
    return reader

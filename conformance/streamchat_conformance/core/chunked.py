"""The chunked transfer coding, read incrementally (RFC 9112 §7.1)."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.framing import ABSURD_BYTES
from streamchat_conformance.core.grammar import TOKEN_BYTES
from streamchat_conformance.core.head import (
    HEAD_LIMIT_BYTES,
    FieldLine,
    find_section_end,
    read_field_lines,
)

if TYPE_CHECKING:
    from streamchat_conformance.core.deviation import Area, DeviationLog

CHUNK_LINE_LIMIT_BYTES: Final = 16 * 1024
"""Longest line of chunk size and extensions that is read."""

_PLAIN_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_LINE = re.compile(rb"(?P<before>[ \t]*+)(?P<size>[0-9A-Fa-f]++)(?P<rest>.*)", re.DOTALL)
_QUOTED = rb'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
_EXTENSIONS = re.compile(
    rb"(?:[ \t]*+;[ \t]*+%b(?:[ \t]*+=[ \t]*+(?:%b|%b))?+)*+" % (TOKEN_BYTES, TOKEN_BYTES, _QUOTED)
)
_FORBIDDEN_TRAILERS = frozenset(
    {
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "host",
        "transfer-encoding",
    }
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk. Offsets of the wire count received bytes from the reader's first."""

    offset: int
    """Where its size line begins on the wire."""
    size: int
    """Bytes of data."""
    extension: bytes
    """What follows the size on its line, as sent: `b""` or beginning with white space or `;`."""
    body_offset: int
    """Where its data begins in the decoded body."""
    at_s: float
    """When the last byte of its data arrived (seconds); of the last chunk, its size line."""
    data_offset: int
    """Where its data begins on the wire."""


class _ChunkState(Enum):
    LINE = auto()
    DATA = auto()
    DATA_END = auto()
    TRAILERS = auto()
    DONE = auto()
    BROKEN = auto()


class ChunkedDecoder:
    """Takes a chunked body apart. Work is linear in what is received; no size is believed."""

    def __init__(self, offset: int, log: DeviationLog, *, keep_chunks: bool = True) -> None:
        self.chunks: list[Chunk] = []
        """Chunks whose data has arrived whole; empty when they are not kept."""
        self.last_chunk: Chunk | None = None
        """The chunk of size 0 that ends the body."""
        self.trailers: list[FieldLine] = []
        self._log = log
        self._keep_chunks = keep_chunks
        self._state = _ChunkState.LINE
        self._carry = bytearray()
        self._position = offset
        self._body_bytes = 0
        self._remaining = 0
        self._extension = b""
        # Where each begun chunk's data starts, in the body and on the wire: 16 bytes a chunk.
        self._body_starts = array("Q")
        self._data_starts = array("Q")
        self._line_offset = offset
        self._astray = False

    @property
    def complete(self) -> bool:
        """True after the empty line behind the last chunk and the trailers."""
        return self._state is _ChunkState.DONE

    @property
    def broken(self) -> bool:
        """True when the place of the next chunk is not known any more."""
        return self._state is _ChunkState.BROKEN

    @property
    def certain_bytes(self) -> int:
        """How many bytes of the decoded body are certain to belong to it.

        Behind a chunk that does not end where its size says, its data may hold the next chunk's
        size line, or lack its own end: what it gave is left out.
        """
        if self._astray and self._body_starts:
            return self._body_starts[-1]
        return self._body_bytes

    @property
    def end_offset(self) -> int:
        """Wire offset up to which bytes were taken; once `complete`, the end of the message."""
        return self._position

    def wire_offset(self, body_offset: int) -> int:
        """Return where that byte of the decoded body stands on the wire.

        The body's length is a valid offset: it gives the place just behind its last byte.
        """
        index = bisect_right(self._body_starts, body_offset) - 1
        if index > 0 and body_offset == self._body_bytes == self._body_starts[index]:
            # A chunk has begun but has no data yet; the place is behind the data before it.
            index -= 1
        if index < 0:
            return self._line_offset
        return self._data_starts[index] + body_offset - self._body_starts[index]

    def receive(self, data: bytes, at_s: float) -> bytes:
        """Take received bytes; return the body bytes in them. Bytes after the end are not taken."""
        pieces: list[bytes] = []
        place = 0
        while place < len(data):
            if self._state is _ChunkState.LINE:
                place = self._receive_whole_chunks(data, place, at_s, pieces)
                place = self._receive_line(data, place, at_s)
            elif self._state is _ChunkState.DATA:
                place = self._receive_data(data, place, at_s, pieces)
            elif self._state is _ChunkState.DATA_END:
                place = self._receive_data_end(data, place)
            elif self._state is _ChunkState.TRAILERS:
                place = self._receive_trailers(data, place)
            else:
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _receive_whole_chunks(
        self, data: bytes, place: int, at_s: float, pieces: list[bytes]
    ) -> int:
        """Take the chunks without oddities that lie whole in `data`: the path of a busy stream."""
        if self._carry:
            return place
        wire = self._position - place
        while match := _PLAIN_LINE.match(data, place):
            start = match.end()
            size = int(match[1], 16)
            end = start + size
            if not size or data[end : end + 2] != b"\r\n":
                break
            self._body_starts.append(self._body_bytes)
            self._data_starts.append(wire + start)
            if self._keep_chunks:
                self.chunks.append(
                    Chunk(wire + place, size, b"", self._body_bytes, at_s, wire + start)
                )
            pieces.append(data[start:end])
            self._body_bytes += size
            place = end + 2
        self._position = wire + place
        return place

    def _receive_line(self, data: bytes, place: int, at_s: float) -> int:
        if not self._carry:
            self._line_offset = self._position
        end = data.find(b"\n", place, place + CHUNK_LINE_LIMIT_BYTES + 1 - len(self._carry))
        stop = end if end >= 0 else place + CHUNK_LINE_LIMIT_BYTES + 1 - len(self._carry)
        self._carry += data[place:stop]
        if end < 0:
            self._advance(min(stop, len(data)) - place)
            if len(self._carry) > CHUNK_LINE_LIMIT_BYTES:
                self._break("chunk-line-too-long", self._line_offset, bytes(self._carry))
            return min(stop, len(data))
        self._advance(end + 1 - place)
        line = bytes(self._carry)
        self._carry.clear()
        self._read_line(line, at_s)
        return end + 1

    def _read_line(self, line: bytes, at_s: float) -> None:
        content = line.removesuffix(b"\r")
        match = _LINE.fullmatch(content)
        rest = match["rest"] if match else b""
        if match is None or (rest.strip(b" \t") and not rest.lstrip(b" \t").startswith(b";")):
            # Guessing where the next chunk begins would invent events.
            self._break("bad-chunk-size", self._line_offset, content)
            return
        digits = match["size"].lstrip(b"0") or b"0"
        size = int(digits, 16) if len(digits) <= 16 else ABSURD_BYTES
        if size >= ABSURD_BYTES:
            self._break("chunk-size-absurd", self._line_offset, content)
            return
        if len(content) == len(line):
            self._log.add("bare-lf", "chunks", self._line_offset + len(line), line)
        trimmed = rest.rstrip(b" \t")
        if match["before"] or trimmed != rest:
            self._log.add("chunk-line-whitespace", "chunks", self._line_offset, content)
        if _EXTENSIONS.fullmatch(trimmed) is None:
            place = self._line_offset + match.start("rest")
            self._log.add("bad-chunk-extension", "chunks", place, rest)
        self._begin_chunk(size, rest, at_s)

    def _begin_chunk(self, size: int, extension: bytes, at_s: float) -> None:
        self._extension = extension
        self._remaining = size
        if size:
            self._state = _ChunkState.DATA
            self._body_starts.append(self._body_bytes)
            self._data_starts.append(self._position)
        else:
            self.last_chunk = Chunk(
                self._line_offset, 0, extension, self._body_bytes, at_s, self._position
            )
            self._state = _ChunkState.TRAILERS
            # The LF before the section, so that an empty section's end looks like any other.
            self._carry += b"\n"

    def _receive_data(self, data: bytes, place: int, at_s: float, pieces: list[bytes]) -> int:
        # The whole read is often one piece of one chunk: a slice of all of it costs no copy.
        piece = data[place : place + self._remaining]
        pieces.append(piece)
        self._remaining -= len(piece)
        self._body_bytes += len(piece)
        self._advance(len(piece))
        if self._remaining == 0:
            self._state = _ChunkState.DATA_END
            if self._keep_chunks:
                body_offset, data_offset = self._body_starts[-1], self._data_starts[-1]
                self.chunks.append(
                    Chunk(
                        self._line_offset,
                        self._body_bytes - body_offset,
                        self._extension,
                        body_offset,
                        at_s,
                        data_offset,
                    )
                )
        return place + len(piece)

    def _receive_data_end(self, data: bytes, place: int) -> int:
        if data[place : place + 2] == b"\r\n" and not self._carry:
            self._advance(2)
            self._state = _ChunkState.LINE
            return place + 2
        byte = data[place : place + 1]
        if byte == b"\n":
            if not self._carry:
                self._log.add("bare-lf", "chunks", self._position, byte)
            self._carry.clear()
            self._state = _ChunkState.LINE
        elif byte == b"\r" and not self._carry:
            self._carry += byte
        else:
            # The size was wrong, or the end is missing: what comes next could be data or a size.
            found = bytes(self._carry) + byte
            self._astray = True
            self._break("chunk-data-unterminated", self._position - len(self._carry), found)
            return place
        self._advance(1)
        return place + 1

    def _receive_trailers(self, data: bytes, place: int) -> int:
        known = len(self._carry)
        room = HEAD_LIMIT_BYTES + 1 - known + 1
        self._carry += data[place : place + room]
        end = find_section_end(self._carry, known - 2)
        if end is None:
            taken = len(self._carry) - known
            self._advance(taken)
            if len(self._carry) - 1 > HEAD_LIMIT_BYTES:
                start = self._position - len(self._carry) + 1
                self._break("trailers-too-long", start, None)
            return place + taken
        section = bytes(self._carry[1:end])
        self._advance(end - known)
        self._carry.clear()
        offset = self._position - len(section)
        self.trailers = read_field_lines(section, offset, "trailers", self._log)
        for line in self.trailers:
            if line.name.lower() in _FORBIDDEN_TRAILERS:
                self._log.add("trailer-forbidden", "trailers", line.offset, line.raw)
        self._state = _ChunkState.DONE
        return place + end - known

    def _advance(self, count: int) -> None:
        self._position += count

    def _break(self, code: str, offset: int, found: bytes | None) -> None:
        area: Area = "trailers" if self._state is _ChunkState.TRAILERS else "chunks"
        self._log.add(code, area, offset, found)
        self._carry.clear()
        self._state = _ChunkState.BROKEN

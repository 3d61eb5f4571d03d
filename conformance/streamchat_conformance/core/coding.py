"""Content codings undone: gzip and deflate, in bounded memory, arrival times kept."""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.exchange import Read
from streamchat_conformance.core.fields import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_CODINGS: Final = 4
"""Most codings on one body that are undone, one after the other."""

REGISTERED: Final = frozenset(
    {
        "aes128gcm",
        "br",
        "compress",
        "dcb",
        "dcz",
        "deflate",
        "exi",
        "gzip",
        "identity",
        "pack200-gzip",
        "x-compress",
        "x-gzip",
        "zstd",
    }
)
"""The HTTP Content Coding Registry (RFC 9110 §16.6.1), in lower case."""

DECODABLE: Final = frozenset({"gzip", "x-gzip", "deflate"})
"""Codings that are undone here."""

DISTINCTIVE_BYTES: Final = 16
"""How many bytes of a body show whether it is text: every coding begins with other bytes."""

_SEEN_BYTES: Final = 1024
"""How much of a body shows whether it is text."""
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
_RAW_WINDOW: Final = -zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class DecodedBody:
    """A body without its content coding. What was decoded before an error is kept."""

    reads: tuple[Read, ...]
    """Decoded bytes, each with the time at which the coded bytes it needs had arrived."""
    error: str | None = None
    """Why decoding stopped: unsupported coding, or bytes that are not in the coding."""
    truncated: bool = False
    """True when decoding stopped at the limit: more would have come out."""
    ended: bool = True
    """True when the coded form came to its own end; False while more may follow."""


def is_plain_text(reads: Iterable[Read]) -> bool:
    """Return whether a body is text, and so in no content coding, whatever its head says."""
    begun = bytearray()
    for read in reads:
        begun += read.data[:_SEEN_BYTES]
        if len(begun) >= _SEEN_BYTES:
            break
    if len(begun) < DISTINCTIVE_BYTES or _NOT_TEXT.search(begun, 0, _SEEN_BYTES):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(bytes(begun[:_SEEN_BYTES]))
    except UnicodeDecodeError:
        return False
    return True


def decode_reads(reads: Iterable[Read], coding: str, limit_bytes: int) -> DecodedBody:
    """Undo a Content-Encoding, such as `gzip` or `deflate, gzip` (RFC 9110 §8.4).

    `coding` is the field's value; "" and `identity` change nothing. gzip and x-gzip may have
    several members; deflate is read in its zlib form, or raw as some servers send it. At most
    `limit_bytes` are decoded, however much the coded form promises. Never raises.
    """
    names = [name for name in tokens([coding]) if name != "identity"]
    if len(names) > MAX_CODINGS:
        error = f"more than {MAX_CODINGS} content codings on one body"
        return DecodedBody((), error, ended=False)
    body = _cut(reads, limit_bytes) if not names else DecodedBody(tuple(reads))
    for name in reversed(names):  # The last named was applied last.
        if name not in DECODABLE:
            return DecodedBody((), f"content coding {name!r} is not supported", ended=False)
        inner = _inflate(body.reads, name, limit_bytes)
        body = DecodedBody(
            inner.reads,
            inner.error or body.error,
            inner.truncated or body.truncated,
            inner.ended and body.ended,
        )
    return body


def _cut(reads: Iterable[Read], limit_bytes: int) -> DecodedBody:
    kept: list[Read] = []
    room = limit_bytes
    for read in reads:
        if len(read.data) > room:
            if room:
                kept.append(Read(read.at_s, read.data[:room]))
            return DecodedBody(tuple(kept), truncated=True, ended=False)
        room -= len(read.data)
        kept.append(read)
    return DecodedBody(tuple(kept))


def _inflate(reads: Sequence[Read], coding: str, limit_bytes: int) -> DecodedBody:
    inflater = _Inflater(coding, limit_bytes)
    decoded: list[Read] = []
    for read in reads:
        if data := inflater.receive(read.data):
            decoded.append(Read(read.at_s, data))
        if inflater.error is not None or inflater.truncated:
            break
    return DecodedBody(tuple(decoded), inflater.error, inflater.truncated, inflater.ended)


class _Inflater:
    """One gzip or deflate form, of one or more members, up to a number of decoded bytes."""

    def __init__(self, coding: str, limit_bytes: int) -> None:
        self.truncated = False
        self.error: str | None = None
        self._coding = coding
        self._room = limit_bytes
        self._waiting = b""
        self._inflater = None if coding == "deflate" else zlib.decompressobj(_GZIP_WINDOW)

    @property
    def ended(self) -> bool:
        return self._inflater is not None and self._inflater.eof and not self.truncated

    def receive(self, data: bytes) -> bytes:
        """Return what these bytes decode to; see `error` and `truncated` afterwards."""
        if self._inflater is None:
            data = self._waiting + data
            if len(data) < 2:
                self._waiting = data
                return b""
            # A zlib header is a multiple of 31 that names the method 8; some send raw deflate.
            is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else _RAW_WINDOW)
        pieces: list[bytes] = []
        while data and not self.truncated and self.error is None:
            if self._inflater.eof:
                if self._coding == "deflate":
                    self.error = "bytes after the end of the deflate form"
                    break
                # Some writers fill up with zeros behind a member, and readers pass them over.
                data = data.lstrip(b"\0")
                if not data:
                    break
                self._inflater = zlib.decompressobj(_GZIP_WINDOW)
            before = self._inflater.copy()
            try:
                data = self._decompress(data, pieces)
            except zlib.error as error:
                self._inflater = before
                self._decompress_up_to_error(data, pieces)
                self.error = f"not {self._coding}: {str(error).partition(': ')[2] or error}"
        return b"".join(pieces)

    def _decompress(self, data: bytes, pieces: list[bytes]) -> bytes:
        """Decode some bytes into `pieces`, return those that are left. Raises zlib.error."""
        assert self._inflater is not None
        # One byte beyond the limit distinguishes "just the limit" from "more"; and 0 would mean no
        # limit.
        piece = self._inflater.decompress(data, self._room + 1)
        self.truncated = len(piece) > self._room
        pieces.append(piece[: self._room])
        self._room -= len(pieces[-1])
        return self._inflater.unused_data or self._inflater.unconsumed_tail

    def _decompress_up_to_error(self, data: bytes, pieces: list[bytes]) -> None:
        """Decode byte by byte: zlib drops all that a failing call has decoded."""
        for index in range(len(data)):
            try:
                self._decompress(data[index : index + 1], pieces)
            except zlib.error:
                return

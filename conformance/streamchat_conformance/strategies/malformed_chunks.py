"""Chunked request bodies whose framing is broken in one place (RFC 9112 §7.1).

The fault comes before the last bytes of the body, so that a server cannot have read the whole
body before it meets the fault.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MalformedChunks", "chunks_with_bare_line_feeds", "malformed_chunks"]


@dataclass(frozen=True, slots=True)
class MalformedChunks:
    """One chunked body and its one fault."""

    name: str
    """Stable and kebab-case."""
    coded: bytes
    """The body as it is sent, last chunk included."""
    reason: str
    """The rule that it breaks, in one sentence."""


_DATA_END = "the data of a chunk are as long as its size says, and CR LF follows them"
_SIZE = "a chunk begins with its size in hexadecimal digits"
_LINE_END = "the line of a chunk's size ends with CR LF, and its extensions hold no line end"


def malformed_chunks(body: bytes) -> tuple[MalformedChunks, ...]:
    """Return chunked codings of a JSON object in which data and sizes disagree.

    Raises ValueError where the body has no member to cut it at.
    """
    first, rest = _halves(body)
    size = len(first)
    end = _chunk(rest) + b"0\r\n\r\n"
    framings = (
        ("two-other-bytes-after-a-chunk", b"%x\r\n%bXX" % (size, first)),
        ("two-carriage-returns-after-a-chunk", b"%x\r\n%b\r\r" % (size, first)),
        ("bytes-between-a-chunk-and-its-end", b"%x\r\n%bXX\r\n" % (size, first)),
        ("nothing-after-a-chunk", b"%x\r\n%b" % (size, first)),
        ("chunk-longer-than-its-size", b"%x\r\n%b\r\n" % (size - 1, first)),
        ("chunk-shorter-than-its-size", b"%x\r\n%b\r\n" % (size + 2, first)),
    )
    sizes = (
        ("chunk-size-of-letters", b"xyz"),
        ("chunk-size-empty", b""),
        ("chunk-size-negative", b"-%x" % size),
    )
    return (
        *(MalformedChunks(name, coded + end, _DATA_END) for name, coded in framings),
        *(
            MalformedChunks(name, b"%b\r\n%b\r\n%b" % (line, first, end), _SIZE)
            for name, line in sizes
        ),
    )


def chunks_with_bare_line_feeds(body: bytes) -> tuple[MalformedChunks, ...]:
    """Return chunked codings of a JSON object with a LF where CR LF or no line end belongs.

    Raises ValueError where the body has no member to cut it at.
    """
    first, rest = _halves(body)
    size = len(first)
    end = _chunk(rest) + b"0\r\n\r\n"
    lines = (
        ("line-feed-after-a-size", b"%x\n" % size),
        ("line-feed-after-an-extension", b"%x;a=b\n" % size),
        ("line-feed-inside-an-extension", b"%x;a\nb\r\n" % size),
    )
    return (
        *(MalformedChunks(name, line + first + b"\r\n" + end, _LINE_END) for name, line in lines),
        MalformedChunks("line-feed-after-a-chunk", b"%x\r\n%b\n%b" % (size, first, end), _DATA_END),
    )


def _halves(body: bytes) -> tuple[bytes, bytes]:
    """Cut a JSON object behind its first colon: white space there changes nothing in it."""
    at = body.index(b":") + 1
    return body[:at], body[at:]


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)

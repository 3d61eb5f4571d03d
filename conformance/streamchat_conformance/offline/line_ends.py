"""Line ends that a recording has lost: in a text field, an editor, or a shell that rewrites them.

CR LF became LF, or each LF became CR LF. The body can still be read where its chunks' sizes, or
its length, show what was lost; how the server ended its lines cannot be decided any more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\n]*)?(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class RestoredBody:
    """A chunked body with the line ends that its framing must have had."""

    data: bytes
    ended: bool
    """Whether the last chunk is there."""


def with_line_feeds(data: bytes) -> bytes:
    """Return data with LF for each CR LF."""
    return data.replace(b"\r\n", b"\n")


def with_carriage_returns(data: bytes) -> bytes:
    """Return data, whose lines end in LF, with CR LF for each LF."""
    return data.replace(b"\n", b"\r\n")


def restore_chunks(body: bytes) -> RestoredBody | None:
    """Read a chunked body in which every line ends in LF; None where its sizes disagree.

    Inside the chunks a LF was either a LF, or a CR LF.
    """
    plain = _restored(body, doubled=False)
    if plain is not None and plain.ended:
        return plain
    doubled = _restored(body, doubled=True)
    return doubled if plain is None or (doubled is not None and doubled.ended) else plain


def _restored(body: bytes, *, doubled: bool) -> RestoredBody | None:
    chunks: list[bytes] = []
    at = 0
    while at < len(body):
        match = _SIZE_LINE.match(body, at)
        if match is None:
            return None
        size = int(match[1], 16)
        at = match.end()
        if size == 0:
            return RestoredBody(b"".join([*chunks, b"0\r\n\r\n"]), ended=True)
        end = _doubled_end(body, at, size) if doubled else at + size
        if end is None:
            return None
        piece = with_carriage_returns(body[at:end]) if doubled else body[at:end]
        chunks.append(b"%x\r\n%s" % (size, piece))
        if len(piece) == size:
            chunks.append(b"\r\n")
        # The recording may stop anywhere, and may have lost its very last line end.
        if end < len(body) and body[end : end + 1] != b"\n":
            return None
        at = end + 1
    return RestoredBody(b"".join(chunks), ended=False)


def _doubled_end(body: bytes, at: int, size: int) -> int | None:
    """Return where `size` bytes end when each LF stands for two; None if that is inside a LF."""
    while size > 0 and at < len(body):
        line_feed = body.find(b"\n", at, at + size)
        if line_feed < 0:
            return at + size
        size -= line_feed - at + 2
        at = line_feed + 1
    return at if size >= 0 else None

"""Ways in which the same bytes may travel: chunks of a message, pieces on a connection."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["byte_splits", "chunked", "chunkings"]

_BYTEWISE_LIMIT_BYTES = 200
"""Longer data is not cut into single bytes: it would take a system call for each."""

_EXTENSIONS = (b"", b";a", b";a=b", b';a="b;c"', b";" + b"x" * 40)
_TRAILERS = (b"", b"X-Checksum: 1\r\n", b"X-One: 1\r\nX-Two:\r\n")


def byte_splits(data: bytes, *, max_pieces: int = 6) -> st.SearchStrategy[list[bytes]]:
    """Draw ways to cut `data` into pieces, none of them empty, to be sent one after the other.

    At most `max_pieces`; data of up to 200 bytes is also cut into single bytes.
    Shrinks to one piece.
    """
    if max_pieces < 1:
        raise ValueError(f"data is cut into at least 1 piece, not {max_pieces}")
    if len(data) < 2:
        return st.just([data] if data else [])
    cuts = st.lists(st.integers(1, len(data) - 1), max_size=max_pieces - 1)
    if len(data) > _BYTEWISE_LIMIT_BYTES:
        return cuts.map(lambda places: _cut(data, places))
    return st.builds(
        lambda bytewise, places: _cut(data, range(1, len(data)) if bytewise else places),
        st.sampled_from([False, False, False, True]),
        cuts,
    )


def chunkings(
    body: bytes, *, extensions: bool = False, trailers: bool = False, leading_zeros: bool = False
) -> st.SearchStrategy[bytes]:
    """Draw chunked codings of `body`, last chunk included (RFC 9112 §7.1).

    The options add what is legal too, but rarer: chunk extensions (which §7.1.1 asks a
    recipient to ignore), trailer fields, zeros in front of chunk sizes.
    """
    return st.builds(
        chunked,
        byte_splits(body),
        extension=st.sampled_from(_EXTENSIONS if extensions else _EXTENSIONS[:1]),
        trailers=st.sampled_from(_TRAILERS if trailers else _TRAILERS[:1]),
        size_format=st.sampled_from(["x", "X", *(["04x", "016X"] if leading_zeros else [])]),
    )


def chunked(
    pieces: Sequence[bytes],
    *,
    extension: bytes = b"",
    trailers: bytes = b"",
    size_format: str = "x",
) -> bytes:
    """Return the chunked coding of `pieces`, one chunk each. An empty piece is left out.

    `extension` follows every chunk size; `trailers` are whole field lines with their CRLF;
    `size_format` is the format of chunk sizes (`x` or `X`, perhaps padded).
    """
    chunks = [
        b"%s%s\r\n%s\r\n" % (format(len(piece), size_format).encode("ascii"), extension, piece)
        for piece in pieces
        if piece
    ]
    return b"".join(chunks) + b"0%s\r\n%s\r\n" % (extension, trailers)


def _cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(set(places)), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]

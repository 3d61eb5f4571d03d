"""What a hostile or huge stream may cost: time in proportion to its bytes, memory to the limit."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.core.eventstream import EventStreamParser

from .work import within

if TYPE_CHECKING:
    from collections.abc import Callable

STREAM_BYTES = 256 * 1024
GROWTH = 32
"""How many times longer the second stream is."""
SLACK = 6
"""Quadratic work would take GROWTH times more than proportional. What other processes do to the
caches and the clock of the processor is within this."""

HOSTILE: dict[str, tuple[Callable[[int], bytes], int]] = {
    # A stream of about n bytes, and the size of its reads.
    "one line in tiny reads": (lambda n: b"data: " + b"x" * n + b"\n\n", 16),
    "one line in large reads": (lambda n: b"data: " + b"x" * n + b"\n\n", 65536),
    "one block of many lines in tiny reads": (lambda n: b"data: x\n" * (n // 8) + b"\n", 16),
    "one block of many lines at once": (lambda n: b"data: x\n" * (n // 8) + b"\n", 1 << 30),
    "fields that a shape begins with, then not": (
        lambda n: b"id: 1\nevent: x\ndata: a\nfoo\n\n" * (n // 30),
        1 << 30,
    ),
    "a good shape first, then comments": (
        lambda n: b"id: 1\ndata: a\n\n" * 9 + b": c\n\n" * (n // 5) + b"foo\n\n",
        1 << 30,
    ),
    "a good shape first, then data lines": (
        lambda n: b"id: 1\ndata: a\n\n" * 9 + b"id: 1\n" + b"data: x\n" * (n // 8) + b"foo\n\n",
        1 << 30,
    ),
    "blank lines": (lambda n: b"\n" * n, 1 << 30),
    "blank lines in tiny reads": (lambda n: b"\n" * n, 16),
    "carriage returns": (lambda n: b"\r" * n, 1 << 30),
    "line ends of all kinds": (lambda n: b"data: x\r\n\ndata\r\r\n" * (n // 17), 1400),
    "bytes that are no UTF-8": (lambda n: b"data: \xff\xfe\xe2\x82\n\n" * (n // 12), 1400),
    "digits": (lambda n: b"retry: " + b"9" * n + b"\n\n", 65536),
    "shapes that never repeat": (
        lambda n: b"".join(b"data: x\n" * (k % 7) + b"id: 1\n\n" for k in range(n // 31)),
        1400,
    ),
}


def reading(stream: bytes, read_bytes: int, *, keep_lines: bool) -> Callable[[], None]:
    """Return the work of reading a stream in reads of a size."""
    reads = [stream[start : start + read_bytes] for start in range(0, len(stream), read_bytes)]

    def read_all() -> None:
        parser = EventStreamParser(keep_lines=keep_lines)
        for read in reads:
            parser.receive(read)

    return read_all


@pytest.mark.parametrize("kind", HOSTILE)
def test_work_is_in_proportion_to_the_bytes(kind: str) -> None:
    make, read_bytes = HOSTILE[kind]
    short = reading(make(STREAM_BYTES // GROWTH), read_bytes, keep_lines=False)
    long = reading(make(STREAM_BYTES), read_bytes, keep_lines=False)
    assert within(GROWTH * SLACK, short, long)


def test_work_is_in_proportion_to_the_bytes_with_lines_kept() -> None:
    make, read_bytes = HOSTILE["one line in tiny reads"]
    short = reading(make(STREAM_BYTES // GROWTH), read_bytes, keep_lines=True)
    long = reading(make(STREAM_BYTES), read_bytes, keep_lines=True)
    assert within(GROWTH * SLACK, short, long)


@pytest.mark.parametrize("keep_lines", [False, True], ids=["fast", "lines"])
@pytest.mark.parametrize(
    "piece",
    [b"x" * 8192, b"data: x\n" * 1024, b"data\n" * 1638, b": c\n" * 2048, b"\xe2\x82\xac" * 2730],
    ids=["no line end", "data lines", "empty data lines", "comments", "characters of three bytes"],
)
def test_memory_is_bounded_by_the_limit(
    piece: bytes,
    keep_lines: bool,
) -> None:
    if keep_lines and b"\n" in piece:
        # Lines that are kept take room: the recording's limit is what bounds them.
        piece = piece.replace(b"\n", b" ")
    limit_bytes = 8 * 1024
    parser = EventStreamParser(keep_lines=keep_lines, line_limit_bytes=limit_bytes)
    parser.receive(b"data: ")
    parser.receive(piece)
    tracemalloc.start()
    try:
        for _ in range(32):
            parser.receive(piece)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Text and its parts and a list of them, but nothing that grows with the stream.
    assert peak_bytes < 16 * limit_bytes


def test_what_the_limit_cut_is_counted_while_it_comes() -> None:
    for keep_lines in False, True:
        parser = EventStreamParser(keep_lines=keep_lines, line_limit_bytes=100)
        parser.receive(b"data: " + b"x" * 994)
        assert parser.cut_bytes == 900
        parser.receive(b"x" * 1000)
        assert parser.cut_bytes == 1900
        [event] = parser.receive(b"\n\n")
        assert event.data == "x" * 94
        assert event.cut
        assert parser.cut_bytes == 1900
        [event] = parser.receive(b"data: y\n\n")
        assert (event.data, event.cut) == ("y", False)

"""The chunked decoder by itself: chunks, times, places, ends."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.chunked import Chunk, ChunkedDecoder
from streamchat_conformance.core.deviation import DeviationLog


def decode(*pieces: bytes, offset: int = 0) -> ChunkedDecoder:
    decoder = ChunkedDecoder(offset, DeviationLog())
    for number, piece in enumerate(pieces):
        decoder.receive(piece, float(number))
    return decoder


def test_a_chunk_has_the_time_of_its_last_data_byte() -> None:
    decoder = decode(b"5;a=b\r\nhe", b"llo", b"\r\n3\r\nabc\r\n0;z", b"\r\n", b"\r\n", offset=100)
    assert decoder.chunks == [
        Chunk(100, 5, b";a=b", 0, 1.0, 107),
        Chunk(114, 3, b"", 5, 2.0, 117),
    ]
    assert decoder.last_chunk == Chunk(122, 0, b";z", 8, 3.0, 127)
    assert (decoder.complete, decoder.end_offset) == (True, 129)


def test_a_chunk_whose_data_is_not_whole_is_not_listed_but_placed() -> None:
    decoder = decode(b"3\r\nabc\r\n5\r\nhe")
    assert [chunk.size for chunk in decoder.chunks] == [3]
    assert [decoder.wire_offset(place) for place in range(6)] == [3, 4, 5, 11, 12, 13]


def test_behind_the_last_byte_is_before_the_next_chunk_begins() -> None:
    decoder = decode(b"3\r\nabc\r\n5\r\n")
    assert decoder.wire_offset(3) == 6
    assert decode(b"").wire_offset(0) == 0
    assert decode(b"5\r\n").wire_offset(0) == 3


def test_bytes_after_the_end_are_not_taken() -> None:
    decoder = ChunkedDecoder(0, DeviationLog())
    assert decoder.receive(b"1\r\na\r\n0\r\n\r\n1\r\nb\r\n", 0.0) == b"a"
    assert decoder.receive(b"1\r\nb\r\n", 1.0) == b""
    assert decoder.end_offset == 11


def test_trailers_are_read_when_whole() -> None:
    decoder = decode(b"0\r\na: b\r\nC:", b" d \r\n\r")
    assert decoder.trailers == []
    decoder.receive(b"\n", 2.0)
    assert [(line.name, line.value, line.offset) for line in decoder.trailers] == [
        ("a", "b", 3),
        ("C", "d", 9),
    ]


@pytest.mark.parametrize("line", [b"7fffffffffffffff\r\nx", b"7fffffff;a\r\nx"])
def test_a_declared_size_costs_no_memory(line: bytes) -> None:
    tracemalloc.start()
    try:
        decoder = decode(line)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert not decoder.broken
    assert peak_bytes < 100_000


def test_a_stream_can_be_read_without_keeping_its_chunks() -> None:
    decoder = ChunkedDecoder(0, DeviationLog(), keep_chunks=False)
    assert decoder.receive(b"3\r\nabc\r\n3;x\r\ndef\r\n0\r\n\r\n", 0.0) == b"abcdef"
    assert decoder.chunks == []
    assert decoder.last_chunk is not None
    assert decoder.wire_offset(5) == 15


@settings(deadline=None)
@given(
    parts=st.lists(st.binary(min_size=1, max_size=30), max_size=20),
    cuts=st.lists(st.integers(1, 12), min_size=1, max_size=10),
)
def test_what_was_chunked_comes_back(parts: list[bytes], cuts: list[int]) -> None:
    coded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    decoder = ChunkedDecoder(0, DeviationLog())
    body, place, turn = b"", 0, 0
    while place < len(coded):
        step = cuts[turn % len(cuts)]
        body += decoder.receive(coded[place : place + step], float(turn))
        place, turn = place + step, turn + 1
    assert body == b"".join(parts)
    assert [chunk.size for chunk in decoder.chunks] == [len(part) for part in parts]
    assert decoder.complete
    times = [chunk.at_s for chunk in decoder.chunks]
    assert times == sorted(times)

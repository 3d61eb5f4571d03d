"""Content codings: what was coded comes back, in bounded memory, with its times."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.coding import MAX_CODINGS, DecodedBody, decode_reads
from streamchat_conformance.core.exchange import Read

if TYPE_CHECKING:
    from collections.abc import Callable

PROPERTY = settings(deadline=None)
LIMIT_BYTES = 100_000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZip": gzip.compress,
    "deflate": zlib.compress,
    " deflate ": raw_deflate,
    "identity": bytes,
    "": bytes,
    "deflate, gzip": lambda data: gzip.compress(zlib.compress(data)),
}


def reads_of(data: bytes, step: int) -> list[Read]:
    return [
        Read(float(number), data[place : place + step])
        for number, place in enumerate(range(0, len(data), step))
    ]


def joined(body: DecodedBody) -> bytes:
    return b"".join(read.data for read in body.reads)


@PROPERTY
@given(
    coding=st.sampled_from(sorted(CODERS)), data=st.binary(max_size=300), step=st.integers(1, 80)
)
def test_what_was_coded_comes_back(coding: str, data: bytes, step: int) -> None:
    body = decode_reads(reads_of(CODERS[coding](data), step), coding, LIMIT_BYTES)
    assert joined(body) == data
    assert (body.error, body.truncated, body.ended) == (None, False, True)


@PROPERTY
@given(st.lists(st.binary(max_size=100), max_size=4))
def test_gzip_members_follow_each_other(parts: list[bytes]) -> None:
    coded = b"".join(map(gzip.compress, parts))
    body = decode_reads(reads_of(coded, 7), "gzip", LIMIT_BYTES)
    assert joined(body) == b"".join(parts)
    assert body.error is None


def test_raw_deflate_that_begins_like_zlib_is_known_by_the_check_of_the_header() -> None:
    # A stored block whose padding bits are not zero: its first byte names zlib's method 8.
    coded = b"\x08\x05\x00\xfa\xffhello" + raw_deflate(b"")
    body = decode_reads([Read(0.0, coded)], "deflate", LIMIT_BYTES)
    assert (joined(body), body.error) == (b"hello", None)


@pytest.mark.parametrize("wbits", [31, 15, -15])
def test_what_was_flushed_is_decoded_at_its_own_time(wbits: int) -> None:
    compressor = zlib.compressobj(wbits=wbits)
    events = [b"data: %d\n\n" % number for number in range(5)]
    reads = [
        Read(number / 4, compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH))
        for number, event in enumerate(events)
    ]
    body = decode_reads(reads, "gzip" if wbits == 31 else "deflate", LIMIT_BYTES)
    assert body.reads == tuple(Read(number / 4, event) for number, event in enumerate(events))
    assert (body.error, body.ended) == (None, False)


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "compress", "chunked", "gzip, br", "\xff", '"gzip"']
)
def test_other_codings_are_reported(coding: str) -> None:
    body = decode_reads([Read(0.0, b"\x00")], coding, LIMIT_BYTES)
    assert body.error is not None
    assert body.error.endswith("is not supported")
    assert body.reads == ()


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_decoded_up_to_the_limit(coding: str) -> None:
    bomb = CODERS[coding](b"\x00" * 20_000_000)
    tracemalloc.start()
    try:
        body = decode_reads([Read(1.0, bomb)], coding, LIMIT_BYTES)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(joined(body)) == LIMIT_BYTES
    assert (body.error, body.truncated) == (None, True)
    assert peak_bytes < 1_000_000


@PROPERTY
@given(
    coding=st.sampled_from(sorted(CODERS)),
    data=st.binary(min_size=1, max_size=100) | st.integers(1, 600).map(bytes),
    margin=st.integers(-600, 5),
    step=st.integers(1, 50),
)
@example(coding=" deflate ", data=b"\x00", margin=-1, step=3)  # The coded form ends at the cut.
def test_the_limit_cuts_only_what_is_longer(
    coding: str, data: bytes, margin: int, step: int
) -> None:
    # Inner forms of two codings are cut as well; they are longer than what they hold.
    room = 200 if "," in coding else 0
    limit_bytes = max(0, len(data) + margin) + room
    body = decode_reads(reads_of(CODERS[coding](data), step), coding, limit_bytes)
    assert joined(body) == data[:limit_bytes]
    assert body.truncated == (len(data) > limit_bytes)
    assert body.ended != body.truncated


def test_more_codings_than_anyone_uses_are_refused() -> None:
    body = decode_reads([Read(0.0, b"x")], ", ".join(["gzip"] * (MAX_CODINGS + 1)), LIMIT_BYTES)
    assert body.error == f"more than {MAX_CODINGS} content codings on one body"


@pytest.mark.parametrize("step", [1, 10, 10_000])
def test_what_was_decoded_before_an_error_is_kept(step: int) -> None:
    data = b"data: 1\n\n" * 100
    coded = gzip.compress(data)
    bad_checksum = coded[:-8] + b"\x00" * 8
    body = decode_reads(reads_of(bad_checksum, step), "gzip", LIMIT_BYTES)
    assert joined(body) == data
    assert body.error == "not gzip: incorrect data check"
    assert not body.truncated


@pytest.mark.parametrize(
    ("coded", "coding", "error"),
    [
        (b"data: plain\n\n", "gzip", "not gzip: incorrect header check"),
        (b"\x78\x9c\xff\xff", "deflate", "not deflate: invalid block type"),
        (zlib.compress(b"x") + b"y", "deflate", "bytes after the end of the deflate form"),
        (gzip.compress(b"x", mtime=0) + b"y" * 20, "gzip", "not gzip: incorrect header check"),
    ],
)
def test_what_is_not_in_the_coding_is_reported(coded: bytes, coding: str, error: str) -> None:
    for step in (1, 1000):
        assert decode_reads(reads_of(coded, step), coding, LIMIT_BYTES).error == error


@PROPERTY
@given(
    coding=st.sampled_from(["gzip", "deflate", "gzip, deflate", "x"]),
    data=st.binary(max_size=100),
    cut=st.integers(0, 60),
    step=st.integers(1, 30),
)
def test_no_bytes_raise_and_any_split_decodes_the_same(
    coding: str, data: bytes, cut: int, step: int
) -> None:
    for received in (data, gzip.compress(data)[:cut] + data, zlib.compress(data)[:cut] + data):
        whole = decode_reads(reads_of(received, 1000), coding, 150)
        pieces = decode_reads(reads_of(received, step), coding, 150)
        assert joined(pieces) == joined(whole)
        assert pieces.truncated == whole.truncated
        assert pieces.error == whole.error

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.strategies import byte_splits, chunked, chunkings

if TYPE_CHECKING:
    from collections.abc import Callable

PROPERTY = settings(deadline=None)

OPTIONS = ("extensions", "trailers", "leading_zeros")
_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def read_by_h11(coded: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """Return the body and the trailers of a chunked request; raise if anything is wrong."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(_HEAD + coded)
    body = b""
    while True:
        event = connection.next_event()
        assert event is not h11.NEED_DATA, "the last chunk is missing"
        if isinstance(event, h11.Data):
            body += event.data
        if isinstance(event, h11.EndOfMessage):
            assert connection.trailing_data == (b"", False)
            return body, list(event.headers)


@PROPERTY
@given(st.data(), st.binary(max_size=300), st.integers(1, 8))
def test_a_split_is_the_same_bytes_in_order(
    data: st.DataObject, whole: bytes, max_pieces: int
) -> None:
    pieces = data.draw(byte_splits(whole, max_pieces=max_pieces))
    assert b"".join(pieces) == whole
    assert all(pieces)
    assert len(pieces) <= max_pieces or (len(whole) <= 200 and set(map(len, pieces)) == {1})


def test_splits_shrink_to_one_piece_and_find_single_bytes(minimal: Callable[..., Any]) -> None:
    assert minimal(byte_splits(b"abcd")) == [b"abcd"]
    assert minimal(byte_splits(b"abcd"), lambda pieces: len(pieces) == 2) == [b"a", b"bcd"]
    assert len(minimal(byte_splits(b"x" * 100), lambda pieces: len(pieces) > 6)) == 100


def test_a_split_into_no_pieces_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 piece, not 0"):
        byte_splits(b"ab", max_pieces=0)


@PROPERTY
@given(
    st.data(),
    st.binary(max_size=300),
    st.fixed_dictionaries({}, optional=dict.fromkeys(OPTIONS, st.just(value=True))),
)
def test_a_chunking_is_read_back_by_h11(
    data: st.DataObject, body: bytes, options: dict[str, bool]
) -> None:
    read, fields = read_by_h11(data.draw(chunkings(body, **options)))
    assert read == body
    assert "trailers" in options or not fields


def test_chunkings_find_one_big_chunk_and_single_bytes(minimal: Callable[..., Any]) -> None:
    assert minimal(chunkings(b"hello world")) == b"b\r\nhello world\r\n0\r\n\r\n"
    minimal(chunkings(b"hello world"), lambda coded: coded.startswith(b"B\r\n"))
    minimal(chunkings(b"hello world"), lambda coded: coded.count(b"\r\n1\r\n") == 10)


def test_extensions_trailers_and_zeros_come_only_when_asked_for(
    minimal: Callable[..., Any],
) -> None:
    minimal(chunkings(b"a", extensions=True), lambda coded: b";" in coded)
    minimal(chunkings(b"a", trailers=True), lambda coded: b"X-Checksum" in coded)
    minimal(chunkings(b"a", leading_zeros=True), lambda coded: coded.startswith(b"00"))


def test_an_empty_piece_does_not_end_the_message() -> None:
    assert chunked([b"a", b"", b"b"]) == b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"

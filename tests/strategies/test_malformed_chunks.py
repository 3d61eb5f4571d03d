from __future__ import annotations

import re

import h11
import pytest
from streamchat_conformance.strategies import (
    MalformedChunks,
    chunks_with_bare_line_feeds,
    is_json,
    malformed_chunks,
)

BODY = b'{"prompt":"Hello","history":[]}'
ALL = (*malformed_chunks(BODY), *chunks_with_bare_line_feeds(BODY))
_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def named(chunks: MalformedChunks) -> str:
    return chunks.name


def data_read_by_h11(coded: bytes) -> tuple[bytes, bool]:
    """Return the data that h11 reads, and whether it refuses what comes after them."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(_HEAD + coded)
    data = b""
    try:
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            assert event is not h11.NEED_DATA
            data += event.data if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError:
        return data, True
    return data, False


@pytest.mark.parametrize("chunks", ALL, ids=named)
def test_broken_chunks_are_refused_by_h11_before_the_body_is_whole(chunks: MalformedChunks) -> None:
    data, refused = data_read_by_h11(chunks.coded)
    assert refused
    assert not is_json(data)


@pytest.mark.parametrize("chunks", chunks_with_bare_line_feeds(BODY), ids=named)
def test_only_line_ends_are_wrong_where_only_line_ends_are_tried(chunks: MalformedChunks) -> None:
    assert re.search(rb"(?<!\r)\n", chunks.coded)
    assert not any(re.search(rb"(?<!\r)\n", each.coded) for each in malformed_chunks(BODY))


def test_names_are_unique_and_reasons_are_given() -> None:
    assert len({chunks.name for chunks in ALL}) == len(ALL)
    assert all(chunks.reason for chunks in ALL)


def test_a_body_without_a_member_cannot_be_cut() -> None:
    with pytest.raises(ValueError, match="subsection not found"):
        malformed_chunks(b"[]")

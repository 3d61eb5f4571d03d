from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.recorder import Progress

EVENTS = b"data: 1\n\n: comment\n\ndata: 2\n\n"


def head(coding: str = "identity", status: int = 200) -> bytes:
    return f"HTTP/1.1 {status} OK\r\nContent-Encoding: {coding}\r\n\r\n".encode("ascii")


def progress_of(*pieces: bytes) -> Progress:
    progress = Progress("POST")
    for at_s, piece in enumerate(pieces):
        progress.receive(piece, float(at_s))
    return progress


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("identity", EVENTS),
        ("gzip", gzip.compress(EVENTS, mtime=0)),
        ("x-gzip", gzip.compress(EVENTS, mtime=0)),
        ("deflate", zlib.compress(EVENTS)),
    ],
)
@given(data=st.data())
def test_events_are_counted_however_the_bytes_are_cut(
    coding: str, body: bytes, data: st.DataObject
) -> None:
    whole = head(coding) + body
    cut = data.draw(st.integers(0, len(whole)))
    progress = progress_of(whole[:cut], whole[cut:])
    assert progress.countable
    assert progress.events == 2
    assert progress.body_bytes == len(body)


def test_only_a_200_has_events() -> None:
    assert progress_of(head(status=400), EVENTS).events == 0


def test_bytes_that_are_not_in_their_coding_are_no_events() -> None:
    assert progress_of(head("gzip"), EVENTS, gzip.compress(EVENTS)).events == 0


def test_of_a_decompression_bomb_each_read_gives_a_mebibyte_at_most() -> None:
    bomb = gzip.compress(b"data: x\n\n" * 6_000_000)
    progress = progress_of(head("gzip"), bomb, gzip.compress(EVENTS))
    assert progress.events <= 2 * 1024 * 1024 // len(b"data: x\n\n") + 1


def test_several_codings_are_counted_by_reads() -> None:
    progress = progress_of(head("deflate, gzip"), b"?", b"?", b"?")
    assert not progress.countable
    assert progress.events == 3


def test_silence_begins_with_the_last_bytes() -> None:
    progress = Progress("POST", reading_from_s=1.0)
    progress.elapsed_s = 3.0
    assert progress.since_last_read_s == 2.0
    progress.receive(head(), 2.5)
    assert progress.since_last_read_s == 0.5

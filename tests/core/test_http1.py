"""What the response reader gives its users: times, offsets, framings, ends, bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.http1 import (
    HEAD_LIMIT_BYTES,
    Framing,
    ResponseReader,
    read_response,
)

from .work import within

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = b"HTTP/1.1 200 OK\r\n"


def read(*pieces: bytes, method: str = "POST", close: bool = False) -> ResponseReader:
    reader = ResponseReader(request_method=method)
    for number, piece in enumerate(pieces):
        reader.receive(piece, float(number))
    if close:
        reader.close(float(len(pieces)))
    return reader


def test_a_head_has_the_time_of_its_last_byte_and_its_place() -> None:
    reader = read(b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 OK\r\n", b"a: b\r\n\r", b"\n", b"body")
    assert reader.head is not None
    assert (reader.head.at_s, reader.head.offset, reader.head.end_offset) == (2.0, 17, 42)
    assert [(head.status, head.at_s) for head in reader.interim] == [(100, 0.0)]


def test_field_names_are_found_in_any_case_and_kept_as_sent() -> None:
    head = read(HEAD + b"Set-Cookie: a\r\nX: 1\r\nset-cookie:  b \r\n\r\n").head
    assert head is not None
    assert head.values("SET-COOKIE") == ["a", "b"]
    assert head.first("set-cookie") == "a"
    assert head.combined("Set-Cookie") == "a, b"
    assert (head.values("y"), head.first("y"), head.combined("y")) == ([], None, None)
    assert [line.name for line in head.fields] == ["Set-Cookie", "X", "set-cookie"]
    assert head.fields[2].raw == b"set-cookie:  b "


def test_a_folded_value_reads_as_one_and_keeps_its_bytes() -> None:
    head = read(HEAD + b"a: b \r\n\t c\r\n \r\nd: e\r\n\r\n").head
    assert head is not None
    assert [line.value for line in head.fields] == ["b c", "e"]
    assert head.fields[0].raw == b"a: b \r\n\t c\r\n "


def test_receive_returns_the_body_bytes_that_are_new() -> None:
    reader = ResponseReader()
    assert reader.receive(HEAD + b"Content-Length: 5\r\n\r\nhe", 1.0) == [Read(1.0, b"he")]
    assert reader.receive(b"llo surplus", 2.0) == [Read(2.0, b"llo")]
    assert reader.receive(b"more", 3.0) == []
    assert reader.body_reads == [Read(1.0, b"he"), Read(2.0, b"llo")]
    assert reader.end_offset == len(HEAD) + 21 + 5
    assert reader.received_bytes == reader.end_offset + 12


@pytest.mark.parametrize(
    ("status", "method", "fields", "framing"),
    [
        (200, "POST", b"Transfer-Encoding: chunked\r\n", Framing.CHUNKED),
        (200, "POST", b"Transfer-Encoding: gzip, chunked\r\n", Framing.CHUNKED),
        (200, "POST", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Framing.CHUNKED),
        (200, "POST", b"Transfer-Encoding: chunked, gzip\r\n", Framing.CLOSE),
        (200, "POST", b"Content-Length: 5\r\nTransfer-Encoding: identity\r\n", Framing.CLOSE),
        (200, "POST", b"Content-Length: 5, 5\r\n", Framing.LENGTH),
        (200, "POST", b"Content-Length: 5, 6\r\n", Framing.CLOSE),
        (200, "POST", b"Content-Length: five\r\n", Framing.CLOSE),
        (200, "POST", b"", Framing.CLOSE),
        (200, "HEAD", b"Content-Length: 5\r\n", Framing.NONE),
        (200, "CONNECT", b"Content-Length: 5\r\n", Framing.NONE),
        (400, "CONNECT", b"Content-Length: 5\r\n", Framing.LENGTH),
        (101, "POST", b"Upgrade: x\r\n", Framing.NONE),
        (204, "POST", b"Content-Length: 5\r\n", Framing.NONE),
        (304, "POST", b"Transfer-Encoding: chunked\r\n", Framing.NONE),
        (205, "POST", b"Content-Length: 5\r\n", Framing.LENGTH),
    ],
)
def test_the_framing_follows_from_head_and_method(
    status: int, method: str, fields: bytes, framing: Framing
) -> None:
    reader = read(b"HTTP/1.1 %d x\r\n%b\r\n" % (status, fields), method=method)
    assert reader.framing is framing
    assert reader.complete == (framing is Framing.NONE)


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 500"])
def test_an_empty_body_is_complete_with_its_head(after: bytes) -> None:
    reader = read(HEAD + b"Content-Length: 0\r\n\r\n" + after)
    assert reader.complete
    assert reader.end_offset == len(HEAD) + 21


def test_a_close_delimited_body_is_complete_when_the_connection_ends() -> None:
    reader = read(HEAD + b"\r\n", b"body")
    assert not reader.complete
    reader.close(7.0)
    assert (reader.complete, reader.end_offset, reader.closed_at_s) == (True, len(HEAD) + 6, 7.0)


@pytest.mark.parametrize(
    "received",
    [
        HEAD + b"Content-Length: 5\r\n\r\nhell",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n",
    ],
)
def test_a_body_cut_short_is_not_complete_and_no_deviation(received: bytes) -> None:
    reader = read(received, close=True)
    assert not reader.complete
    assert reader.end_offset is None
    assert reader.deviations == []


def test_nothing_is_taken_after_close() -> None:
    reader = read(HEAD, close=True)
    assert reader.receive(b"\r\nbody", 9.0) == []
    reader.close(10.0)
    assert (reader.head, reader.received_bytes, reader.closed_at_s) == (None, len(HEAD), 1.0)


def test_garbage_is_reported_before_its_line_ends() -> None:
    reader = read(b"<!DOCTYPE html>" + b" " * 60)
    assert reader.broken
    assert [deviation.code for deviation in reader.deviations] == ["bad-status-line"]
    assert "<!DOCTYPE html>" in reader.deviations[0].message


def test_what_came_instead_of_a_head_is_quoted_at_close() -> None:
    (deviation,) = read(b"oops", close=True).deviations
    assert (deviation.code, deviation.offset) == ("bad-status-line", 0)
    assert "b'oops'" in deviation.message


def test_no_bytes_at_all_are_no_deviation() -> None:
    reader = read(close=True)
    assert (reader.head, reader.deviations, reader.complete) == (None, [], False)


def test_a_broken_body_keeps_what_came_before() -> None:
    reader = read(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n3\r\ndef\r\n", b"more"
    )
    assert (reader.body, reader.broken, reader.complete) == (b"abc", True, False)


def test_body_offsets_outside_the_body_are_refused() -> None:
    reader = read(HEAD + b"Content-Length: 5\r\n\r\nhe")
    assert reader.wire_offset(2) == reader.received_bytes
    for offset in (-1, 3):
        with pytest.raises(ValueError, match=f"body offset {offset} is not within 0 and 2"):
            reader.wire_offset(offset)
    with pytest.raises(ValueError, match="body offset 0"):
        read(HEAD).wire_offset(0)


def test_interim_responses_without_number_are_counted_in_bounded_memory() -> None:
    interim = b"HTTP/1.1 103 Early\r\nLink: %b\r\n\r\n" % (b"x" * 1000)
    reader = ResponseReader()
    for _ in range(10):
        reader.receive(interim * 100, 0.0)
    reader.receive(HEAD + b"Content-Length: 0\r\n\r\n", 1.0)
    assert reader.complete
    assert reader.interim_count == 1000
    assert len(reader.interim) == HEAD_LIMIT_BYTES // len(interim)


def test_an_exchange_is_read_by_its_method_and_ending() -> None:
    reads = (Read(0.5, HEAD + b"\r\nbo"), Read(0.75, b"dy"))
    for ending in (Ending.CLOSED, Ending.RESET):
        closed = read_response(Exchange(b"POST / HTTP/1.1\r\n\r\n", reads, ending, 0.875))
        assert (closed.complete, closed.body, closed.closed_at_s) == (True, b"body", 0.875)
    for ending in (Ending.ABANDONED, Ending.TIMED_OUT, Ending.OVERFLOW, Ending.COMPLETE):
        assert not read_response(Exchange(b"POST / HTTP/1.1\r\n\r\n", reads, ending)).closed
    assert read_response(Exchange(b"HEAD / HTTP/1.1\r\n\r\n", reads)).framing is Framing.NONE
    assert read_response(Exchange(b"", ())).head is None


def reading(received: bytes, step: int) -> Callable[[], None]:
    """Return the work of reading a response in steps."""

    def read_all() -> None:
        reader = ResponseReader()
        for place in range(0, len(received), step):
            reader.receive(received[place : place + step], 0.0)

    return read_all


@pytest.mark.parametrize(
    ("before", "unit"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n"),
        (HEAD, b"a: b\r\n"),
        (HEAD + b"a: b\r\n", b" c\r\n"),
        (b"", b"\r\n"),
        (b"", b"HTTP/1.1 100 x\r\n\r\n"),
        (HEAD + b"Content-Length: 5,", b" 5,"),
    ],
    ids=["chunks", "trailers", "fields", "folds", "empty-lines", "interim", "long-value"],
)
@pytest.mark.parametrize("step", [1, 100_000])
def test_the_work_is_linear_in_the_bytes(before: bytes, unit: bytes, step: int) -> None:
    count = 250 if step == 1 else 1000
    small = reading(before + unit * count, step)
    large = reading(before + unit * count * 16, step)
    # Quadratic work would be 256 times as much; what else the machine does is not.
    assert within(16 * 6, small, large)

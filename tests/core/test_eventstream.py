"""What the parser says of lines, blocks, times and oddities, by example."""

from __future__ import annotations

import pytest
from streamchat_conformance.core.eventstream import (
    ODDITIES,
    RETRY_LIMIT_MS,
    Event,
    EventStreamParser,
    LineKind,
    read_event_stream,
)
from streamchat_conformance.core.exchange import Read


def lines_of(*reads: bytes, line_limit_bytes: int | None = None) -> EventStreamParser:
    parser = EventStreamParser(keep_lines=True, line_limit_bytes=line_limit_bytes)
    for at_s, read in enumerate(reads):
        parser.receive(read, at_s)
    parser.close()
    return parser


def test_a_crlf_split_across_reads_is_one_line_end() -> None:
    parser = lines_of(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n: c\n")
    assert [line.ending for line in parser.lines] == [b"\r\n", b"\r\n", b"\r\n", b"\n"]
    assert [line.at_s for line in parser.lines] == [0, 1, 2, 3]
    assert [line.offset for line in parser.lines] == [0, 9, 18, 20]
    assert [block.end_offset for block in parser.blocks] == [20, 24]


@pytest.mark.parametrize("keep_lines", [False, True])
def test_an_event_that_ends_with_cr_is_dispatched_at_once(
    keep_lines: bool,
) -> None:
    parser = EventStreamParser(keep_lines=keep_lines)
    assert [event.data for event in parser.receive(b"data: a\r\n\r", 1.0)] == ["a"]
    assert parser.receive(b"\n", 2.0) == []
    assert [event.data for event in parser.receive(b"data: b\r\r", 3.0)] == ["b"]


def test_each_line_is_of_a_kind() -> None:
    parser = lines_of(b"data: a\n: c\n\nid:7\nfoo\n\ndata: b")
    assert [(line.kind, line.name, line.value) for line in parser.lines] == [
        (LineKind.FIELD, "data", b"a"),
        (LineKind.COMMENT, "", b""),
        (LineKind.BLANK, "", b""),
        (LineKind.FIELD, "id", b"7"),
        (LineKind.FIELD, "foo", b""),
        (LineKind.BLANK, "", b""),
        (LineKind.INCOMPLETE, "data", b"b"),
    ]


def test_blocks_that_dispatch_nothing_are_blocks_too() -> None:
    parser = lines_of(b"\n: c\n\ndata: a\n\n\n\nid: 1\n\ndata: b\n")
    assert [(block.event and block.event.data, block.complete) for block in parser.blocks] == [
        (None, True),
        ("a", True),
        (None, True),
        (None, False),
    ]
    event = parser.blocks[1].event
    assert event is not None
    assert event.block == 1


@pytest.mark.parametrize(
    ("line", "oddities"),
    [
        (b"data: \xe2\x82\xac", ()),
        (b": anything: goes", ()),
        (b"retry: 10", ()),
        (b"Data: a", ("unknown-field",)),
        (b"data : a", ("unknown-field",)),
        (b"\xef\xbb\xbfdata: a", ("unknown-field", "bom-inside")),
        (b"retry: -1", ("retry-not-digits",)),
        (b"retry", ("retry-not-digits",)),
        ("retry: ٣".encode(), ("retry-not-digits",)),
        (b"id: a\0b", ("id-nul", "nul")),
        (b"data: a\0b", ("nul",)),
        (b"data: \xff", ("not-utf8",)),
        (b": \xff", ("not-utf8",)),
        (b"data: \xe2\x82", ("not-utf8",)),
        (b"da\xffta: a", ("unknown-field", "not-utf8")),
    ],
)
def test_what_is_odd_about_a_line_is_said(line: bytes, oddities: tuple[str, ...]) -> None:
    parser = lines_of(b"\n" + line + b"\n\n")
    assert parser.lines[1].oddities == oddities
    assert set(oddities) <= ODDITIES.keys()


def test_of_a_line_without_end_only_its_bytes_can_be_odd() -> None:
    assert lines_of(b"dat").lines[0].oddities == ()
    assert lines_of(b"data: \xe2\x82").lines[0].oddities == ()
    assert lines_of(b"data: \xff\0").lines[0].oddities == ("not-utf8", "nul")


def test_a_line_beyond_the_limit_is_cut_and_said_to_be() -> None:
    parser = lines_of(b"data: 12", b"34567890\nid: 1\n\n", line_limit_bytes=10)
    line = parser.lines[0]
    assert (line.content, line.cut_bytes, line.oddities) == (b"data: 1234", 6, ("cut",))
    assert line.end_offset == 17
    assert parser.blocks[0].event == Event("message", "1234", "1", 1, 0, cut=True)


def test_a_name_or_number_that_is_cut_is_not_taken_for_a_shorter_one() -> None:
    parser = lines_of(b"datadata\ndata\nretry: 10000\n\n", line_limit_bytes=9)
    assert parser.blocks[0].event == Event("message", "", "", 0, 0, cut=True)
    assert parser.retry_ms is None
    assert lines_of(b"datax\n\n", line_limit_bytes=4).blocks[0].event is None


def test_a_character_at_the_limit_is_left_out_whole() -> None:
    parser = lines_of("data: a€b\n\n".encode(), line_limit_bytes=9)
    assert parser.blocks[0].event == Event("message", "a", "", 0, 0, cut=True)
    assert parser.lines[0].oddities == ("cut",)


def test_many_short_data_lines_are_held_to_the_limit_together() -> None:
    for keep_lines in False, True:
        parser = EventStreamParser(keep_lines=keep_lines, line_limit_bytes=12)
        events = parser.receive(b"data: 1234\n" * 1000 + b"\ndata: x\n\n")
        assert [(event.data, event.cut) for event in events] == [
            ("1234\n1234\n12", True),
            ("x", False),
        ]


@pytest.mark.parametrize("keep_lines", [False, True])
def test_a_retry_beyond_all_measure_is_read_in_no_time(
    keep_lines: bool,
) -> None:
    # Python refuses to read more than 4300 digits, and is slow before.
    parser = EventStreamParser(keep_lines=keep_lines)
    parser.receive(b"retry: " + b"9" * 100_000 + b"\n")
    assert parser.retry_ms == RETRY_LIMIT_MS
    parser.receive(b"retry: " + b"0" * 100_000 + b"7\n\n")
    assert parser.retry_ms == 7


@pytest.mark.parametrize("keep_lines", [False, True])
@pytest.mark.parametrize(
    ("end", "incomplete"),
    [
        (b"", False),
        (b"\n", False),
        (b": c\n", False),
        (b": c", False),
        (b"data: b\n", True),
        (b"d", True),
        (b"id: 1\n: c\n", True),
        (b"id: 1\n\n", False),
        (b"\xef\xbb", True),
    ],
)
def test_a_stream_is_incomplete_when_a_block_with_fields_was_left_open(
    end: bytes,
    incomplete: bool,
    keep_lines: bool,
) -> None:
    parser = EventStreamParser(keep_lines=keep_lines)
    parser.receive(b"data: a\n\n" + end)
    assert not parser.incomplete
    parser.close()
    assert parser.incomplete is incomplete


def test_a_byte_order_mark_that_never_ends_is_an_incomplete_line() -> None:
    parser = lines_of(b"\xef", b"\xbb")
    assert [(line.content, line.kind, line.at_s) for line in parser.lines] == [
        (b"\xef\xbb", LineKind.INCOMPLETE, 1)
    ]
    assert parser.incomplete
    assert not parser.bom


@pytest.mark.parametrize("keep_lines", [False, True])
def test_nothing_is_read_after_the_close(
    keep_lines: bool,
) -> None:
    parser = EventStreamParser(keep_lines=keep_lines)
    parser.receive(b"data: a\n")
    parser.close()
    assert parser.receive(b"\ndata: b\n\n") == []
    parser.close()
    assert parser.incomplete
    assert parser.last_event_id == ""


def test_without_lines_kept_there_are_no_lines_and_blocks() -> None:
    parser = EventStreamParser()
    [event] = parser.receive(b"data: a\n\n", 2.5)
    assert event == Event("message", "a", "", 2.5)
    assert event.block == -1
    assert (parser.lines, parser.blocks, parser.open_block) == ([], [], None)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"line_limit_bytes must be at least 1, not {limit}"):
        EventStreamParser(line_limit_bytes=limit)


def test_a_recording_that_was_broken_off_shows_its_open_block() -> None:
    reads = [Read(0.5, b"data: a\n\nid: 1\ndat"), Read(0.7, b"a: b")]
    stream = read_event_stream(reads, ended=False)
    assert [block.complete for block in stream.blocks] == [True, False]
    assert [line.name for line in stream.blocks[1].lines] == ["id"]
    assert not stream.incomplete
    ended = read_event_stream(reads, ended=True)
    assert [line.name for line in ended.blocks[1].lines] == ["id", "data"]
    assert ended.lines[-1].at_s == 0.7
    assert ended.incomplete
    assert ended.last_event_id == ""

"""The parser against the standard's own words, for any stream in any reads."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.core.eventstream import (
    RETRY_LIMIT_MS,
    Event,
    EventStreamParser,
    Line,
    LineKind,
    read_event_stream,
)
from streamchat_conformance.core.exchange import Read

from .eventstream_standard import interpret, utf8_decode
from .eventstream_strategies import cut_streams, noisy_streams, repetitive_streams, streams

PROPERTY = settings(deadline=None, max_examples=examples(100))

limits = st.none() | st.sampled_from([1, 2, 5, 6, 9, 20, 300, 100_000])


def parse(
    reads: list[bytes], *, keep_lines: bool = False, line_limit_bytes: int | None = None
) -> tuple[list[Event], EventStreamParser]:
    """Feed reads, the nth at the time n; close."""
    parser = EventStreamParser(keep_lines=keep_lines, line_limit_bytes=line_limit_bytes)
    events = [event for at_s, read in enumerate(reads) for event in parser.receive(read, at_s)]
    parser.close()
    return events, parser


def assert_as_the_standard(stream: bytes, events: list[Event], parser: EventStreamParser) -> None:
    outcome = interpret(stream)
    assert [event[:3] for event in events] == [
        (event.type, event.data, event.last_event_id) for event in outcome.events
    ]
    assert parser.last_event_id == outcome.last_event_id
    expected = outcome.retry_ms
    assert parser.retry_ms == (None if expected is None else min(expected, RETRY_LIMIT_MS))
    assert parser.bom == stream.startswith(b"\xef\xbb\xbf")


@given(cut=cut_streams())
@PROPERTY
def test_any_stream_in_any_reads_is_read_as_the_standard_says(
    cut: tuple[bytes, list[bytes]],
) -> None:
    stream, reads = cut
    assert_as_the_standard(stream, *parse(reads))


@given(cut=cut_streams())
@PROPERTY
def test_the_same_with_every_line_kept(cut: tuple[bytes, list[bytes]]) -> None:
    stream, reads = cut
    assert_as_the_standard(stream, *parse(reads, keep_lines=True))


@given(cut=cut_streams(repetitive_streams()))
@PROPERTY
def test_the_same_with_a_limit_that_nothing_reaches(cut: tuple[bytes, list[bytes]]) -> None:
    stream, reads = cut
    events, parser = parse(reads, line_limit_bytes=len(stream) + 1)
    assert_as_the_standard(stream, events, parser)
    assert parser.cut_bytes == 0
    assert not any(event.cut for event in events)


@given(cut=cut_streams(), limit=limits)
@PROPERTY
def test_both_ways_of_reading_agree_in_everything(
    cut: tuple[bytes, list[bytes]], limit: int | None
) -> None:
    fast_events, fast = parse(cut[1], line_limit_bytes=limit)
    slow_events, slow = parse(cut[1], line_limit_bytes=limit, keep_lines=True)
    assert fast_events == [event._replace(block=-1) for event in slow_events]
    for name in ("last_event_id", "retry_ms", "bom", "incomplete", "cut_bytes"):
        assert getattr(fast, name) == getattr(slow, name), name


@given(cut=cut_streams(), limit=limits)
@PROPERTY
def test_a_cut_into_reads_changes_nothing_but_times(
    cut: tuple[bytes, list[bytes]], limit: int | None
) -> None:
    stream, reads = cut

    def timeless(reads: list[bytes]) -> tuple[object, ...]:
        events, parser = parse(reads, keep_lines=True, line_limit_bytes=limit)
        lines = [(line.offset, line.content, line.ending, line.oddities) for line in parser.lines]
        blocks = [(block.end_offset, block.complete, len(block.lines)) for block in parser.blocks]
        marks = parser.incomplete, parser.cut_bytes, parser.retry_ms, parser.bom
        return [event._replace(at_s=0.0) for event in events], lines, blocks, marks

    assert timeless(reads) == timeless([stream])


@given(cut=cut_streams(noisy_streams))
@PROPERTY
def test_an_event_has_the_time_of_the_read_that_ended_its_blank_line(
    cut: tuple[bytes, list[bytes]],
) -> None:
    # An event is known as soon as its blank line has ended: reading each beginning of the stream
    # from scratch shows after which read that was.
    stream, reads = cut
    expected: list[int] = []
    received = b""
    for at_s, read in enumerate(reads):
        received += read
        expected += [at_s] * (len(interpret(received).events) - len(expected))
    assert [event.at_s for event in parse(reads)[0]] == expected
    assert len(expected) == len(interpret(stream).events)


@given(cut=cut_streams())
@PROPERTY
def test_the_lines_put_together_are_the_stream(cut: tuple[bytes, list[bytes]]) -> None:
    stream, reads = cut
    _, parser = parse(reads, keep_lines=True)
    start = 3 if parser.bom else 0
    assert b"".join(line.content + line.ending for line in parser.lines) == stream[start:]
    for line in parser.lines:
        assert line.offset == start
        assert stream[line.offset : line.end_offset] == line.content + line.ending
        start = line.end_offset


@given(cut=cut_streams())
@PROPERTY
def test_the_blocks_put_together_are_the_lines_and_the_events(
    cut: tuple[bytes, list[bytes]],
) -> None:
    events, parser = parse(cut[1], keep_lines=True)
    blocks = parser.blocks
    not_blank = [line for line in parser.lines if line.kind is not LineKind.BLANK]
    assert [line for block in blocks for line in block.lines] == not_blank
    assert [block.index for block in blocks] == list(range(len(blocks)))
    assert [block.event for block in blocks if block.event is not None] == events
    assert all(blocks[event.block].event is event for event in events)
    assert all(block.lines for block in blocks)
    assert all(block.complete for block in blocks[:-1])
    for block in blocks:
        ends = [line.end_offset for line in parser.lines if line.end_offset == block.end_offset]
        assert ends
        assert (block.event is None) or block.complete


@given(cut=cut_streams())
@example(cut=(b"\xef\xbb", [b"\xef\xbb", b""]))
@PROPERTY
def test_a_line_has_the_time_of_its_end(cut: tuple[bytes, list[bytes]]) -> None:
    stream, reads = cut
    arrivals = [at_s for at_s, read in enumerate(reads) for _ in read]

    def seen_at(line: Line) -> int:
        if line.kind is LineKind.INCOMPLETE:
            return arrivals[line.end_offset - 1]
        return arrivals[line.offset + len(line.content)]

    lines = parse(reads, keep_lines=True)[1].lines
    assert [line.at_s for line in lines] == [seen_at(line) for line in lines]
    assert len(arrivals) == len(stream)


@given(stream=streams)
@PROPERTY
def test_a_line_is_odd_in_utf_8_exactly_where_the_decoder_replaces(stream: bytes) -> None:
    for line in parse([stream], keep_lines=True)[1].lines:
        if line.kind is LineKind.INCOMPLETE:
            continue
        # The decoder's own mark handling is out of the way behind a letter.
        replaced = utf8_decode(b"x" + line.content).count("\ufffd")
        assert ("not-utf8" in line.oddities) == (replaced > line.content.count(b"\xef\xbf\xbd"))


@given(cut=cut_streams(), limit=st.integers(1, 400))
@PROPERTY
def test_nothing_is_kept_beyond_the_limit_and_everything_is_counted(
    cut: tuple[bytes, list[bytes]], limit: int
) -> None:
    stream, reads = cut
    whole = parse([stream], keep_lines=True)[1].lines
    events, parser = parse(reads, keep_lines=True, line_limit_bytes=limit)
    assert [line.content for line in parser.lines] == [line.content[:limit] for line in whole]
    assert [line.cut_bytes for line in parser.lines] == [
        max(0, len(line.content) - limit) for line in whole
    ]
    assert parser.cut_bytes == sum(line.cut_bytes for line in parser.lines)
    assert all("cut" in line.oddities for line in parser.lines if line.cut_bytes)
    # U+FFFD takes three bytes where one ill-formed byte stood.
    assert all(len(event.data.encode()) <= 3 * limit for event in events)


@given(cut=cut_streams(), limit=st.integers(1, 400))
@PROPERTY
def test_an_event_that_is_not_marked_as_cut_is_whole(
    cut: tuple[bytes, list[bytes]], limit: int
) -> None:
    whole, _ = parse([cut[0]], keep_lines=True)
    by_block = {event.block: event for event in whole}
    events, _ = parse(cut[1], keep_lines=True, line_limit_bytes=limit)
    for event in events:
        original = by_block[event.block]
        if not event.cut:
            assert (event.type, event.data) == (original.type, original.data)


@given(cut=cut_streams(), ended=st.booleans())
@PROPERTY
def test_a_recorded_stream_is_read_as_it_came(
    cut: tuple[bytes, list[bytes]],
    ended: bool,
) -> None:
    stream, reads = cut
    recorded = [Read(float(at_s), read) for at_s, read in enumerate(reads)]
    read = read_event_stream(recorded, ended=ended)
    events, parser = parse(reads, keep_lines=True)
    assert read.body == stream
    assert list(read.events) == events
    assert (read.retry_ms, read.last_event_id) == (parser.retry_ms, parser.last_event_id)
    ended_lines = [line for line in parser.lines if line.kind is not LineKind.INCOMPLETE]
    assert list(read.lines) == (parser.lines if ended else ended_lines)
    if ended:
        assert list(read.blocks) == parser.blocks
        assert read.incomplete == parser.incomplete
    lines_in_blocks = [line for block in read.blocks for line in block.lines]
    assert lines_in_blocks == [line for line in read.lines if line.kind is not LineKind.BLANK]

"""Streams whose blocks repeat themselves, as those of servers do: both ways of reading agree."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.core.eventstream import EventStreamParser

KINDS = (
    b"data: plain\n\n",
    b"data: {\xe3\x81\x93}\n\n",
    b"data:no space\n\n",
    b"data:  two spaces\n\n",
    b"data: \n\n",
    b"data:\n\n",
    b"data\n\n",
    b"data: " + b"long " * 300 + b"\n\n",
    b"event: token\ndata: typed\n\n",
    b"event: \ndata: of an empty type\n\n",
    b"event:other\ndata: typed\n\n",
    b"data: typed last\nevent: token\n\n",
    b"id: 1\ndata: known\n\n",
    b"id: 2\nevent: token\ndata: known and typed\n\n",
    b"event: token\nid: 3\ndata: typed and known\n\n",
    b"data: known last\nid: 4\n\n",
    b"id: 5\ndata: known twice\nid: 6\n\n",
    b"id: \ndata: forgotten\n\n",
    b"id:\ndata: forgotten\n\n",
    b"id: a\0b\ndata: void\n\n",
    b"id: 7\n\n",
    b"data: {\ndata: on lines\ndata: }\n\n",
    b"data: {\ndata:without\ndata: }\n\n",
    b"data: data: again\ndata: data:\n\n",
    b"event: token\ndata:\ndata: \n\n",
    b": comment\n\n",
    b":\n\n",
    b": in a block\ndata: commented\n\n",
    b"id: 8\n: between\ndata: commented\n\n",
    b"data: commented\n: after\n\n",
    b": one\n: two\n\n: three\n: four\n: five\n",
    b"retry: 10\n\n",
    b"unknown: field\ndata: known\n\n",
    b"\n",
    b"event: token\n\n",
)

runs = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 40)), min_size=1, max_size=6)
mixtures = st.lists(st.sampled_from(KINDS), min_size=1, max_size=4).flatmap(
    lambda kinds: st.lists(st.sampled_from(kinds), min_size=10, max_size=80)
)
streams = st.lists(
    st.one_of(
        runs.map(lambda found: b"".join(kind * count for kind, count in found)),
        mixtures.map(b"".join),
    ),
    min_size=1,
    max_size=3,
).map(b"".join)


def read(stream: bytes, size: int, *, keep_lines: bool) -> tuple[object, ...]:
    parser = EventStreamParser(keep_lines=keep_lines)
    starts = enumerate(range(0, len(stream), size))
    reads = [(stream[start : start + size], float(number)) for number, start in starts]
    events = [event[:4] for data, at_s in reads for event in parser.receive(data, at_s)]
    return events, parser.retry_ms, parser.last_event_id


@given(stream=streams, size=st.integers(200, 6000), ending=st.sampled_from([b"\n", b"\r\n", b"\r"]))
@settings(max_examples=examples(60), deadline=None)
def test_streams_of_repeated_blocks_are_read_as_line_by_line(
    stream: bytes, size: int, ending: bytes
) -> None:
    stream = stream.replace(b"\n", ending)
    assert read(stream, size, keep_lines=False) == read(stream, size, keep_lines=True)

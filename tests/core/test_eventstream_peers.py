"""The parser against readers that others wrote. What they do otherwise is said, and left out."""

from __future__ import annotations

from itertools import accumulate, pairwise

from hypothesis import assume, example, given, settings
from sampling import examples
from streamchat_conformance.core.eventstream import Event, EventStreamParser

from .eventstream_peers import read_with_httpx_sse, read_with_sseclient
from .eventstream_standard import utf8_decode
from .eventstream_strategies import cut_streams

PROPERTY = settings(deadline=None, max_examples=examples(150))
BOM = b"\xef\xbb\xbf"


def read_with_ours(reads: list[bytes]) -> list[Event]:
    parser = EventStreamParser()
    return [event for read in reads for event in parser.receive(read)]


@given(cut=cut_streams())
@example(cut=(b"id: 1\n\ndata: a\r\r", [b"id: 1\n\ndata: a\r", b"\r"]))
@PROPERTY
def test_httpx_sse_reads_the_same_events(cut: tuple[bytes, list[bytes]]) -> None:
    """Types, data and ids agree with httpx-sse 0.4, but for two things that it does otherwise.

    It keeps a leading byte order mark, and so loses the first field: such streams are left out.
    It yields an event at every blank line behind a type, a retry, or any id so far, data or not.
    Those have empty data, as have events of an empty data field, which must be dispatched: from
    outside they cannot be distinguished, so events with empty data are left out on both sides.
    """
    stream, reads = cut
    assume(not stream.startswith(BOM))
    theirs = [event for event in read_with_httpx_sse(reads) if event[1] != ""]
    ours = [event[:3] for event in read_with_ours(reads) if event.data != ""]
    assert ours == theirs


@given(cut=cut_streams())
@example(cut=(b"data: a\n\nid: 7\ndata: b\n\n", [b"data: a\n", b"\nid: 7\ndata: b\n\n"]))
@PROPERTY
def test_sseclient_reads_the_same_events(cut: tuple[bytes, list[bytes]]) -> None:
    r"""Types and data agree with sseclient-py 1.9, and ids where it has them, with these limits.

    It keeps a leading byte order mark, and raises on bytes that are not UTF-8: such streams are
    left out. It ends an event at `\n\n`, `\r\r` or `\r\n\r\n` alone, so that with mixed line ends
    it joins blocks: all line ends are made LF, CR or CR LF, whichever comes first, before it
    reads. It dispatches an incomplete last block: blank lines are added. Its ids do not stick, and
    it accepts NUL in them: the id is compared where the block has one without NUL.
    """
    stream, reads = cut
    assume(not stream.startswith(BOM))
    assume("\ufffd" not in utf8_decode(stream))
    ending = _first_line_end(stream)
    stream = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", ending)
    stream += 3 * ending
    # The line ends are not as long as they were; the reads keep their number and proportion.
    places = [min(place, len(stream)) for place in accumulate(map(len, reads[:-1]))]
    places = [0, *places, len(stream)]
    reads = [stream[start:end] for start, end in pairwise(places)]
    ours = read_with_ours(reads)
    theirs = read_with_sseclient(reads)
    assert [event[:2] for event in ours] == [event[:2] for event in theirs]
    for event, (_, _, own_id) in zip(ours, theirs, strict=True):
        if own_id is not None and "\0" not in own_id:
            assert event.last_event_id == own_id


def _first_line_end(stream: bytes) -> bytes:
    line_ends = [line[len(line.rstrip(b"\r\n")) :] for line in stream.splitlines(keepends=True)]
    return next((line_end for line_end in line_ends if line_end), b"\n")

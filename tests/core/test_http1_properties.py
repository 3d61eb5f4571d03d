"""The response reader against h11, under any split of the bytes, and against garbage."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sampling import examples
from streamchat_conformance.core.deviation import RULES
from streamchat_conformance.core.http1 import FieldLine, Framing, ResponseReader

if TYPE_CHECKING:
    from collections.abc import Iterable

PROPERTY = settings(deadline=None, max_examples=examples(150))


# Strategies: well-formed responses.

token_characters = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz"
tokens = st.text(token_characters, min_size=1, max_size=12).map(str.encode)
visible = "!\"#%'(),/:;<=>?@[\\]{}~AZaz09\x80\xe9\xff"
field_contents = st.text(visible + " \t", max_size=20).map(
    lambda text: text.strip().encode("latin-1")
)
white_spaces = st.sampled_from([b"", b" ", b"\t", b" \t "])
FRAMING_NAMES = {b"content-length", b"transfer-encoding", b"connection", b"upgrade"}


@st.composite
def field_lines(draw: st.DrawFn) -> bytes:
    name = draw(tokens.filter(lambda name: name.lower() not in FRAMING_NAMES))
    return b"%b:%b%b%b\r\n" % (name, draw(white_spaces), draw(field_contents), draw(white_spaces))


field_blocks = st.lists(field_lines(), max_size=4).map(b"".join)
reason_phrases = st.text(visible + " \t", max_size=12).map(lambda text: text.encode("latin-1"))


def any_case(text: bytes) -> st.SearchStrategy[bytes]:
    flips = st.lists(st.booleans(), min_size=len(text), max_size=len(text))
    return flips.map(
        lambda flip: bytes(
            byte ^ 0x20 if up and chr(byte).isalpha() else byte
            for byte, up in zip(text, flip, strict=True)
        )
    )


@st.composite
def interim_responses(draw: st.DrawFn) -> bytes:
    status = draw(st.sampled_from([100, 102, 103, 199]))
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, draw(reason_phrases), draw(field_blocks))


quoted_strings = st.lists(
    st.sampled_from([b"a", b";", b" ", b"\t", b"=", b"\xff", b'\\"', b"\\\\", b"\\a"]), max_size=5
).map(lambda parts: b'"%b"' % b"".join(parts))


@st.composite
def chunk_extensions(draw: st.DrawFn) -> bytes:
    value = draw(st.none() | tokens | quoted_strings)
    name = b";%b%b" % (draw(white_spaces), draw(tokens))
    blank = draw(white_spaces)
    return name if value is None else b"%b%b=%b%b" % (name, blank, blank, value)


@st.composite
def chunked_bodies(draw: st.DrawFn, before_extension: st.SearchStrategy[bytes]) -> bytes:
    parts = []
    for data in [*draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5)), b""]:
        size = draw(st.sampled_from([b"%x", b"%X", b"00%x"])) % len(data)
        for extension in draw(st.lists(chunk_extensions(), max_size=2)):
            size += draw(before_extension) + extension
        parts.append(size + b"\r\n")
        if data:
            parts.append(data + b"\r\n")
    return b"".join(parts) + draw(field_blocks) + b"\r\n"


@dataclass(frozen=True)
class Message:
    received: bytes
    framing: Framing
    method: str


@st.composite
def messages(draw: st.DrawFn, before_extension: st.SearchStrategy[bytes] = white_spaces) -> Message:
    """One response on the wire, with interim responses before it and other bytes after it."""
    framing = draw(st.sampled_from(Framing))
    method = "POST"
    status = draw(st.sampled_from([200, 201, 400, 404, 500, 599]))
    lines, body = [], b""
    if framing is Framing.CHUNKED:
        lines = [draw(any_case(b"transfer-encoding")) + b": " + draw(any_case(b"chunked"))]
        body = draw(chunked_bodies(before_extension))
    elif framing is Framing.LENGTH:
        body = draw(st.binary(max_size=60))
        lines = [draw(any_case(b"content-length")) + b":%d" % len(body)]
    elif framing is Framing.CLOSE:
        body = draw(st.binary(max_size=60))
    else:
        method, status = draw(st.sampled_from([("HEAD", 200), ("POST", 204), ("POST", 304)]))
    block = draw(field_blocks) + b"".join(line + b"\r\n" for line in lines) + draw(field_blocks)
    head = b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, draw(reason_phrases), block)
    before = b"".join(draw(st.lists(interim_responses(), max_size=3)))
    after = b"" if framing is Framing.CLOSE else draw(st.binary(max_size=20))
    return Message(before + head + body + after, framing, method)


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


cut_lists = st.lists(st.integers(0, 10_000), max_size=8)


# Readings that can be compared.


def read(pieces: list[bytes], method: str = "POST", *, close: bool = True) -> ResponseReader:
    reader = ResponseReader(request_method=method)
    for number, piece in enumerate(pieces):
        reader.receive(piece, float(number))
    if close:
        reader.close(float(len(pieces)))
    return reader


def outcome(reader: ResponseReader) -> dict[str, Any]:
    """All that must not depend on how the bytes were cut."""
    heads = [head for head in [*reader.interim, reader.head] if head is not None]
    return {
        "heads": [(h.version, h.status, h.reason, h.fields, h.offset, h.end_offset) for h in heads],
        "framing": reader.framing,
        "body": reader.body,
        "chunks": [(c.offset, c.size, c.extension, c.body_offset) for c in reader.chunks],
        "trailers": reader.trailers,
        "deviations": reader.deviations,
        "counts": reader.deviation_counts,
        "complete": reader.complete,
        "broken": reader.broken,
        "end": reader.end_offset,
        "places": [reader.wire_offset(place) for place in range(reader.body_bytes + 1)]
        if reader.head
        else [],
    }


PlainFields = list[tuple[bytes, bytes]]


@dataclass
class Witness:
    interim: list[tuple[int, bytes, PlainFields]]
    head: tuple[int, bytes, PlainFields] | None
    body: bytes
    trailers: PlainFields
    trailing: bytes


def read_with_h11(message: Message) -> Witness:
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=10**6)
    request = h11.Request(method=message.method, target="/", headers=[("Host", "x")])
    connection.send(request)
    connection.send(h11.EndOfMessage())
    connection.receive_data(message.received)
    witness = Witness([], None, b"", [], b"")
    if message.framing is Framing.CLOSE:
        connection.receive_data(b"")
    while True:
        event = connection.next_event()
        if isinstance(event, h11.InformationalResponse):
            witness.interim.append(plain_head(event))
        elif isinstance(event, h11.Response):
            witness.head = plain_head(event)
        elif isinstance(event, h11.Data):
            witness.body += event.data
        elif isinstance(event, h11.EndOfMessage):
            witness.trailers = [(name, value) for name, value in event.headers]
            break
        else:
            pytest.fail(f"h11 did not reach the end: {event}")
    witness.trailing = connection.trailing_data[0]
    return witness


def plain_head(event: h11.Response | h11.InformationalResponse) -> tuple[int, bytes, PlainFields]:
    fields = [(name.lower(), value) for name, value in event.headers]
    return event.status_code, bytes(event.reason), fields


def plain_fields(lines: Iterable[FieldLine]) -> PlainFields:
    fields = [(line.name.lower().encode(), line.value.encode("latin-1")) for line in lines]
    # h11 gives the names of transfer codings in lower case.
    return [
        (name, value.lower() if name == b"transfer-encoding" else value) for name, value in fields
    ]


# h11 refuses the white space that RFC 9112 §7.1.1 asks recipients to take before a semicolon.
@PROPERTY
@given(message=messages(before_extension=st.just(b"")), cuts=cut_lists)
def test_what_is_well_formed_reads_as_in_h11(message: Message, cuts: list[int]) -> None:
    reader = read(split(message.received, cuts), message.method)
    witness = read_with_h11(message)
    assert reader.deviations == []
    assert reader.complete
    assert reader.framing is message.framing
    assert reader.head is not None
    heads = [
        (head.status, head.reason, plain_fields(head.fields))
        for head in [*reader.interim, reader.head]
    ]
    assert heads == [*witness.interim, witness.head]
    assert reader.body == witness.body
    assert plain_fields(reader.trailers) == witness.trailers
    assert reader.end_offset is not None
    assert message.received[reader.end_offset :] == witness.trailing


@PROPERTY
@given(message=messages(), cuts=cut_lists)
def test_any_split_of_a_response_reads_the_same(message: Message, cuts: list[int]) -> None:
    whole = outcome(read([message.received], message.method))
    assert outcome(read(split(message.received, cuts), message.method)) == whole
    single = [message.received[i : i + 1] for i in range(len(message.received))]
    assert outcome(read(single, message.method)) == whole


@PROPERTY
@given(message=messages())
def test_each_body_byte_is_found_on_the_wire(message: Message) -> None:
    reader = read([message.received], message.method)
    for place, byte in enumerate(reader.body):
        assert message.received[reader.wire_offset(place)] == byte


# What is nearly well-formed, and what is not at all.

fragments = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.0 404 \n",
        b"HTTP/",
        b"Content-Length: 5\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip\r\n",
        b" folded\r\n",
        b"a : b\n",
        b": \x00\r\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"5\r\nhello\r\n",
        b'5;a="\xff\r\n',
        b"0\r\n",
        b"0\r\nContent-Length: 1\r\n",
        b"ffffffffffffffffffff\r\n",
        b"data: {}\n\n",
        b"\x1f\x8b\x00",
        b" ",
        b"x" * 70,
    ]
)
garbage = st.lists(fragments | st.binary(max_size=5), max_size=12).map(b"".join)


@st.composite
def damaged_messages(draw: st.DrawFn) -> bytes:
    received = draw(messages()).received
    place = draw(st.integers(0, len(received)))
    end = draw(st.integers(place, min(len(received), place + 4)))
    return received[:place] + draw(garbage) + received[end:]


@PROPERTY
@given(received=garbage | damaged_messages(), cuts=cut_lists)
@example(b"<" * 63 + b"\r\n", [64])
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\rx", [60])
def test_any_bytes_in_any_split_read_the_same_and_never_raise(
    received: bytes, cuts: list[int]
) -> None:
    whole = outcome(read([received]))
    assert outcome(read(split(received, cuts))) == whole
    assert outcome(read([received[i : i + 1] for i in range(len(received))])) == whole
    assert all(0 <= deviation.offset <= len(received) for deviation in whole["deviations"])
    assert all(deviation.area in RULES[deviation.code].areas for deviation in whole["deviations"])
    assert whole["broken"] == any(RULES[code].fatal for code in whole["counts"])


@PROPERTY
@given(received=garbage | damaged_messages())
def test_no_head_among_bytes_is_always_explained(received: bytes) -> None:
    reader = read([received])
    assert reader.head or reader.interim or reader.deviations or not received.strip(b"\r\n")


@PROPERTY
@given(received=garbage | damaged_messages(), more=st.binary(max_size=30))
def test_nothing_changes_once_a_response_is_complete_or_broken(
    received: bytes, more: bytes
) -> None:
    reader = read([received], close=False)
    before = outcome(reader)
    reader.receive(more, 9.0)
    if before["complete"] or before["broken"]:
        assert outcome(reader) == before


@PROPERTY
@given(message=messages(), limit=st.integers(0, 10_000))
def test_a_cut_response_is_not_complete_and_not_flagged(message: Message, limit: int) -> None:
    end = read([message.received], message.method).end_offset
    assert end is not None
    cut = message.received[: limit % end] if message.framing is not Framing.CLOSE else b""
    reader = read([cut], message.method, close=False)
    assert not reader.complete
    assert reader.deviations == []


def test_the_generated_responses_reach_every_framing_and_odd_form() -> None:
    seen: set[str] = set()

    @settings(PROPERTY, max_examples=200, database=None, derandomize=True)
    @given(messages())
    def look(message: Message) -> None:
        reader = read([message.received], message.method)
        seen.add(str(message.framing))
        seen.update({"interim"} if reader.interim else ())
        seen.update({"trailers"} if reader.trailers else ())
        seen.update({"quoted"} if any(b'"' in chunk.extension for chunk in reader.chunks) else ())
        seen.update({"surplus"} if (reader.end_offset or 0) < len(message.received) else ())
        seen.update({"empty-reason"} if re.search(rb"\d\d\d \r\n", message.received) else ())

    look()
    assert seen >= {*map(str, Framing), "interim", "trailers", "quoted", "surplus", "empty-reason"}

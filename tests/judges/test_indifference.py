"""What means nothing changes no verdict: other chunks, other cases of names, one field more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.core.exchange import Read
from streamchat_conformance.core.http1 import Framing, ResponseReader
from streamchat_fixtures.exchanges import ExchangeCase

from .corpus import CASES, broken, exchange_of, reading_of

PROPERTY = settings(deadline=None)
"""A busy machine is no failure."""
SHORT_BYTES = 8000
TORN = {"sse.comments", "payload.line-separators", "payload.no-injection"}
"""Where these are broken a blank line may stand in the middle of an event."""


def parts(case: ExchangeCase) -> tuple[bytes, bytes, bytes]:
    """Return a response's bytes up to its final head, that head, and what follows it."""
    head = reading_of(case).response.head
    if head is None:
        return b"", b"", case.received
    received = case.received
    return (
        received[: head.offset],
        received[head.offset : head.end_offset],
        received[head.end_offset :],
    )


def judged(case: ExchangeCase, received: bytes) -> set[str]:
    """Return what a case breaks when these bytes are received."""
    exchange = exchange_of(case)
    return broken(reading_of(case, replace(exchange, reads=(Read(0.0, received),))))


def is_plainly_chunked(response: ResponseReader) -> bool:
    """Return whether a response is chunked, whole, and nothing is odd about the chunks."""
    odd = [item for item in response.deviations if item.area != "fields"]
    return response.framing is Framing.CHUNKED and response.complete and not odd


UNTIMED = [case for case in CASES if not case.timed and len(case.received) < SHORT_BYTES]
WITH_HEAD = [case for case in UNTIMED if parts(case)[1]]
CHUNKED = [
    case
    for case in UNTIMED
    if is_plainly_chunked(reading_of(case).response)
    and reading_of(case).response.end_offset == len(case.received)
]


def cases(some: list[ExchangeCase]) -> st.SearchStrategy[ExchangeCase]:
    """Draw cases; shown by their names."""
    named = {case.name: case for case in some}
    return st.sampled_from(sorted(named)).map(named.__getitem__)


def test_many_cases_can_be_changed_so() -> None:
    assert len(CHUNKED) > 200
    assert len(WITH_HEAD) > 400


@PROPERTY
@given(cases(CHUNKED), st.data())
def test_how_a_body_is_cut_into_chunks_changes_nothing(
    case: ExchangeCase, data: st.DataObject
) -> None:
    interim, head, _ = parts(case)
    body = reading_of(case).response.body
    cuts = data.draw(st.sets(st.integers(0, len(body)), max_size=12))
    sizes = data.draw(st.sampled_from(["%x", "%X", "00%x", "%x;a=b"]))
    coded = b"".join(
        f"{sizes % (end - start)}\r\n".encode() + body[start:end] + b"\r\n"
        for start, end in pairwise(sorted({0, len(body), *cuts}))
    )
    assert judged(case, interim + head + coded + b"0\r\n\r\n") == set(case.breaks)


@PROPERTY
@given(cases(WITH_HEAD), st.sampled_from([str.lower, str.upper, str.swapcase]))
def test_the_case_of_field_names_changes_nothing(
    case: ExchangeCase, change: Callable[[str], str]
) -> None:
    interim, head, rest = parts(case)
    first, *lines = head.split(b"\r\n")
    changed = [first]
    for line in lines:
        name, colon, value = line.partition(b":")
        changed.append(change(name.decode("latin-1")).encode("latin-1") + colon + value)
    assert judged(case, interim + b"\r\n".join(changed) + rest) == set(case.breaks)


@PROPERTY
@given(
    cases(WITH_HEAD),
    st.sampled_from([b"X-Odd: 1\r\n", b'ETag: "x"\r\n', b"x:\r\n", b"Via: 1.1 a, 1.0 b\r\n"]),
)
def test_a_field_that_says_nothing_here_changes_nothing(case: ExchangeCase, field: bytes) -> None:
    interim, head, rest = parts(case)
    assert judged(case, interim + head[:-2] + field + head[-2:] + rest) == set(case.breaks)


@PROPERTY
@given(
    cases(WITH_HEAD),
    st.lists(
        st.sampled_from(
            [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 x\r\nLink: </a>\r\n\r\n"]
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_interim_responses_change_nothing(case: ExchangeCase, interim: list[bytes]) -> None:
    if case.received.startswith(b"\r\n"):
        return
    assert judged(case, b"".join(interim) + case.received) == set(case.breaks)


@PROPERTY
@given(cases(CHUNKED), st.data())
def test_comments_between_events_change_nothing(case: ExchangeCase, data: st.DataObject) -> None:
    interim, head, _ = parts(case)
    reading = reading_of(case)
    body = reading.response.body
    if reading.codings or reading.essence != "text/event-stream" or TORN & set(case.breaks):
        return
    places = [
        block.end_offset
        for block in reading.stream.blocks
        if block.complete and body[: block.end_offset].endswith(b"\n\n")
    ]
    if not places:
        return
    place = data.draw(st.sampled_from(places))
    comment = data.draw(st.sampled_from([b": ping\n\n", b":\n", b":data: {\n\n", b"\n"]))
    changed = body[:place] + comment + body[place:]
    coded = b"%x\r\n%s\r\n0\r\n\r\n" % (len(changed), changed)
    assert judged(case, interim + head + coded) == set(case.breaks)


STYLES: list[Callable[[object], str]] = [
    lambda value: json.dumps(value, separators=(",", ":")),
    lambda value: json.dumps(value, separators=(" ,\t", " : ")),
    lambda value: json.dumps(value, sort_keys=True, ensure_ascii=False),
    # There is no such letter in JSON outside of strings.
    lambda value: json.dumps(value).replace("o", "\\u006F"),
    lambda value: f" {json.dumps(value)} ".replace("/", "\\/"),
]


REWRITABLE = [
    case
    for case in CHUNKED
    if not case.breaks and not reading_of(case).codings
    # Python's own JSON makes something else of these.
    if not any(odd in case.received for odd in (b"1e400", b"\\ud83d"))
]


@PROPERTY
@given(cases(REWRITABLE), st.sampled_from(STYLES))
def test_how_json_is_written_changes_nothing(
    case: ExchangeCase, style: Callable[[object], str]
) -> None:
    interim, head, _ = parts(case)
    lines = reading_of(case).response.body.split(b"\n")
    body = b"\n".join(
        b"data: " + style(json.loads(line[5:])).encode() if line.startswith(b"data:") else line
        for line in lines
    )
    assert judged(case, interim + head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)) == set()

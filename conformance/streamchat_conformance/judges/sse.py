"""sse: the syntax of the event stream."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.eventstream import KNOWN_FIELDS, Block, Line, LineKind, is_utf8
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.halves import half_pairs, without_halves
from streamchat_conformance.judges.hazards import has_own_rows, has_separators, hazard_breach
from streamchat_conformance.judges.judge import Evidence, Verdict, judge, unless
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.splices import broken_lines, splices, without_splices

_BOM = b"\xef\xbb\xbf"


def _unfit(reading: Reading) -> bool:
    """Return whether the stream's syntax cannot be judged, or is judged as a hazard's breach."""
    # Whether dangerous text did it may show only in what was lost.
    lost = reading.lost and has_own_rows(reading)
    hazard = has_separators(reading) if lost else hazard_breach(reading)
    return not reading.judges_stream or bool(hazard)


def _line_nonconformity(reading: Reading, line: Line, message: str, expected: str) -> Nonconformity:
    return Nonconformity(message, expected, show(line.content), reading.wire(line))


def show(data: bytes, limit: int = 160) -> str:
    """Return bytes as a person reads them, cut to `limit`."""
    text = repr(data[:limit])[1:]
    return text + (f" … ({len(data)} bytes)" if len(data) > limit else "")


@judge(
    "sse.utf8",
    MUST,
    "The body is well-formed UTF-8, wherever chunks split it.",
    source="WHATWG HTML 9.2.5",
    evidence=Evidence.PART,
)
def utf8(reading: Reading) -> Verdict:
    if not reading.judges_stream or reading.coding_error is not None:
        return None
    # One cause, one red: half a surrogate pair is payload.whole-characters.
    halves = half_pairs(reading)
    body = without_halves(reading.stream.body, halves)
    try:
        # A stream that was left in mid-way may end inside a character.
        codecs.getincrementaldecoder("utf-8")().decode(body, final=reading.ended_well)
    except UnicodeDecodeError as error:
        if not halves and is_utf8(without_splices(reading), whole=True):
            return None  # sse.comments
        if reading.lost and body[error.end : error.end + 1] in (b"\n", b"\r"):
            return None  # a comment may stand there, and what follows it is not known
        context = body[max(0, error.start - 24) : error.start + 24]
        return [
            Nonconformity(
                f"bytes {body[error.start : error.start + 4]!r} are no UTF-8 ({error.reason})",
                "UTF-8",
                show(context),
                None if reading.codings else reading.response.wire_offset(error.start),
            )
        ]
    return None if halves else []


@judge(
    "sse.bom",
    SHOULD,
    "There is no byte order mark at the start.",
    source="WHATWG HTML 9.2.5 (legal, and dropped); several clients lose the first event",
    evidence=Evidence.PART,
)
def bom(reading: Reading) -> Verdict:
    if not reading.judges_stream:
        return None
    if not reading.stream.bom:
        return []
    message = "several clients lose the first event after a byte order mark"
    return [Nonconformity(message, "data: …", show(reading.body[:24]))]


@judge(
    "sse.bom-inside",
    MUST,
    "No byte order mark stands at the start of any other line.",
    source="WHATWG HTML 9.2.5",
    evidence=Evidence.PART,
)
@unless(_unfit)
def bom_inside(reading: Reading) -> Verdict:
    # One leading mark of the whole stream is dropped; any other is part of the field name,
    # which no client knows then.
    return [
        _line_nonconformity(
            reading,
            line,
            "the mark becomes part of the field name, so the line is lost",
            "a line that begins with its field name",
        )
        for line in reading.stream.lines
        if line.content.startswith(_BOM)
    ]


def _judged_lines(reading: Reading) -> Iterator[Line]:
    """Yield the lines whose syntax counts: whole ones, and the last if the body ended well."""
    for line in reading.stream.lines:
        if line.kind is LineKind.INCOMPLETE and not reading.ended_well:
            continue
        yield line


@judge(
    "sse.fields",
    MUST,
    "Every line is blank, a comment, or a field named data, event, id or retry.",
    source="WHATWG HTML 9.2.6; ggml-org/llama.cpp#16109, lemonade-sdk/lemonade#2826, "
    "Atomic-Germ/OpenFlowLM-Next#64, valon-technologies/gestalt#1749",
)
@unless(_unfit)
def fields(reading: Reading) -> Verdict:
    spliced = {line.offset for pair in splices(reading) for line in pair}
    rests = {line.offset for lines in broken_lines(reading) for line in lines[1:]}
    return [
        _line_nonconformity(
            reading,
            line,
            "a line end stands inside the JSON of a data line: this rest of it is lost"
            if line.offset in rests
            else "clients ignore a field with any other name, and what it says is lost",
            "data:, event:, id:, retry: or a comment",
        )
        for line in _judged_lines(reading)
        if _is_unknown_field(line) and line.offset not in spliced
    ]


def _is_unknown_field(line: Line) -> bool:
    if line.kind not in (LineKind.FIELD, LineKind.INCOMPLETE) or not line.content:
        return False
    if line.content.startswith((b":", _BOM)):
        return False
    name = line.content.partition(b":")[0]
    return name not in (b"data", b"event", b"id", b"retry")


@judge(
    "sse.data",
    MUST,
    "Every block that names an event has data.",
    source="WHATWG HTML 9.2.6 (an event without data is not dispatched)",
    evidence=Evidence.PART,
)
@unless(_unfit)
def data(reading: Reading) -> Verdict:
    return [
        _block_nonconformity(
            reading,
            block,
            "the standard drops an event that has no data line",
            "a data: line in the same block",
        )
        for block in reading.stream.blocks
        if block.complete and block.dataless_name not in (None, *reading.dialect.dataless_events)
    ]


def _block_nonconformity(
    reading: Reading, block: Block, message: str, expected: str
) -> Nonconformity:
    received = b"\n".join(line.content for line in block.lines)
    return Nonconformity(message, expected, show(received), reading.wire(block))


@judge(
    "sse.final-blank-line",
    MUST,
    "A stream that ends, ends with a complete block.",
    source="WHATWG HTML 9.2.6 (an incomplete last event is discarded); openai/openai-node#2725",
)
def final_blank_line(reading: Reading) -> Verdict:
    if _unfit(reading) or not reading.ended_well or reading.intruder_offset is not None:
        return None
    blocks = reading.stream.blocks
    if not blocks or blocks[-1].complete:
        return []
    tail = blocks[-1]
    # A comment after the last event loses nothing, and lines of unknown fields are
    # sse.fields; an event without its blank line is never dispatched.
    losing = any(
        line.content.partition(b":")[0].decode("latin-1") in KNOWN_FIELDS for line in tail.lines
    )
    if not losing:
        return []
    return [
        _block_nonconformity(
            reading,
            tail,
            "clients discard a last event that no blank line follows",
            "a blank line after the last event",
        )
    ]


@judge(
    "sse.line-endings",
    SHOULD,
    "Lines end with LF throughout.",
    source="practice (line-reading clients); hey-api/hey-api#3054, Soju06/codex-lb#1011",
    evidence=Evidence.PART,
)
@unless(_unfit)
def line_endings(reading: Reading) -> Verdict:
    odd = [line for line in reading.stream.lines if line.ending not in (b"\n", b"")]
    return [
        Nonconformity(
            "legal, but clients that split at LF keep a CR or miss the end of the event",
            "LF",
            show(line.content + line.ending),
            reading.wire(line),
        )
        for line in odd[:1]
    ]


@judge(
    "sse.retry",
    MUST,
    "retry has ASCII digits only.",
    source="WHATWG HTML 9.2.6",
    evidence=Evidence.PART,
)
@unless(_unfit)
def retry(reading: Reading) -> Verdict:
    return [
        _line_nonconformity(
            reading,
            line,
            "clients ignore a reconnection time that is not a number of milliseconds",
            "retry: and ASCII digits",
        )
        for line in reading.stream.lines
        if line.name == "retry"
        and line.kind is LineKind.FIELD
        and not re.fullmatch(rb"[0-9]+", line.value)
    ]


@judge("sse.id", MUST, "id has no NUL.", source="WHATWG HTML 9.2.6", evidence=Evidence.PART)
@unless(_unfit)
def event_id(reading: Reading) -> Verdict:
    return [
        _line_nonconformity(
            reading, line, "clients ignore an id with a NUL in it", "an id without NUL"
        )
        for line in reading.stream.lines
        if line.name == "id" and b"\0" in line.value
    ]


@judge(
    "sse.event-type",
    SHOULD,
    "Content events have no event name other than message.",
    source="article (its client reads data lines only); sysid/sse-starlette#16",
    evidence=Evidence.PART,
)
@unless(_unfit)
def event_type(reading: Reading) -> Verdict:
    return [
        _block_nonconformity(
            reading,
            block,
            "a client that listens for messages never sees it; one that reads lines takes it "
            "for content",
            "no event: line, or event: message",
        )
        for block in reading.events
        if block.event is not None
        and block.event.type not in ("message", "error")
        and block.event.data.strip("\n")
    ]


@judge(
    "sse.one-line",
    SHOULD,
    "Each JSON document is on one data line.",
    source="article (its client parses line by line)",
    evidence=Evidence.PART,
)
@unless(_unfit)
def one_line(reading: Reading) -> Verdict:
    # Lines that are no JSON together are payload.json.
    documents = {block.index for block, payload in reading.payloads if payload.error is None}
    return [
        _block_nonconformity(
            reading,
            block,
            "legal, but a client that parses each data line by itself fails",
            "one data: line for each event",
        )
        for block in reading.events
        if block.index in documents and sum(line.name == "data" for line in block.lines) > 1
    ][:1]


@judge(
    "sse.no-empty-events",
    SHOULD,
    "No event has empty data.",
    source="practice; theopenco/llmgateway#2334",
    evidence=Evidence.PART,
)
@unless(_unfit)
def no_empty_events(reading: Reading) -> Verdict:
    return [
        _block_nonconformity(
            reading,
            block,
            "clients hand an empty text to their JSON reader; a comment keeps alive silently",
            "a comment (a line that begins with a colon), or data",
        )
        for block in reading.events
        if block.event is not None
        and not block.event.data.strip("\n")
        and block.event.type not in reading.dialect.plain_events
    ]


@judge(
    "sse.comments",
    MUST,
    "A keep-alive comment stands between lines, never inside a data line.",
    source="maximhq/bifrost#5905, LionSR/TeXRA#2771",
)
@unless(_unfit)
def comments(reading: Reading) -> Verdict:
    return [
        Nonconformity(
            "a comment was written into the middle of a data line, which breaks its JSON",
            "the comment on a line of its own, between events",
            show(pair[0].content),
            reading.wire(pair[0]),
        )
        for pair in splices(reading)
    ]

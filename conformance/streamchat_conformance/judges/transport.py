"""transport: the stream as an HTTP message on the wire."""

from __future__ import annotations

from collections.abc import Iterator

from streamchat_conformance.catalogue import FINITE, MAY, MUST, SERVER, SHOULD
from streamchat_conformance.core.deviation import Deviation
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.http1 import Framing
from streamchat_conformance.judges.chunk_sizes import miscounted
from streamchat_conformance.judges.error import reports_error
from streamchat_conformance.judges.hazards import hazard_breach, intrudes
from streamchat_conformance.judges.head import stream_head
from streamchat_conformance.judges.injection import injects
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.reading import Reading

_OTHER_ROWS = frozenset(
    {
        # Said by headers.no-content-length and headers.singletons.
        "length-with-transfer-encoding",
        "content-length-repeated",
        "content-length-differs",
    }
)


def _place(reading: Reading, deviation: Deviation) -> str:
    return repr(reading.exchange.received[deviation.offset : deviation.offset + 48])


@judge(
    "transport.version",
    MUST,
    "An HTTP/1.1 request is answered with HTTP/1.1.",
    source="RFC 9110 section 6.2; pallets/werkzeug#2090",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def version(reading: Reading) -> Verdict:
    head = reading.head
    if head is None or reading.asked.expectation is Expectation.UNJUDGED:
        return None
    if head.version == "HTTP/1.1":
        return []
    return [
        Nonconformity(
            "without HTTP/1.1 there are no chunks and no reuse, and a cut stream looks complete",
            "HTTP/1.1",
            head.version,
            head.offset,
        )
    ]


@judge(
    "transport.delimited",
    MUST,
    "The stream's body delimits itself: chunked, or a Content-Length that is right; "
    "never by close.",
    source="RFC 9112 section 6.3; pallets/werkzeug#2090, Oaklight/zerodep#100",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def delimited(reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None or head.status != 200 or reading.essence != "text/event-stream":
        return None
    # One cause, one red: HTTP/1.0 has no better way to end a body; see transport.version.
    if head.version != "HTTP/1.1":
        return None
    response = reading.response
    findings = [
        Nonconformity(
            deviation.message,
            "Transfer-Encoding: chunked",
            _place(reading, deviation),
            deviation.offset,
        )
        for deviation in response.deviations
        if deviation.area == "framing"
        and deviation.code not in _OTHER_ROWS
        and not (deviation.code == "chunked-twice" and len(head.values("transfer-encoding")) > 1)
    ]
    if findings:
        return findings
    if response.framing is Framing.CLOSE:
        # RFC 9112 section 6.3 case 8: such a body ends with the connection, so a crash in
        # mid-stream cannot be distinguished from the end.
        return [
            Nonconformity(
                "the body ends with the connection: a cut stream looks like a whole one",
                "Transfer-Encoding: chunked",
                "neither Transfer-Encoding nor Content-Length",
                head.offset,
            )
        ]
    if response.framing is Framing.LENGTH and not response.complete and reading.unrecorded:
        return None
    if response.framing is Framing.LENGTH and reading.closed and not response.complete:
        return [
            Nonconformity(
                "the connection ended before the bytes that Content-Length announced",
                f"{head.first('content-length')} bytes",
                f"{len(reading.body)} bytes, then the end of the connection",
                head.offset,
            )
        ]
    return []


@judge(
    "transport.chunked",
    SHOULD,
    "The stream is chunked.",
    source="RFC 9112 section 7.1",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def chunked(reading: Reading) -> Verdict:
    head = stream_head(reading)
    # One cause, one red: a body without any framing is transport.delimited.
    if head is None or reading.response.framing not in (Framing.CHUNKED, Framing.LENGTH):
        return None
    if reading.response.framing is Framing.CHUNKED:
        return []
    if reports_error(reading):
        return None  # a refusal in the form of a stream: error.not-streamed
    return [
        Nonconformity(
            "a length known beforehand means that the answer was made before it was sent",
            "Transfer-Encoding: chunked",
            f"Content-Length: {head.first('content-length')}",
            head.offset,
        )
    ]


@judge(
    "transport.chunks-well-formed",
    MUST,
    "If the stream is chunked, each chunk is well-formed.",
    source="RFC 9112 section 7.1; lm-sys/FastChat#3283",
    layer=SERVER,
    evidence=Evidence.PART,
)
def chunks_well_formed(reading: Reading) -> Verdict:
    if stream_head(reading) is None or not reading.chunked or injects(reading):
        return None
    return [
        Nonconformity(
            miscounted(reading.exchange.received, deviation.offset) or deviation.message,
            "SIZE in hexadecimal, CRLF, SIZE bytes, CRLF",
            _place(reading, deviation),
            deviation.offset,
        )
        for deviation in reading.response.deviations
        if deviation.area in ("chunks", "trailers")
    ]


@judge(
    "transport.terminated",
    MUST,
    "A stream that ends, ends with the whole last chunk, and with its content coding's own end.",
    source="RFC 9112 sections 7.1 and 8; npuichigo/openai_trtllm#31, open-webui/open-webui#29628",
    needs=FINITE,
    evidence=Evidence.PART,
)
def terminated(reading: Reading) -> Verdict:
    response = reading.response
    if not reading.judges_stream or response.broken:
        return None
    if not reading.chunked and not (reading.codings and response.complete):
        return None
    if response.complete:
        return list(_loose_ends(reading))
    received = reading.exchange.received
    if reading.ended:
        problem = "the connection ended in mid-stream: clients report an incomplete read"
        how = f"the end of the connection ({reading.exchange.ending})"
    elif reading.stopped_in_last_chunk:
        problem = "the last chunk is never finished: clients wait for the end of the stream"
        how = "nothing more on an open connection"
    else:
        return None
    return [
        Nonconformity(
            problem,
            "a chunk of size 0 and an empty line before the end",
            f"{how} after {received[-48:]!r}",
            len(received),
            timed=not reading.ended,
        )
    ]


def _loose_ends(reading: Reading) -> Iterator[Nonconformity]:
    """Yield what is wrong at the end of a message that ended by its framing."""
    end = reading.response.end_offset
    if reading.chunked and reading.surplus:
        yield Nonconformity(
            "bytes follow the last chunk; the next response on the connection begins with them",
            "nothing, or the next response",
            repr(reading.surplus[:60]),
            end,
        )
    elif reading.coding_cut and not reading.lost:
        yield Nonconformity(
            f"the message ended before its content coding ({', '.join(reading.codings)}) did: "
            "what the coder still held is lost",
            "the coding's own end before the end of the message",
            f"a coded body that ends with {reading.coded_reads[-1].data[-48:]!r}",
            end,
        )


@judge(
    "transport.body-only",
    MUST,
    "No status line and no HTML error page stands inside the body.",
    source="benoitc/gunicorn#3410",
    layer=SERVER,
    evidence=Evidence.PART,
)
def body_only(reading: Reading) -> Verdict:
    if stream_head(reading) is None or reading.essence != "text/event-stream":
        return None
    # Text of the request that became a line is payload.no-injection.
    if intrudes(reading) and hazard_breach(reading):
        return None
    at = reading.intruder_offset
    if at is None:
        return []
    return [
        Nonconformity(
            "a second answer was written into the stream",
            "event-stream lines only",
            repr(reading.body[at : at + 80]),
            None if reading.codings else reading.response.wire_offset(at),
        )
    ]


@judge(
    "transport.http10",
    SHOULD,
    "An HTTP/1.0 request is never answered with Transfer-Encoding.",
    source="RFC 9112 section 6.1; docs/servers.md (Werkzeug)",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def http10(reading: Reading) -> Verdict:
    sent = reading.asked.sent
    if sent is None or sent.version != "HTTP/1.0" or reading.head is None:
        return None
    # RFC 9112 section 6.1: no Transfer-Encoding in a response unless the request said
    # HTTP/1.1 or later.
    coding = reading.head.values("transfer-encoding")
    if not coding:
        return []
    return [
        Nonconformity(
            "an HTTP/1.0 client takes the chunk sizes for content",
            "no Transfer-Encoding",
            f"Transfer-Encoding: {', '.join(coding)}",
            reading.head.offset,
        )
    ]


@judge(
    "transport.interim",
    MAY,
    "Interim responses are ones that any client can pass over: no 101, and no body.",
    source="RFC 9110 section 15.2",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def interim(reading: Reading) -> Verdict:
    if reading.head is None or reading.switched_as_offered:
        return None
    wrong = [head for head in (*reading.response.interim, reading.head) if head.status == 101]
    return [
        Nonconformity(
            "the server switched protocols without being asked",
            "100, 102 or 103 at most",
            f"{head.version} {head.status}",
            head.offset,
        )
        for head in wrong
    ]

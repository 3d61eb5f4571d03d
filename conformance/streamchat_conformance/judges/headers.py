"""headers: the response head of the stream."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamchat_conformance.catalogue import MAY, MUST, SERVER, SHOULD
from streamchat_conformance.core.coding import DECODABLE, REGISTERED
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.fields import directives, is_http_date, split_list
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.http1 import ResponseHead
from streamchat_conformance.judges.head import of_stream_head, show_field, stream_head
from streamchat_conformance.judges.injection import SINGLETONS, injects
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.reading import Reading


@judge(
    "headers.status", MUST, "A stream's status is 200.", source="article", evidence=Evidence.KEPT
)
@of_stream_head
def status(head: ResponseHead) -> Verdict:
    if head.status == 200:
        return []
    return [
        Nonconformity(
            "the valid request was accepted with another status than 200",
            "HTTP/1.1 200",
            f"{head.version} {head.status}",
            head.offset,
        )
    ]


@judge(
    "headers.media-type",
    MUST,
    "The media type is text/event-stream, in any case, parameters allowed.",
    source="article; WHATWG HTML 9.2.5; ollama/ollama#8991, microsoft/foundry-dev-tools#195, "
    "enricoros/big-AGI#147, Azure/fetch-event-source#1",
    evidence=Evidence.KEPT,
)
def media_type(reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None or head.status != 200:
        return None
    # Content-Type is no list, but some writer or proxy joins two of them with a comma.
    joined = [*split_list(head.first("content-type") or "")][1:]
    if reading.essence == "text/event-stream" and not joined:
        return []
    return [
        Nonconformity(
            "event-stream clients give up on any other media type",
            "Content-Type: text/event-stream",
            show_field(head, "Content-Type"),
            head.offset,
        )
    ]


@judge(
    "headers.charset",
    MUST,
    "A charset parameter, if there is one, is utf-8.",
    source="WHATWG HTML 9.2.5 (event streams are always UTF-8); "
    "jetty-project/jetty-eventsource-servlet#6",
    evidence=Evidence.KEPT,
)
def charset(reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None or reading.essence != "text/event-stream" or reading.media_type is None:
        return None
    value = reading.media_type.parameters.get("charset")
    if value is None or value.lower() in ("utf-8", "utf8"):
        return []
    return [
        Nonconformity(
            "an event stream is UTF-8; another label misleads clients that obey it",
            "charset=utf-8, or no charset",
            show_field(head, "Content-Type"),
            head.offset,
        )
    ]


def _cache_control(reading: Reading) -> dict[str, str | None] | None:
    head = stream_head(reading)
    return None if head is None else directives(head.values("cache-control"))


def _cache_nonconformity(reading: Reading, message: str, expected: str) -> Nonconformity:
    head = reading.head
    assert head is not None
    return Nonconformity(message, expected, show_field(head, "Cache-Control"), head.offset)


@judge(
    "headers.cache-control",
    MUST,
    "Cache-Control has no-cache or no-store among its directives.",
    source="article; RFC 9111 section 5.2.2",
    evidence=Evidence.KEPT,
)
def cache_control(reading: Reading) -> Verdict:
    found = _cache_control(reading)
    if found is None:
        return None
    if "no-cache" in found or "no-store" in found:
        return []
    message = "a cache may keep this answer and give it to somebody else"
    return [_cache_nonconformity(reading, message, "Cache-Control: no-cache")]


@judge(
    "headers.no-cache",
    SHOULD,
    "Cache-Control has no-cache itself.",
    source="article; docs/servers.md (sse-starlette)",
    evidence=Evidence.KEPT,
)
def no_cache(reading: Reading) -> Verdict:
    found = _cache_control(reading)
    # One cause, one red: with neither directive, headers.cache-control says so.
    if found is None or not {"no-cache", "no-store"} & set(found):
        return None
    if "no-cache" in found:
        return []
    message = "the article's wording is no-cache; no-store alone is legal but not that"
    return [_cache_nonconformity(reading, message, "Cache-Control: no-cache")]


@judge(
    "headers.no-transform",
    MAY,
    "Cache-Control has no-transform, so that proxies do not compress and delay the stream.",
    source="modelcontextprotocol/typescript-sdk#231",
    evidence=Evidence.KEPT,
)
def no_transform(reading: Reading) -> Verdict:
    found = _cache_control(reading)
    if found is None:
        return None
    if "no-transform" in found:
        return []
    message = "proxies that compress may hold events back"
    expected = "Cache-Control: no-cache, no-transform"
    return [_cache_nonconformity(reading, message, expected)]


@judge(
    "headers.accel-buffering",
    MAY,
    "X-Accel-Buffering: no is present, so that nginx does not buffer the stream.",
    source="ggml-org/llama.cpp#24774",
    evidence=Evidence.KEPT,
)
@of_stream_head
def accel_buffering(head: ResponseHead) -> Verdict:
    if head.values("x-accel-buffering"):
        return []
    return [
        Nonconformity(
            "behind nginx with its defaults the events would all arrive at the end",
            "X-Accel-Buffering: no",
            "no X-Accel-Buffering field",
            head.offset,
        )
    ]


@judge(
    "headers.accel-buffering-value",
    SHOULD,
    "If X-Accel-Buffering is present, its value is exactly no.",
    source="licson/libSSE-php#19",
    evidence=Evidence.KEPT,
)
@of_stream_head
def accel_buffering_value(head: ResponseHead) -> Verdict:
    values = head.values("x-accel-buffering")
    if all(value == "no" for value in values):
        return []
    return [
        Nonconformity(
            "nginx knows yes and no only, in lower case; anything else has no effect",
            "X-Accel-Buffering: no",
            show_field(head, "X-Accel-Buffering"),
            head.offset,
        )
    ]


@judge(
    "headers.singletons",
    MUST,
    "Content-Type, Transfer-Encoding, Content-Length and Date occur at most once.",
    source="RFC 9110 section 5.3; tallarium/reverse_proxy_plug#187",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
@of_stream_head
def singletons(head: ResponseHead) -> Verdict:
    return [
        Nonconformity(
            f"{name} occurs {len(head.values(name))} times; recipients pick different ones",
            f"one {name} field at most",
            show_field(head, name),
            head.offset,
        )
        for name in SINGLETONS
        if len(head.values(name)) > 1
    ]


@judge(
    "headers.no-content-length",
    MUST,
    "No Content-Length comes with Transfer-Encoding, and none cuts the stream.",
    source="RFC 9112 section 6.2; timoklimmer/powerproxy-aoai#53, "
    "kubernetes-sigs/gateway-api-inference-extension#2994",
    evidence=Evidence.PART,
)
def no_content_length(reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None:
        return None
    return list(_content_length_nonconformities(reading, head))


def _content_length_nonconformities(
    reading: Reading, head: ResponseHead
) -> Iterator[Nonconformity]:
    lengths = head.values("content-length")
    # RFC 9112 section 6.2: a sender must not put Content-Length into a message that has
    # Transfer-Encoding.
    if lengths and head.values("transfer-encoding"):
        yield Nonconformity(
            "both framings in one message: recipients disagree where it ends",
            "Transfer-Encoding: chunked alone",
            f"{show_field(head, 'Content-Length')} and {show_field(head, 'Transfer-Encoding')}",
            head.offset,
        )
        return
    surplus = reading.surplus
    if lengths and surplus and reading.response.complete:
        yield Nonconformity(
            "the stream goes on after the number of bytes that Content-Length announced",
            "no Content-Length, or one that counts the whole stream",
            f"{show_field(head, 'Content-Length')}, and then {surplus[:60]!r}",
            reading.response.end_offset,
        )
    elif reading.torn_by_length:
        yield Nonconformity(
            "the number of bytes that Content-Length announced ends inside a line: it counts less "
            "than the stream has (characters, it may be, and not bytes), and the rest is lost",
            "no Content-Length, or one that counts the bytes of the whole stream",
            f"{show_field(head, 'Content-Length')}, and the body ends with "
            f"{reading.torn_by_length[-60:]!r}",
            reading.response.end_offset,
        )


@judge(
    "headers.date",
    SHOULD,
    "Date is present and valid.",
    source="RFC 9110 section 6.6.1",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
@of_stream_head
def date(head: ResponseHead) -> Verdict:
    values = head.values("date")
    if values and all(is_http_date(value) for value in values):
        return []
    return [
        Nonconformity(
            "a server with a clock sends Date in the standard's fixed form",
            "Date: Sun, 06 Nov 1994 08:49:37 GMT (the time of the response)",
            show_field(head, "Date"),
            head.offset,
        )
    ]


@judge(
    "headers.identity-encoding",
    MUST,
    "Content-Encoding names only codings that are registered, that the request allows, "
    "and that the body has.",
    source="RFC 9110 sections 8.4.1 and 12.5.3",
    evidence=Evidence.KEPT,
)
def identity_encoding(reading: Reading) -> Verdict:
    head = stream_head(reading)
    sent = reading.asked.sent
    if head is None or sent is None:
        return None
    accepted = sent.values("accept-encoding")
    if not accepted and not reading.labels:
        return None
    problem = _coding_problem(reading)
    if not problem and accepted:
        unwanted = [coding for coding in reading.labels if not _acceptable(coding, accepted)]
        if unwanted:
            problem = f"the request ruled {', '.join(unwanted)} out"
    if not problem:
        # A label is sound where what it labels was read.
        return None if reading.labels and reading.lost else []
    expected = "no Content-Encoding"
    if accepted:
        expected += f" for Accept-Encoding: {', '.join(accepted)}"
    received = show_field(head, "Content-Encoding")
    return [Nonconformity(problem, expected, received, head.offset)]


def _coding_problem(reading: Reading) -> str:
    """Return what is wrong with the body's content codings, whatever the request allows."""
    unknown = [coding for coding in reading.labels if coding not in REGISTERED]
    if unknown:
        return f"no content coding is registered as {', '.join(unknown)}"
    if reading.labels and not reading.codings:
        return "the body is plain text; a client that undoes the coding fails"
    if reading.coding_error is not None and set(reading.codings) <= DECODABLE:
        return f"the body is not in that coding: {reading.coding_error}"
    return ""


def _acceptable(coding: str, accepted: list[str]) -> bool:
    """Return whether Accept-Encoding allows a coding (RFC 9110 section 12.5.3)."""
    weights: dict[str, bool] = {}
    for item in ",".join(accepted).lower().split(","):
        name, _, parameters = item.strip().partition(";")
        weight = re.search(r"q\s*=\s*([0-9]+(?:\.[0-9]*)?)", parameters)
        weights[name.strip()] = weight is None or float(weight[1]) > 0
    alias = {"x-gzip": "gzip", "gzip": "x-gzip"}.get(coding, coding)
    for name in (coding, alias, "*"):
        if name in weights:
            return weights[name]
    return False


@judge(
    "headers.well-formed",
    MUST,
    "Status line and field lines parse strictly.",
    source="RFC 9112 sections 2.2, 4 and 5",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def well_formed(reading: Reading) -> Verdict:
    if reading.asked.expectation is Expectation.UNJUDGED or not reading.exchange.reads:
        return None
    # One cause, one red: what text of the request does to a head is headers.no-injection.
    if injects(reading):
        return None
    return [
        Nonconformity(
            deviation.message,
            "a status line and field lines as RFC 9112 writes them, each ended by CRLF",
            repr(reading.exchange.received[deviation.offset : deviation.offset + 60]),
            deviation.offset,
        )
        for deviation in reading.response.deviations
        if deviation.area in ("status-line", "fields")
    ]

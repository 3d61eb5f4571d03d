"""headers.connection-*: what the stream's Connection field says."""

from __future__ import annotations

from streamchat_conformance.catalogue import MAY, MUST, SERVER
from streamchat_conformance.core.fields import tokens
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.http1 import ResponseHead
from streamchat_conformance.judges.head import of_stream_head, show_field, stream_head
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.reading import Reading


@judge(
    "headers.connection-consistent",
    MUST,
    "The Connection options do not contradict each other.",
    source="RFC 9110 section 7.6.1; pallets/werkzeug#2759",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
@of_stream_head
def connection_consistent(head: ResponseHead) -> Verdict:
    options = set(tokens(head.values("connection")))
    # RFC 9112 section 9.3: a recipient that sees close ends the connection, whatever else is
    # said; a sender that says both cannot mean both.
    if not {"keep-alive", "close"} <= options:
        return []
    return [
        Nonconformity(
            "clients disagree about a response that says both keep-alive and close",
            "Connection: keep-alive",
            show_field(head, "Connection"),
            head.offset,
        )
    ]


def _asked_to_close(reading: Reading) -> bool:
    sent = reading.asked.sent
    return sent is not None and "close" in tokens(sent.values("connection"))


@judge(
    "headers.connection-persistent",
    MUST,
    "On HTTP/1.1 the response does not say close to a client that did not.",
    source="article; RFC 9112 section 9.3",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def connection_persistent(reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None or head.version != "HTTP/1.1" or _asked_to_close(reading):
        return None
    if "close" not in tokens(head.values("connection")):
        return []
    # A connection that has served may be given up at any time by saying so (RFC 9112 section
    # 9.6): many servers do after a number of requests. One that says it at once never persists.
    if reading.exchange.position:
        return None
    return [
        Nonconformity(
            "a client has to connect again for each request; this response announces its end",
            "Connection: keep-alive, or no Connection field",
            show_field(head, "Connection"),
            head.offset,
        )
    ]


@judge(
    "headers.connection-keep-alive",
    MAY,
    "Connection: keep-alive is explicit on HTTP/1.1.",
    source="article",
    layer=SERVER,
    evidence=Evidence.KEPT,
)
def connection_keep_alive(reading: Reading) -> Verdict:
    head = stream_head(reading)
    if head is None or head.version != "HTTP/1.1" or _asked_to_close(reading):
        return None
    options = tokens(head.values("connection"))
    if "close" in options:
        return None
    if "keep-alive" in options:
        return []
    return [
        Nonconformity(
            "the article's response says it; HTTP/1.1 does not need it",
            "Connection: keep-alive",
            show_field(head, "Connection"),
            head.offset,
        )
    ]

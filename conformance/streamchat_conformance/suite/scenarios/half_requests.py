"""Clients that send half a request and keep the connection: half a head, or half a body.

A server whose threads each wait for such a client is stopped by as many clients as it has
threads. So there are more of them than pools of threads usually have, of each kind: what reads
heads need not be what reads bodies, nor what reads bodies with a length what reads chunked ones.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

if TYPE_CHECKING:
    from streamchat_conformance.recorder import Connection
    from streamchat_conformance.suite.target.target import Target

HALF_REQUESTS = 64
"""How many clients of a kind send half a request."""

HEADS, BODIES, CHUNKED_BODIES = KINDS = ("half a head", "half a body", "half a chunked body")


def chunked_chat(target: Target) -> HttpRequest:
    """Return the plain request with its body in chunks."""
    body = target.plain().body()
    coded = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return HttpRequest(body=coded, framing=CHUNKED)


def halves_of(target: Target, kinds: Sequence[str]) -> list[bytes]:
    """Return beginnings of requests of some kinds, each cut at another place."""
    whole = target.encode(HttpRequest.chat(target.plain()))
    body_at = whole.index(b"\r\n\r\n") + 4
    in_chunks = target.encode(chunked_chat(target))
    chunks_at = in_chunks.index(b"\r\n\r\n") + 4
    data_at = in_chunks.index(b"\r\n", chunks_at) + 2
    halves = {
        HEADS: [whole[: body_at // 2], whole[: body_at - 2], whole[:7]],
        BODIES: [whole[: body_at + 5], whole[:body_at], whole[:-1]],
        CHUNKED_BODIES: [in_chunks[: data_at + 5], in_chunks[:chunks_at], in_chunks[:-5]],
    }
    # One of each kind, then the next one of each.
    return [half for same in zip(*(halves[kind] for kind in kinds), strict=True) for half in same]


@contextlib.contextmanager
def send_halves(
    target: Target, count: int = HALF_REQUESTS, kinds: Sequence[str] = KINDS
) -> Iterator[list[Connection]]:
    """Send half requests on connections of their own, and hold those open; closed at the end."""
    halves = halves_of(target, kinds)
    connections: list[Connection] = []
    try:
        with target.probe.under_load():
            for number in range(count):
                try:
                    connection = target.connect()
                except NotTestable:
                    # A server may take no more connections than it can serve.
                    if not connections:
                        raise
                    break
                connections.append(connection)
                connection.send(halves[number % len(halves)])
            yield connections
    finally:
        for connection in connections:
            connection.close()

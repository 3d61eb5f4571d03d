"""The answers that came to one request: a second one means that its bytes were taken for two."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.http1 import read_response

COUNTED_ANSWERS_LIMIT = 3
"""No more answers than this are counted."""

MALFORMED_STATUSES = frozenset({400, 408, 413, 414, 431, 501, 505})
"""What an HTTP server answers to bytes that it cannot read as a request."""


def answered_statuses(exchange: Exchange) -> list[int]:
    """Return the statuses of the responses in what was received, in order."""
    data = exchange.received
    statuses: list[int] = []
    while data.startswith(b"HTTP/1.") and len(statuses) < COUNTED_ANSWERS_LIMIT:
        rest = replace(
            exchange,
            reads=(replace(exchange.reads[0], data=data),),
            ending=Ending.ABANDONED,
        )
        response = read_response(rest)
        statuses.append(response.head.status if response.head else 0)
        end = response.end_offset
        if end is None or end <= 0:
            break
        data = data[end:].lstrip(b"\r\n")
    return statuses

"""Requests with their bodies in chunks, as later cases send them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.strategies import chunked
from streamchat_conformance.suite.scenarios.keepalive import served_alone, spoils_the_next

if TYPE_CHECKING:
    from streamchat_conformance.recorder import Until
    from streamchat_conformance.suite.target.target import Target

LEAN_ON_THEM = frozenset(
    {
        "connection.chunk-framing",
        "connection.chunk-line-ending",
        "connection.request-trailers",
        "resilience.slow-request",
        "resilience.slow-request-many",
    }
)
"""Requirements whose cases have to know whether such requests are served."""


def in_one_chunk(target: Target) -> HttpRequest:
    """Return the plain request with its body in one chunk."""
    return HttpRequest(body=chunked([target.plain().body()]), framing=CHUNKED)


def in_two_chunks(target: Target) -> HttpRequest:
    """Return the plain request with its body in two chunks."""
    body = target.plain().body()
    half = len(body) // 2
    return HttpRequest(body=chunked([body[:half], body[half:]]), framing=CHUNKED)


def refusals_spoil_the_next(target: Target, request: HttpRequest, stop: Until) -> bool:
    """Return whether a refused request of this framing spoils the next one though it was read."""
    ordinary = target.dialect.requests.refusable[0]
    if request.framing is CHUNKED:
        if not served_alone(target, in_one_chunk(target)):
            return False
        ordinary = replace(ordinary, body=chunked([ordinary.body]), framing=CHUNKED)
    return spoils_the_next(target, ordinary, stop)


def find_out_whether_served(target: Target) -> None:
    """Find out in advance whether both are served."""
    for request in (in_one_chunk(target), in_two_chunks(target)):
        served_alone(target, request)

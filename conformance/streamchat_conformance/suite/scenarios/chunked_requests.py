"""Requests with their bodies in chunks, as later cases send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.strategies import chunked
from streamchat_conformance.suite.scenarios.keepalive import mismatch, says_close, served_alone
from streamchat_conformance.suite.target.stop_conditions import Answered

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


def spoils_the_next(target: Target, first: HttpRequest, stop: Until) -> bool:
    """Return whether the plain request is answered wrongly behind a request on its connection.

    `stop` is how far the answer to the first one is read.
    """
    with target.connect() as connection:
        data = target.encode(first)
        reading = target.record(connection, data, stop, "a request before another one")
        if not reading.response.complete or says_close(reading) or not connection.is_open():
            return False
        following = target.encode(HttpRequest.chat(target.plain()))
        second = target.record(connection, following, Answered(), "the request after it")
        return bool(mismatch(target, second))


def find_out_whether_served(target: Target) -> None:
    """Find out in advance whether both are served."""
    for request in (in_one_chunk(target), in_two_chunks(target)):
        served_alone(target, request)

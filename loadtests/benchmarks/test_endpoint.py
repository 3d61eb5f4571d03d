"""The endpoint's own speed, request by request: comparable between servers.

    pytest loadtests/benchmarks/test_endpoint.py --target-url URL --benchmark-save=NAME
    pytest loadtests/benchmarks/test_endpoint.py --target-url OTHER --benchmark-compare=NAME

Each round has a connection of its own, opened before the clock starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamchat_conformance.core.eventstream import read_event_stream
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.recorder import Connection, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture
    from streamchat_conformance.core.exchange import Exchange
    from streamchat_conformance.recorder import Endpoint, Limits, Until

ROUNDS = 20
STREAM_ROUNDS = 5
STREAM_LIMIT_S = 3.0
"""How much of a stream is read for its rate, when it does not end before."""

VALID = HttpRequest.chat(ChatRequest("How fast are you?", []))
INVALID = HttpRequest(body=b'{"prompt": "no history"}')


def measure(
    benchmark: BenchmarkFixture,
    endpoint: Endpoint,
    limits: Limits,
    request: HttpRequest,
    *,
    condition: Callable[[], Until],
    rounds: int = ROUNDS,
) -> list[Exchange]:
    """Time a request from its first byte until a condition holds, on a fresh connection each."""
    sent = request.encode(authority=endpoint.authority, path=endpoint.path)
    connections: list[Connection] = []
    exchanges: list[Exchange] = []

    def connect() -> tuple[tuple[Connection], dict[str, Any]]:
        if connections:
            connections[-1].close()
        connections.append(Connection.open(endpoint, limits))
        return (connections[-1],), {}

    def ask(connection: Connection) -> None:
        exchanges.append(connection.exchange(sent, until=condition()))

    pedantic: Any = benchmark.pedantic
    try:
        pedantic(ask, setup=connect, rounds=rounds)
    finally:
        for connection in connections[-1:]:
            connection.close()
    return exchanges


def status_of(exchange: Exchange) -> int:
    """Return the status of the answer, or 0 when there was none."""
    head = read_response(exchange).head
    return head.status if head is not None else 0


def test_time_to_the_response_head(
    benchmark: BenchmarkFixture, endpoint: Endpoint, limits: Limits
) -> None:
    """From the first byte sent to the end of the head."""
    exchanges = measure(benchmark, endpoint, limits, VALID, condition=until.head)
    assert {status_of(exchange) for exchange in exchanges} == {200}


def test_time_to_the_first_event(
    benchmark: BenchmarkFixture, endpoint: Endpoint, limits: Limits
) -> None:
    """From the first byte sent to the first event's blank line."""
    exchanges = measure(benchmark, endpoint, limits, VALID, condition=lambda: until.events(1))
    for exchange in exchanges:
        reads = read_response(exchange).body_reads
        assert read_event_stream(reads, ended=False).events


def test_time_to_a_refusal(benchmark: BenchmarkFixture, endpoint: Endpoint, limits: Limits) -> None:
    """From the first byte sent to the end of the refusal."""
    exchanges = measure(benchmark, endpoint, limits, INVALID, condition=until.complete)
    assert {status_of(exchange) for exchange in exchanges} == {400}


def test_time_of_a_whole_stream(
    benchmark: BenchmarkFixture, endpoint: Endpoint, limits: Limits
) -> None:
    """Reports events per second too: of a stream that does not end, as far as it was read."""

    def condition() -> Until:
        return until.any_of(until.complete(), until.elapsed(STREAM_LIMIT_S))

    exchanges = measure(
        benchmark, endpoint, limits, VALID, condition=condition, rounds=STREAM_ROUNDS
    )
    rates = []
    for exchange in exchanges:
        events = read_event_stream(read_response(exchange).body_reads, ended=False).events
        assert events
        rates.append(len(events) / max(exchange.ended_at_s, 1e-6))
    benchmark.extra_info["events_per_s"] = round(max(rates), 1)

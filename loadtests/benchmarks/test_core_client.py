"""The cost of judging: of one recorded exchange, and of an event in the load client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.judges import Reading, rules_of
from streamchat_load.client.reading import StreamReading
from streamchat_load.client.response import StreamResponse
from streamchat_load.dialects.stream_chat.dialect import StreamChatDialect
from streamchat_load.metrics.recorder import StreamRecorder
from streamchat_load.verification.expected_body import learn_body
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.stream_verifier import StreamVerifier
from streamchat_load.verification.template import LEARNING_NONCES, learn_template

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

EVENTS = 200
NONCE = "00112233445566ff"
OTHER = "ffeeddccbbaa9988"
DIALECT = StreamChatDialect()
HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Connection: keep-alive\r\nDate: Sat, 01 Jan 2000 00:00:00 GMT\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


def texts_of(nonce: str) -> list[str]:
    """Return the data of a stream's events."""
    value = DIALECT.build(nonce).value
    return [json.dumps({**value, "response": f"token {place} "}) for place in range(EVENTS)]


def blocks_of(nonce: str) -> list[bytes]:
    """Return a stream's events as they are sent."""
    return [f"data: {text}\n\n".encode() for text in texts_of(nonce)]


def chunk(data: bytes) -> bytes:
    """Return one chunk (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def recorded() -> Exchange:
    """Return a good exchange of one chunk an event, 10 ms apart."""
    chat = ChatRequest(**DIALECT.build(NONCE).value)
    request = HttpRequest.chat(chat).encode(authority="127.0.0.1", path=DIALECT.path)
    reads = [Read(0.001, HEAD)]
    reads += [
        Read(0.01 * (place + 1), chunk(block)) for place, block in enumerate(blocks_of(NONCE))
    ]
    reads.append(Read(0.01 * (EVENTS + 1), b"0\r\n\r\n"))
    return Exchange(request=request, reads=tuple(reads), ended_at_s=reads[-1].at_s)


def oracle_of(kind: str) -> Oracle:
    """Return an oracle that knows every byte, every text, or nothing."""
    streams = (*LEARNING_NONCES, OTHER)
    known = Oracle(
        template=learn_template(
            texts_of(LEARNING_NONCES[0]), texts_of(LEARNING_NONCES[1]), texts_of(OTHER), OTHER
        ),
        length=EVENTS,
        body_bytes=len(b"".join(blocks_of(NONCE))),
        echo=True,
    )
    if kind == "texts":
        return known
    if kind == "nothing":
        return Oracle(echo=True)
    bodies = [b"".join(blocks_of(nonce)) for nonce in streams]
    return Oracle(known.template, learn_body(bodies, OTHER), EVENTS, known.body_bytes, echo=True)


def least_s(benchmark: BenchmarkFixture) -> float:
    """Return the shortest round (seconds)."""
    timed: Any = benchmark.stats
    return float(timed.stats.min)


def test_judging_a_recorded_exchange_by_every_judge(benchmark: BenchmarkFixture) -> None:
    """Reports how many megabytes of wire bytes are judged in a second."""
    exchange = recorded()
    verdicts = benchmark(lambda: dict(rules_of(DEFAULT).judge_all(Reading(exchange))))
    broken = [id_ for id_, findings in verdicts.items() if findings]
    assert not [id_ for id_ in broken if rules_of(DEFAULT).judges[id_].requirement.level is MUST]
    megabytes = len(exchange.received) / 1e6
    benchmark.extra_info["judges"] = len(rules_of(DEFAULT).judges)
    benchmark.extra_info["mb_per_s"] = round(megabytes / least_s(benchmark), 2)


@pytest.mark.parametrize("kind", ["every byte", "texts", "nothing"])
def test_reading_judging_and_recording_a_stream_in_the_load_client(
    benchmark: BenchmarkFixture, kind: str
) -> None:
    """All that the client does with a stream but for the socket and locust."""
    oracle = oracle_of(kind)
    chunks = [chunk(block) for block in blocks_of(NONCE)]
    recorder = StreamRecorder()

    def read() -> StreamVerifier:
        verifier = StreamVerifier(DIALECT.build(NONCE), oracle, DIALECT)
        reading = StreamReading(verifier=verifier, due_s=0.0, phase="all")
        response = StreamResponse()
        response.feed(HEAD)
        for place, data in enumerate(chunks):
            response.feed(data)
            count = verifier.receive(response.take(), 0.02 * place)
            reading.stamps_s.extend([0.02 * place] * count)
        verifier.finish(ended=True, cut=False)
        recorder.fold(reading)
        return verifier

    verifier = benchmark(read)
    assert verifier.evidence is None
    assert verifier.events == EVENTS
    benchmark.extra_info["us_per_event"] = round(least_s(benchmark) / EVENTS * 1e6, 2)

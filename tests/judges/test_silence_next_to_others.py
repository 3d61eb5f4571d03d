"""Silence inside a stream next to others counts only where streams need not wait for each other."""

import json
from typing import Any

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import Reading, rules_of
from streamchat_conformance.judges.stream import OTHERS_OPEN, WITH_OTHER_CLIENTS

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
EVENTS = {
    "stream-chat": (
        "/api/stream-chat",
        {"prompt": "Hi", "history": []},
        b'data: {"response":""}\n\n',
    ),
    "openai": (
        "/v1/chat/completions",
        {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "stream": True},
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\n\n',
    ),
    "anthropic": (
        "/v1/messages",
        {
            "model": "m",
            "max_tokens": 8,
            "messages": [{"role": "user", "content": "Hi"}],
            "stream": True,
        },
        b'event: message_start\ndata: {"type":"message_start"}\n\n',
    ),
}


def verdict(dialect: str, *notes: str, silent_s: float = 20.0) -> Any:
    """Return what the judge says of a stream that fell silent behind its first event."""
    path, members, event = EVENTS[dialect]
    body = json.dumps(members).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    exchange = Exchange(
        request=head.encode() + body,
        reads=(Read(0.0, HEAD), Read(0.1, event)),
        ending=Ending.ABANDONED,
        ended_at_s=silent_s,
        watched_s=silent_s,
        notes=notes,
    )
    reading = Reading(exchange, path, 15.0, dialect_named(dialect))
    assert reading.judges_stream
    return rules_of(dialect).judges["stream.gap"](reading)


@pytest.mark.parametrize("dialect", EVENTS)
def test_a_long_silence_of_a_stream_that_was_alone_is_reported(dialect: str) -> None:
    assert [found.requirement for found in verdict(dialect)] == ["stream.gap"]


@pytest.mark.parametrize("note", [OTHERS_OPEN, WITH_OTHER_CLIENTS])
@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
def test_where_servers_may_queue_silence_next_to_others_says_nothing(
    dialect: str, note: str
) -> None:
    assert verdict(dialect, note) is None
    assert verdict(dialect, note, silent_s=10.0) == []


@pytest.mark.parametrize("note", [OTHERS_OPEN, WITH_OTHER_CLIENTS])
def test_where_they_may_not_it_is_reported_as_that_of_any_stream(note: str) -> None:
    assert [found.requirement for found in verdict("stream-chat", note)] == ["stream.gap"]

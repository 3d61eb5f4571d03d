"""A chunk whose size is less than its data: what the finding says of it."""

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading, rules_of

BODY = b'{"prompt": "Hello", "history": []}'
REQUEST = (
    b"POST /api/stream-chat HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
ROW = "transport.chunks-well-formed"
EVENT = 'data: {"response": "Grüße 🙂"}\n\n'
BYTES = EVENT.encode()


def messages(*sizes: int) -> list[str]:
    """Return what is found where chunks with the same event say these sizes."""
    chunks = b"".join(b"%x\r\n" % size + BYTES + b"\r\n" for size in sizes)
    exchange = Exchange(
        request=REQUEST,
        reads=(Read(0.0, HEAD + chunks + b"0\r\n\r\n"),),
        ending=Ending.COMPLETE,
        ended_at_s=0.1,
    )
    findings = dict(rules_of("stream-chat").judge_all(Reading(exchange), [ROW]))
    return [each.message for each in findings[ROW]]


def test_a_size_in_characters_is_called_that() -> None:
    found = messages(len(BYTES), len(EVENT))
    assert found[0].startswith("a chunk's size counts characters, not bytes")


@pytest.mark.parametrize("size", [len(BYTES) - 1, len(BYTES) - 3])
def test_any_other_size_that_is_too_small_is_called_too_small(size: int) -> None:
    assert messages(size)[0] == "a chunk's data go on behind its size"


def test_a_right_size_is_right() -> None:
    assert messages(len(BYTES), len(BYTES)) == []

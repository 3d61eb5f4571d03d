"""An answer shows what kind of endpoint it is from, by what only that kind writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signatures import certain

ANSWERS = {
    b'{"error": "Missing \'prompt\' field"}': "stream-chat",
    b'data: {"prompt": "a", "history": [], "response": "b"}\n\n': "stream-chat",
    b'{"error": {"message": "you must give messages", "type": "x", "code": null}}': "openai",
    b'data: {"id": "1", "object": "chat.completion.chunk", "choices": []}\n\n': "openai",
    b'{"model": "m", "created_at": "", "message": {}, "done": false}\n': "ollama",
    b'{"type": "error", "error": {"type": "not_found_error", "message": "model: x"}}': "anthropic",
    b'event: message_start\ndata: {"type": "message_start"}\n\n': "anthropic",
    b'event: response.created\ndata: {"type": "response.created"}\n\n': "responses",
}


@pytest.mark.parametrize("body", ANSWERS)
def test_an_answer_is_recognised(body: bytes) -> None:
    found = certain([Sighting(body)])
    assert found is not None
    assert found.name == ANSWERS[body]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b'{"error": "Not found"}',
        b'{"detail": "Not Found"}',
        b'{"error": {"message": "internal", "type": "server_error"}}',
    ],
)
def test_what_anybody_may_write_is_from_nobody(body: bytes) -> None:
    assert certain([Sighting(body)]) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    certain([Sighting(body)])

"""Judging recordings of Anthropic Messages: what curl prints, archives, and pasted streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from streamchat_fixtures.dialects.anthropic.exchanges import load_exchanges, sound_exchange

from .judging import Judge, archive

if TYPE_CHECKING:
    from streamchat_fixtures.exchanges import ExchangeCase

DIALECT = "--dialect=anthropic"
CASES = {case.name: case for case in load_exchanges()}
UNSTOPPED = CASES["anthropic.block-order-no-stop"]
SOUND = [sound_exchange(name) for name in ("text", "call", "thoughts", "failure")]
AGENTS_REQUEST: dict[str, Any] = {
    "model": "m",
    "max_tokens": 32000,
    "stream": True,
    "temperature": 1,
    "metadata": {"user_id": "u"},
    "system": [
        {"type": "text", "text": "You are an agent.", "cache_control": {"type": "ephemeral"}}
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "List the files."}]},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "toolu_0", "name": "f", "input": {}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_0", "content": "a"}],
        },
    ],
}


def stream_of(case: ExchangeCase) -> str:
    """Return the events of an exchange, without head and chunks."""
    body = case.received.partition(b"\r\n\r\n")[2].decode()
    chunks = body.split("\r\n")[1::2]
    return "".join(chunks)


@pytest.mark.parametrize("case", SOUND, ids=lambda case: case.name)
def test_a_sound_message_breaks_nothing_in_any_form(judge: Judge, case: ExchangeCase) -> None:
    for recording in (
        case.received,
        stream_of(case),
        stream_of(case).rstrip("\n"),
        archive({"text": stream_of(case)}, url="https://x.example/v1/messages", postData=None),
    ):
        judged = judge(recording, DIALECT)
        assert judged.code == 0, judged.out + judged.error
        assert judged.outcome("anthropic.event-named") == "pass"


def test_what_is_wrong_is_found_in_every_form(judge: Judge) -> None:
    asked = {"mimeType": "application/json", "text": json.dumps(AGENTS_REQUEST)}
    url = "https://x.example/v1/messages?beta=true"
    for recording in (
        UNSTOPPED.received,
        stream_of(UNSTOPPED),
        archive({"text": stream_of(UNSTOPPED)}, url=url, postData=asked),
    ):
        judged = judge(recording, DIALECT)
        assert judged.failed() == {"anthropic.block-order"}, judged.out + judged.error


def test_the_answer_to_an_agents_request_is_judged(judge: Judge) -> None:
    request = judge.folder / "request.json"
    request.write_text(json.dumps(AGENTS_REQUEST), "utf-8")
    case = CASES["anthropic.tool-block-cut"]
    for recording in (case.received, stream_of(case)):
        judged = judge(recording, DIALECT, f"--request={request}")
        assert judged.failed() == {"anthropic.tool-block"}, judged.out + judged.error


@pytest.mark.parametrize(
    ("status", "type_"),
    [(529, "overloaded_error"), (401, "authentication_error"), (429, "rate_limit_error")],
)
def test_a_server_that_has_no_room_or_wants_a_key_is_not_at_fault(
    judge: Judge, status: int, type_: str
) -> None:
    body = json.dumps({"type": "error", "error": {"type": type_, "message": "No."}})
    head = f"HTTP/1.1 {status} No\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    judged = judge(f"{head}\r\n\r\n{body}", DIALECT)
    assert judged.failed() == set(), judged.out


def test_a_refusal_in_another_shape_is_found_where_its_request_is_known(judge: Judge) -> None:
    case = CASES["anthropic.error-shape-of-chat-completions"]
    request = judge.folder / "request.json"
    request.write_bytes(case.sent.partition(b"\r\n\r\n")[2])
    judged = judge(case.received, DIALECT, f"--request={request}")
    assert judged.failed() == {"anthropic.error-shape"}

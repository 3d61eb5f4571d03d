"""Messages from the application: streams, whole answers, requests and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from streamchat_reference import create_app
from streamchat_reference.answerers.interface import (
    AnswererError,
    Closing,
    Pause,
    RequestedCall,
    Thought,
)
from streamchat_reference.answerers.scripted import ScriptedAnswerer

from .harness import post, running_server
from .test_completions import Giving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from streamchat_reference.answerers.interface import Pieces, Question
    from werkzeug.test import TestResponse
    from werkzeug.wrappers import Response

PATH = "/v1/messages"
TOOL = {"name": "f", "input_schema": {"type": "object"}}
MINIMAL = {"model": "x", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]}
THINKING = {"type": "enabled", "budget_tokens": 1024}


class Service:
    """The application with an answerer that gives the same steps to every question."""

    def __init__(self, steps: Pieces | Callable[[], Pieces], *, blocking: bool = False) -> None:
        giving = steps if callable(steps) else lambda: steps
        self.answerer = Giving(giving, blocking=blocking)
        self.client = create_app(self.answerer, model="m", max_streams=1).test_client()

    def post(self, **members: Any) -> TestResponse:
        return self.client.post(PATH, json={**MINIMAL, **members})

    def stream(self, **members: Any) -> list[dict[str, Any]]:
        """Return the data of a stream's events, each of which is named as its type."""
        response = self.post(stream=True, **members)
        with response:
            assert (response.status_code, response.mimetype) == (200, "text/event-stream")
            return read_events(response.text)

    def whole(self, **members: Any) -> Any:
        with self.post(**members) as response:
            assert (response.status_code, response.mimetype) == (200, "application/json")
            return response.json


def read_events(text: str) -> list[dict[str, Any]]:
    read = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            name, data = lines
            read.append(json.loads(data.removeprefix("data: ")))
            assert name == f"event: {read[-1]['type']}"
    return read


def gathered(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks of a message, as clients put them together."""
    blocks: list[dict[str, Any]] = []
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            assert event["index"] == len(blocks) - 1
            match event["delta"]:
                case {"type": "text_delta", "text": text}:
                    blocks[-1]["text"] += text
                case {"type": "thinking_delta", "thinking": text}:
                    blocks[-1]["thinking"] += text
                case {"type": "signature_delta", "signature": text}:
                    blocks[-1]["signature"] += text
                case {"type": "input_json_delta", "partial_json": text}:
                    blocks[-1]["json"] += text
    for block in blocks:
        block.pop("id", None)
        arguments = block.pop("json")
        if arguments:
            block["input"] = json.loads(arguments)
    return blocks


@pytest.mark.parametrize("blocking", [False, True], ids=["direct", "bridged"])
def test_a_stream_is_a_message_with_blocks_a_reason_and_a_stop(*, blocking: bool) -> None:
    events = Service(["a", Pause(0), "b"], blocking=blocking).stream()
    message = events[0].pop("message")
    assert message.pop("id").startswith("msg_")
    assert message == {
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 2, "output_tokens": 0},
    }
    assert events == [
        {"type": "message_start"},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "a"},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "b"},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"input_tokens": 2, "output_tokens": 2},
        },
        {"type": "message_stop"},
    ]


ANSWERS: list[tuple[list[Any], dict[str, Any], str, str | None]] = [
    (["a", "b"], {}, "end_turn", None),
    (["a", "b", "c"], {"max_tokens": 2}, "max_tokens", None),
    (["a", "bx", "yc"], {"stop_sequences": ["?", "xy"]}, "stop_sequence", "xy"),
    ([RequestedCall("f", '{"city": "Paris"}')], {"tools": [TOOL]}, "tool_use", None),
    (["I", RequestedCall("f", "{}"), RequestedCall("f", "{}")], {}, "tool_use", None),
    ([Thought("Hm"), Thought("."), "a"], {"thinking": THINKING}, "end_turn", None),
    ([Thought("Hm"), RequestedCall("f", "{}")], {"thinking": THINKING}, "tool_use", None),
    (["a", Closing("length")], {}, "max_tokens", None),
    (["a", Closing("content_filter")], {}, "refusal", None),
    ([], {}, "end_turn", None),
]


@pytest.mark.parametrize(("steps", "members", "reason", "sequence"), ANSWERS)
def test_a_stream_says_what_a_whole_answer_says(
    steps: list[Any], members: dict[str, Any], reason: str, sequence: str | None
) -> None:
    service = Service(steps)
    events, whole = service.stream(**members), service.whole(**members)
    for block in whole["content"]:
        block.pop("id", None)
    assert gathered(events) == whole["content"]
    assert (whole["stop_reason"], whole["stop_sequence"]) == (reason, sequence)
    assert events[-2]["delta"] == {"stop_reason": reason, "stop_sequence": sequence}
    assert events[-2]["usage"] == whole["usage"]


def test_reasoning_is_left_out_where_it_was_not_asked_for() -> None:
    service = Service([Thought("Hm"), "a"])
    assert [block["type"] for block in gathered(service.stream())] == ["text"]
    assert [block["type"] for block in service.whole()["content"]] == ["text"]


def test_each_call_has_an_id_of_its_own() -> None:
    calls = [RequestedCall("f", "{}"), RequestedCall("f", "{}")]
    events = Service(calls).stream(tools=[TOOL])
    ids = [each["content_block"]["id"] for each in events if "content_block" in each]
    assert len({*ids}) == 2


def test_a_failure_is_an_error_event_and_nothing_follows() -> None:
    def failing() -> Iterator[str]:
        yield "a"
        raise AnswererError("too bad")

    service = Service(failing)
    *_, last_text, error = service.stream()
    assert last_text["delta"]["text"] == "a"
    assert error["type"] == "error"
    assert error["error"]["type"] == "api_error"
    assert "too bad" in error["error"]["message"]
    with service.post() as response:
        assert response.status_code == 500
        assert response.json is not None
        assert response.json["error"]["type"] == "api_error"


def test_silence_is_filled_with_pings(tmp_path: Path) -> None:
    body = {**MINIMAL, "stream": True, "messages": [{"role": "user", "content": "slow"}]}
    options = ("--events=1", "--interval=0", "--slow-prompt=slow", "--slow-seconds=0.5")
    with running_server(tmp_path, *options, "--heartbeat=0.1") as server:
        response = server.exchange(post(body, line=f"POST {PATH} HTTP/1.1"))
    kinds = [event["type"] for event in read_events(response.body.decode())]
    assert kinds[0] == "message_start"
    assert kinds[1:3] == ["ping", "ping"]
    assert kinds[-1] == "message_stop"
    assert b": still here" not in response.body


class Recording(Giving):
    """Keeps the questions."""

    def __init__(self) -> None:
        super().__init__(lambda: ["a"])
        self.questions: list[Question] = []

    def generate(self, question: Question) -> Pieces:
        self.questions.append(question)
        return super().generate(question)


def asked(**members: Any) -> Question:
    answerer = Recording()
    response = create_app(answerer).test_client().post(PATH, json={**MINIMAL, **members})
    with response:
        assert response.status_code == 200, response.text
    return answerer.questions[0]


def test_text_blocks_and_system_become_a_question() -> None:
    blocks = [{"type": "text", "text": "How are"}, {"type": "text", "text": " you?"}]
    question = asked(
        system=[{"type": "text", "text": "Be brief."}],
        messages=[
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "user", "content": blocks},
        ],
    )
    assert question.prompt == "How are you?"
    assert question.history == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
    ]


def test_calls_of_tools_and_their_results_come_after_the_question() -> None:
    called = {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "sunny"}
    question = asked(
        tools=[TOOL],
        messages=[
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "."}, called]},
            {"role": "user", "content": [result]},
        ],
    )
    assert question.prompt == "Hi"
    assert question.since == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "sunny"},
    ]


@pytest.mark.parametrize(
    ("choice", "tools", "must_call", "parallel_calls"),
    [
        ({"type": "auto"}, 1, False, True),
        ({"type": "any", "disable_parallel_tool_use": True}, 1, True, False),
        ({"type": "tool", "name": "f"}, 1, True, True),
        ({"type": "none"}, 0, False, True),
    ],
)
def test_the_choice_of_tools_is_honoured(
    choice: dict[str, Any], tools: int, *, must_call: bool, parallel_calls: bool
) -> None:
    question = asked(tools=[TOOL], tool_choice=choice)
    assert len(question.tools) == tools
    assert (question.must_call, question.parallel_calls) == (must_call, parallel_calls)


@pytest.mark.parametrize(
    "members",
    [
        {"messages": None},
        {"messages": {}},
        {"messages": []},
        {"messages": ["Hi"]},
        {"messages": [{"role": "robot", "content": "Hi"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image"}]}]},
        {"messages": [{"role": "user", "content": 3}]},
        {"model": None},
        {"model": ""},
        {"max_tokens": None},
        {"max_tokens": 0},
        {"max_tokens": "9"},
        {"stream": "yes"},
        {"system": 1},
        {"stop_sequences": "x"},
        {"stop_sequences": [" "]},
        {"temperature": 2},
        {"temperature": True},
        {"thinking": {"type": "enabled"}},
        {"tools": {}},
        {"tools": [{"name": "f"}]},
        {"tools": [TOOL, TOOL]},
        {"tool_choice": {"type": "any"}},
        {"tools": [TOOL], "tool_choice": "any"},
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "g"}},
    ],
    ids=repr,
)
def test_what_cannot_be_answered_is_refused(members: dict[str, Any]) -> None:
    with Service(["a"]).post(**members) as response:
        assert_refusal(response, 400, "invalid_request_error")


@pytest.mark.parametrize("name", ["model", "max_tokens", "messages"])
def test_required_members_are_required(name: str) -> None:
    body = {key: value for key, value in MINIMAL.items() if key != name}
    with Service(["a"]).client.post(PATH, json=body) as response:
        assert_refusal(response, 400, "invalid_request_error")


def test_refusals_of_all_layers_have_the_dialects_shape() -> None:
    client = create_app(Giving(lambda: ["a"]), body_limit_bytes=100, max_streams=0).test_client()
    for response, status, kind in (
        (client.get(PATH), 405, "invalid_request_error"),
        (client.post(f"{PATH}/batches", json={}), 404, "not_found_error"),
        (
            client.post(PATH, data="{", content_type="application/json"),
            400,
            "invalid_request_error",
        ),
        (client.post(PATH, data="{}", content_type="text/plain"), 400, "invalid_request_error"),
        (client.post(PATH, json={"a": "b" * 200}), 413, "request_too_large"),
        (client.post(PATH, json=MINIMAL), 503, "overloaded_error"),
    ):
        with response:
            assert_refusal(response, status, kind)


def test_a_key_is_taken_in_both_forms() -> None:
    client = create_app(Giving(lambda: ["a"]), api_key="secret").test_client()
    for fields in ({"x-api-key": "secret"}, {"Authorization": "Bearer secret"}):
        with client.post(PATH, json=MINIMAL, headers=fields) as response:
            assert response.status_code == 200
    for fields in ({}, {"x-api-key": "other"}, {"Authorization": "Bearer other"}):
        with client.post(PATH, json=MINIMAL, headers=fields) as response:
            assert_refusal(response, 401, "authentication_error")


def test_every_response_has_a_request_id() -> None:
    service = Service(["a"])
    with service.post() as one, service.post(stream=True) as other:
        ids = [each.headers["request-id"] for each in (one, other)]
    assert all(id_.startswith("req_") for id_ in ids)
    assert len({*ids}) == 2


def test_scripted_calls_and_thoughts_are_written_in_this_dialect() -> None:
    answerer = ScriptedAnswerer(Giving(lambda: ["a"]), call_tools=True, think=True)
    body = {**MINIMAL, "tools": [TOOL], "tool_choice": {"type": "any"}, "thinking": THINKING}
    response = create_app(answerer).test_client().post(PATH, json={**body, "stream": True})
    with response:
        blocks = gathered(read_events(response.text))
    assert [block["type"] for block in blocks] == ["thinking", "tool_use"]


def assert_refusal(response: Response, status: int, kind: str) -> None:
    assert (response.status_code, response.mimetype) == (status, "application/json")
    value: Any = response.json
    assert value is not None
    assert value["type"] == "error"
    assert value["error"]["type"] == kind
    assert value["error"]["message"]
    assert value["request_id"] == response.headers["request-id"]

"""A reference server whose model is another one: what goes in comes out the same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from streamchat_reference import create_app
from streamchat_reference.answerers.openai import OpenAIAnswerer

from .harness import running_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from .harness import RunningServer

PATH = "/v1/chat/completions"
MODEL = "typewriter"
FAULT_PROMPT = "Please fail half-way."
RECEIVE_S = 20.0
TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
CITIES = "What is the weather in Paris and in Oslo?"
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}

ASKED: dict[str, dict[str, Any]] = {
    "text": {},
    "a cap": {"max_tokens": 5},
    "a stop sequence": {"stop": "typewriter"},
    "choices": {"n": 2},
    "calls of tools": {"tools": [TOOL], "messages": [{"role": "user", "content": CITIES}]},
    "a required call": {"tools": [TOOL], "tool_choice": "required"},
    "one call of several": {
        "tools": [TOOL],
        "messages": [{"role": "user", "content": CITIES}],
        "parallel_tool_calls": False,
    },
    "results of calls": {
        "tools": [TOOL],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": CITIES},
            {"role": "assistant", "content": None, "tool_calls": [CALL]},
            {"role": "tool", "content": "sunny", "tool_call_id": "1"},
        ],
    },
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    options = ("--answerer", MODEL, "--interval", "0.001", "--call-tools", "--think")
    with running_server(
        tmp_path_factory.mktemp("model"), *options, "--fault-prompt", FAULT_PROMPT
    ) as running:
        yield running


@pytest.fixture
def relay(model: RunningServer) -> FlaskClient:
    return create_app(OpenAIAnswerer(f"{model.url}/v1", MODEL), model=MODEL).test_client()


def request(members: dict[str, Any]) -> dict[str, Any]:
    return {"model": MODEL, "messages": [{"role": "user", "content": "Hi."}], **members}


def direct(model: RunningServer, members: dict[str, Any]) -> Any:
    return httpx.post(f"{model.url}{PATH}", json=request(members), timeout=RECEIVE_S).json()


def without_ids(completion: Any) -> Any:
    """Return a completion without what differs from answer to answer."""
    kept = {name: value for name, value in completion.items() if name not in ("id", "created")}
    for choice in kept["choices"]:
        for call in choice["message"].get("tool_calls", ()):
            call["id"] = ""
    return kept


@pytest.mark.parametrize("members", ASKED.values(), ids=ASKED)
def test_a_whole_answer_is_the_models(
    model: RunningServer, relay: FlaskClient, members: dict[str, Any]
) -> None:
    relayed: Any = relay.post(PATH, json=request(members)).json
    expected = direct(model, members)
    if "n" in members or "stop" in members:
        # The relay asks for each choice by itself, and hangs up at a stop sequence.
        relayed.pop("usage")
        expected.pop("usage")
    assert without_ids(relayed) == without_ids(expected)


@pytest.mark.parametrize("members", ASKED.values(), ids=ASKED)
def test_a_stream_says_what_the_whole_answer_says(
    model: RunningServer, relay: FlaskClient, members: dict[str, Any]
) -> None:
    response = relay.post(PATH, json=request({**members, "stream": True}))
    with response:
        lines = response.get_data(as_text=True).split("\n")
    *data, done = [line.removeprefix("data: ") for line in lines if line.startswith("data")]
    assert done == "[DONE]"
    choices = [choice for each in data for choice in json.loads(each)["choices"]]
    for expected in direct(model, members)["choices"]:
        own = [choice for choice in choices if choice["index"] == expected["index"]]
        said = expected["message"]
        for name in ("content", "reasoning_content"):
            streamed = "".join(choice["delta"].get(name) or "" for choice in own)
            assert streamed == (said.get(name) or "")
        pieces = [piece for choice in own for piece in choice["delta"].get("tool_calls", ())]
        arguments = "".join(piece["function"]["arguments"] for piece in pieces)
        calls = said.get("tool_calls", [])
        assert arguments == "".join(call["function"]["arguments"] for call in calls)
        assert own[-1]["finish_reason"] == expected["finish_reason"]


def test_a_failure_of_the_model_is_a_failure(relay: FlaskClient) -> None:
    asked = request({"messages": [{"role": "user", "content": FAULT_PROMPT}], "stream": True})
    response = relay.post(PATH, json=asked)
    with response:
        *_, last = response.get_data(as_text=True).strip().split("\n\n")
    error = json.loads(last.removeprefix("data: "))["error"]
    assert error["message"] == "The answerer failed: the model server reported an error"

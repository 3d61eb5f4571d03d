"""Chat completions from the application: streams, whole answers, and how they agree."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamchat_reference import create_app
from streamchat_reference.answerers.interface import (
    AnswererError,
    Closing,
    Pause,
    Question,
    RequestedCall,
    Thought,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient
    from streamchat_reference.answerers.interface import Pieces
    from werkzeug.test import TestResponse

PATH = "/v1/chat/completions"
TOOL = {"type": "function", "function": {"name": "f"}}


class Giving:
    """An answerer that gives the same steps to every question."""

    echoes_request: ClassVar[bool] = False
    certain: ClassVar[bool] = True
    calls_tools: ClassVar[bool] = True

    def __init__(self, steps: Callable[[], Pieces], *, blocking: bool = False) -> None:
        self._steps = steps
        self.blocking = blocking

    def generate(self, question: Question) -> Pieces:  # noqa: ARG002 - the interface
        return self._steps()


class Service:
    """The application with such an answerer, and its answers."""

    def __init__(self, steps: Pieces | Callable[[], Pieces], *, blocking: bool = False) -> None:
        giving = steps if callable(steps) else lambda: steps
        app = create_app(Giving(giving, blocking=blocking), model="m", max_streams=1)
        self.client: FlaskClient = app.test_client()

    def post(self, **members: Any) -> TestResponse:
        body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **members}
        return self.client.post(PATH, json=body)

    def stream(self, **members: Any) -> list[Any]:
        """Return the data of a stream's events."""
        response = self.post(stream=True, **members)
        with response:
            assert (response.status_code, response.mimetype) == (200, "text/event-stream")
            return events(response.text)

    def chunks(self, **members: Any) -> list[dict[str, Any]]:
        """Return the chunks of a stream that is complete."""
        *chunks, done = self.stream(**members)
        assert done == "[DONE]"
        return chunks

    def whole(self, **members: Any) -> Any:
        response = self.post(**members)
        with response:
            assert (response.status_code, response.mimetype) == (200, "application/json")
            return response.json


def events(text: str) -> list[Any]:
    data = [line.removeprefix("data: ") for line in text.split("\n") if line.startswith("data")]
    return [each if each == "[DONE]" else json.loads(each) for each in data]


def choices(chunks: list[dict[str, Any]], index: int = 0) -> list[dict[str, Any]]:
    return [each for chunk in chunks for each in chunk["choices"] if each["index"] == index]


def content(chunks: list[dict[str, Any]], index: int = 0) -> str:
    return "".join(each["delta"].get("content", "") for each in choices(chunks, index))


def gathered(chunks: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return name and arguments of each call, as clients put them together."""
    found: dict[int, list[str]] = {}
    for choice in choices(chunks):
        for piece in choice["delta"].get("tool_calls", ()):
            call = found.setdefault(piece["index"], ["", ""])
            call[0] += piece["function"].get("name", "")
            call[1] += piece["function"]["arguments"]
    return [(name, arguments) for name, arguments in found.values()]


both_ways = pytest.mark.parametrize("blocking", [False, True], ids=["direct", "bridged"])


@both_ways
def test_a_stream_is_role_content_finish_and_done(*, blocking: bool) -> None:
    chunks = Service(["a", Pause(0), "b"], blocking=blocking).chunks()
    assert [(each["delta"], each["finish_reason"]) for each in choices(chunks)] == [
        ({"role": "assistant", "content": ""}, None),
        ({"content": "a"}, None),
        ({"content": "b"}, None),
        ({}, "stop"),
    ]


def test_all_chunks_have_the_same_head() -> None:
    service = Service(["a"])
    first, second = (service.chunks(stream_options={"include_usage": True}) for _ in range(2))
    heads = {json.dumps([chunk[name] for name in ("id", "object", "created")]) for chunk in first}
    assert len(heads) == 1
    assert first[0]["object"] == "chat.completion.chunk"
    assert abs(first[0]["created"] - time.time()) < 60
    assert first[0]["id"] != second[0]["id"]


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}])
def test_without_being_asked_for_there_is_no_usage(options: Any) -> None:
    assert all(
        chunk["choices"] and "usage" not in chunk
        for chunk in Service(["a"]).chunks(stream_options=options)
    )


def test_usage_comes_last_and_alone() -> None:
    *chunks, last = Service(["a", "b"]).chunks(stream_options={"include_usage": True})
    assert all(chunk["usage"] is None and chunk["choices"] for chunk in chunks)
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}


def test_a_models_own_counts_and_reason_win() -> None:
    service = Service(["a", Closing("content_filter", 10, 20)])
    whole = service.whole()
    assert whole["usage"] == {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30}
    assert whole["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("stream", [False, None])
def test_without_stream_the_answer_is_one_object(*, stream: bool | None) -> None:
    whole = Service(["a", Pause(0), "b"]).whole(stream=stream)
    assert whole["object"] == "chat.completion"
    assert whole["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "ab", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert whole["usage"] == {"prompt_tokens": 2, "completion_tokens": 2, "total_tokens": 4}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_cap_ends_the_answer(name: str) -> None:
    service = Service(lambda: iter(lambda: "y", ""))  # without end
    chunks = service.chunks(**{name: 3}, stream_options={"include_usage": True})
    assert content(chunks) == "yyy"
    assert choices(chunks)[-1]["finish_reason"] == "length"
    assert chunks[-1]["usage"]["completion_tokens"] == 3


def test_an_endless_answer_ends_without_a_cap_too() -> None:
    whole = Service(lambda: iter(lambda: "y", "")).whole()
    assert whole["choices"][0]["finish_reason"] == "length"


def test_a_stop_sequence_ends_the_answer_and_is_not_returned() -> None:
    chunks = Service(["one ", "t", "wo three"]).chunks(stop=["nine", "two"])
    assert content(chunks) == "one "
    assert choices(chunks)[-1]["finish_reason"] == "stop"


@both_ways
def test_several_choices_each_have_role_content_and_finish(*, blocking: bool) -> None:
    service = Service(["a", Pause(0), "b"], blocking=blocking)
    chunks = service.chunks(n=3, stream_options={"include_usage": True})
    assert choices(chunks[:3]) == choices(chunks)[:1]
    for index in range(3):
        assert choices(chunks, index)[0]["delta"]["role"] == "assistant"
        assert content(chunks, index) == "ab"
        assert choices(chunks, index)[-1]["finish_reason"] == "stop"
    assert chunks[0]["choices"][0]["index"] == 0
    assert chunks[-1]["usage"]["completion_tokens"] == 6
    assert [each["message"]["content"] for each in service.whole(n=2)["choices"]] == ["ab", "ab"]


@pytest.mark.parametrize("top", [0, 2])
def test_logprobs_are_of_the_tokens_that_were_sent(top: int) -> None:
    service = Service(["你", "b c", "d"])
    asked = {"logprobs": True, "top_logprobs": top, "stop": "c"}
    chunks = service.chunks(**asked)
    entries = [
        entry
        for choice in choices(chunks)
        if choice["logprobs"]
        for entry in choice["logprobs"]["content"]
    ]
    assert b"".join(bytes(entry["bytes"]) for entry in entries).decode() == "你b "
    assert [entry["token"] for entry in entries] == ["你", "b "]
    assert all(entry["logprob"] == 0 for entry in entries)
    assert all(len(entry["top_logprobs"]) == min(top, 1) for entry in entries)
    assert service.whole(**asked)["choices"][0]["logprobs"]["content"] == entries


CALLS = [RequestedCall("f", '{"city": "Paris"}'), RequestedCall("f", "{}")]


def test_calls_of_tools_have_a_head_and_arguments_in_pieces() -> None:
    chunks = Service(CALLS).chunks(tools=[TOOL])
    pieces = [piece for each in choices(chunks) for piece in each["delta"].get("tool_calls", ())]
    heads = [piece for piece in pieces if "id" in piece]
    assert [(head["index"], head["type"], head["function"]["name"]) for head in heads] == [
        (0, "function", "f"),
        (1, "function", "f"),
    ]
    assert len({head["id"] for head in heads}) == 2
    assert len(pieces) > 4
    assert all(set(piece) == {"index", "function"} for piece in pieces if piece not in heads)
    assert gathered(chunks) == [("f", '{"city": "Paris"}'), ("f", "{}")]
    assert choices(chunks)[-1]["finish_reason"] == "tool_calls"


def test_a_whole_answer_has_the_same_calls() -> None:
    (choice,) = Service(CALLS).whole(tools=[TOOL])["choices"]
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"
    calls = choice["message"]["tool_calls"]
    assert [(call["function"]["name"], call["function"]["arguments"]) for call in calls] == [
        ("f", '{"city": "Paris"}'),
        ("f", "{}"),
    ]


def test_text_may_stand_before_calls() -> None:
    chunks = Service(["Let me see. S", *CALLS]).chunks(tools=[TOOL], stop="STOP")
    assert content(chunks) == "Let me see. S"
    assert len(gathered(chunks)) == 2


def test_a_cap_may_cut_the_arguments_of_a_call() -> None:
    chunks = Service(CALLS).chunks(tools=[TOOL], max_tokens=2)
    assert gathered(chunks) == [("f", '{"city":')]
    assert choices(chunks)[-1]["finish_reason"] == "length"


def test_reasoning_precedes_the_answer_and_is_no_part_of_it() -> None:
    service = Service([Thought("Hm"), Thought("."), "a"])
    chunks = service.chunks(stop="H", logprobs=True)
    assert [each["delta"].get("reasoning_content") for each in choices(chunks)][1:3] == ["Hm", "."]
    assert content(chunks) == "a"
    (choice,) = service.whole()["choices"]
    assert (choice["message"]["reasoning_content"], choice["message"]["content"]) == ("Hm.", "a")
    (choice,) = service.whole(max_tokens=1)["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")


def failing() -> Iterator[str]:
    yield "a"
    raise AnswererError("it is tired")


@both_ways
def test_a_failure_is_an_error_object_and_the_end(*, blocking: bool) -> None:
    *chunks, error = Service(failing, blocking=blocking).stream()
    assert content(chunks) == "a"
    assert all(choice["finish_reason"] is None for choice in choices(chunks))
    assert error == {
        "error": {
            "message": "The answerer failed: it is tired",
            "type": "server_error",
            "param": None,
            "code": None,
        }
    }


@both_ways
def test_a_failure_without_stream_is_a_500(*, blocking: bool) -> None:
    service = Service(failing, blocking=blocking)
    for _ in range(2):  # the place is free again
        response = service.post()
        assert response.status_code == 500
        assert response.json
        assert response.json["error"]["message"] == "The answerer failed: it is tired"


def test_too_many_streams_get_503_in_either_form() -> None:
    service = Service(["a"])
    unread = service.post(stream=True)
    for stream in (False, True):
        response = service.post(stream=stream)
        assert response.status_code == 503
        assert response.headers["Retry-After"] == "1"
        assert response.json
        assert response.json["error"]["type"] == "server_error"
    unread.close()
    assert service.post().status_code == 200


def test_models_are_listed() -> None:
    client = Service([]).client
    listed = client.get("/v1/models").json
    assert listed
    assert listed["object"] == "list"
    (model,) = listed["data"]
    assert (model["id"], model["object"]) == ("m", "model")
    assert client.get("/v1/models/m").json == model
    missing = client.get("/v1/models/other")
    assert (missing.status_code, set(missing.json or ())) == (404, {"error"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/v1/chat", 404), ("GET", PATH, 405), ("POST", "/v1/models", 405)],
)
def test_what_is_not_there_is_refused_in_the_same_shape(
    method: str, path: str, status: int
) -> None:
    response = Service([]).client.open(path, method=method)
    assert response.status_code == status
    assert response.json
    assert set(response.json["error"]) == {"message", "type", "param", "code"}


def test_a_body_beyond_the_limit_is_refused_in_the_same_shape() -> None:
    client = create_app(body_limit_bytes=10).test_client()
    response = client.post(PATH, json={"model": "a long name"})
    assert response.status_code == 413
    assert response.json
    assert response.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("field", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer other", 401),
        ("Basic secret", 401),
        ("Bearer sécret", 401),
        ("Bearer secret", 200),
        ("bearer secret", 200),
    ],
)
def test_with_a_key_only_its_bearers_are_served(field: str | None, status: int) -> None:
    client = create_app(api_key="secret").test_client()
    fields = {} if field is None else {"Authorization": field}
    response = client.get("/v1/models", headers=fields)
    assert response.status_code == status
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert response.json
        assert response.json["error"]["code"] == "invalid_api_key"
    assert client.get("/").status_code == 200


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
STEPS = st.lists(TEXTS | st.builds(RequestedCall, st.just("f"), TEXTS), max_size=8)


@settings(suppress_health_check=[HealthCheck.differing_executors])
@given(STEPS, st.lists(TEXTS, max_size=2), st.integers(1, 12), st.integers(1, 3))
def test_a_stream_and_a_whole_answer_say_the_same(
    steps: list[str | RequestedCall], stops: list[str], cap: int, count: int
) -> None:
    service = Service(steps)
    asked = {"stop": stops, "max_tokens": cap, "n": count, "tools": [TOOL]}
    chunks = service.chunks(**asked, stream_options={"include_usage": True})
    whole = service.whole(**asked)
    for choice in whole["choices"]:
        streamed = choices(chunks, choice["index"])
        assert content(chunks, choice["index"]) == (choice["message"]["content"] or "")
        assert streamed[-1]["finish_reason"] == choice["finish_reason"]
        calls = choice["message"].get("tool_calls", [])
        assert gathered(chunks) == [
            (call["function"]["name"], call["function"]["arguments"]) for call in calls
        ]
    assert chunks[-1]["usage"] == whole["usage"]
    assert whole["usage"]["completion_tokens"] <= cap * count

"""The openai answerer against an independent mock of such a server, and against worse ones."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from streamchat_reference.answerers.interface import (
    AnswererError,
    Closing,
    OfferedTool,
    Question,
    RequestedCall,
    Thought,
)
from streamchat_reference.answerers.openai import ModelUrlError, OpenAIAnswerer, messages

from .harness import EXIT_S, events, post, running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from streamchat_reference.lossless_json import PlainJson

READY_S = 30.0
PROMPTLY_S = 20.0
"""Far less than the minutes that it would take otherwise; the machine may be busy."""
ANSWER = "Blue — mostly, \U0001f600 I think."
# The mock looks the answer up once more before it streams it, so it must lead to itself.
RESPONSES = f"""
responses:
  "sky": "{ANSWER}"
  "{ANSWER}": "{ANSWER}"
defaults:
  unknown_response: "No idea."
settings:
  lag_enabled: {{lag}}
  lag_factor: 0.001
"""


@contextmanager
def mock_model_server(directory: Path, *, slow: bool = False) -> Iterator[str]:
    """Run mockllm on a free port; give its base URL. A slow one takes minutes for each piece."""
    responses = directory / "responses.yml"
    responses.write_text(RESPONSES.format(lag=str(slow).lower()), "utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "mockllm.server:app", "--port", "0"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "MOCKLLM_RESPONSES_FILE": str(responses), "PYTHONUTF8": "1"},
    ) as process:
        try:
            yield f"http://127.0.0.1:{_announced_port(process)}/v1"
        finally:
            process.kill()


def _announced_port(process: subprocess.Popen[bytes]) -> int:
    assert process.stderr is not None
    until_s = time.monotonic() + READY_S
    printed = b""
    while time.monotonic() < until_s:
        if select.select([process.stderr], [], [], until_s - time.monotonic())[0]:
            printed += os.read(process.stderr.fileno(), 65536)
        if found := re.search(rb"running on http://127\.0\.0\.1:(\d+)", printed):
            return int(found[1])
        if process.poll() is not None:
            break
    raise AssertionError(f"the mock model server did not start: {printed!r}")


@pytest.fixture(scope="module")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mock_model_server(tmp_path_factory.mktemp("model")) as url:
        yield url


def test_an_answer_arrives_in_pieces(model_url: str) -> None:
    *pieces, closing = OpenAIAnswerer(model_url, "gpt-4").generate(Question("sky"))
    assert "".join(map(str, pieces)) == ANSWER
    assert len(pieces) > 3
    assert closing == Closing()


def test_the_endpoint_streams_a_models_answer(model_url: str, tmp_path: Path) -> None:
    options = ("--answerer", "openai", "--openai-url", model_url, "--openai-model", "gpt-4")
    with running_server(tmp_path, *options) as server:
        history = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
        response = server.exchange(post({"prompt": "sky", "history": history}))
    assert response.status == 200
    answers = events(response.body)
    assert "".join(event["response"] for event in answers) == ANSWER
    assert all(set(event) == {"response"} for event in answers)


def test_a_hang_up_ends_the_wait_for_a_silent_model(tmp_path: Path) -> None:
    with (
        mock_model_server(tmp_path, slow=True) as url,
        running_server(
            tmp_path,
            *("--answerer", "openai", "--openai-url", url, "--openai-model", "gpt-4"),
            *("--max-streams", "1", "--heartbeat", "60"),
        ) as server,
    ):
        with server.connect() as conversation:
            conversation.send(post({"prompt": "sky", "history": []}))
            conversation.read_until(b": open\n\n")
            assert server.exchange(post()).status == 503
        until_s = time.monotonic() + PROMPTLY_S
        status = 503
        while status == 503 and time.monotonic() < until_s:
            with server.connect() as conversation:
                conversation.send(post())
                status = conversation.read_head().status
        code, took_s = server.stop()
    assert status == 200
    assert (code, took_s < EXIT_S) == (0, True)


@contextmanager
def scripted_model_server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers one request with `answer`; yields its URL and the request."""
    requests: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(PROMPTLY_S)
            request = b""
            while b"\r\n\r\n" not in request or not request.endswith(b"}"):
                request += connection.recv(65536)
            requests.append(request)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PROMPTLY_S)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/", requests
        finally:
            thread.join()


STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
PIECE = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
FINISH = b'{"choices":[{"delta":{},"finish_reason":"%s"}]}'


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", "answered with status 401"),
        (b"", "cannot be reached, or broke off"),
        (b"SSH-2.0-x\r\n", "cannot be reached, or broke off"),
        (STREAM_HEAD, "ended before its answer was complete"),
        (STREAM_HEAD + PIECE, "ended before its answer was complete"),
        (STREAM_HEAD + PIECE + b"data: {\n\n", "not JSON"),
        (STREAM_HEAD + PIECE + b'data: {"error":{"message":"x"}}\n\n', "reported an error"),
        (STREAM_HEAD + b"data: " + b"x" * 2_000_000, "endless line"),
    ],
)
def test_a_failing_model_server_fails_the_answer(answer: bytes, words: str) -> None:
    with scripted_model_server(answer) as (url, _), pytest.raises(AnswererError, match=words):
        list(OpenAIAnswerer(url, "m").generate(Question("p")))


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_comments_other_fields_and_empty_deltas_are_passed_over(ending: bytes) -> None:
    lines = [
        b": a comment",
        b"event: message",
        b'data: {"choices":[{"delta":{"role":"assistant","content":null}}]}',
        b"",
        b'data:{"choices":[{"delta":{"content":"a\\u2028"}}]}',
        b"",
        b'data: {"choices":[]}',
        b"",
        b"data: " + FINISH % b"stop",
        b"",
        b"data: [DONE]",
        b"",
        b"",
    ]
    with scripted_model_server(STREAM_HEAD + ending.join(lines)) as (url, requests):
        steps = list(OpenAIAnswerer(url, "m", "key").generate(Question("p")))
    assert steps == ["a\u2028", Closing()]
    assert requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert b"\r\nauthorization: bearer key\r\n" in requests[0].lower()


def chunk(delta: str, more: str = "") -> bytes:
    return b'data: {"choices":[{"index":0,"delta":%s}]%s}\n\n' % (delta.encode(), more.encode())


def test_calls_of_tools_are_put_together_from_their_pieces() -> None:
    answer = (
        chunk('{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}'),
        chunk('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}'),
        chunk('{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]}'),
        chunk('{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}'),
        b"data: " + FINISH % b"tool_calls" + b"\n\ndata: [DONE]\n\n",
    )
    with scripted_model_server(STREAM_HEAD + b"".join(answer)) as (url, requests):
        question = Question("p", tools=(OfferedTool("f"),), must_call=True, parallel_calls=False)
        steps = list(OpenAIAnswerer(url, "m").generate(question))
    assert steps == [RequestedCall("f", '{"a":1}'), RequestedCall("g", "{}"), Closing()]
    sent = json.loads(requests[0].partition(b"\r\n\r\n")[2])
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["f"]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ("required", False)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_is_kept_apart_from_the_answer(name: str) -> None:
    answer = chunk(f'{{"{name}":"Hm."}}') + PIECE + b"data: " + FINISH % b"stop" + b"\n\n"
    with scripted_model_server(STREAM_HEAD + answer) as (url, _):
        steps = list(OpenAIAnswerer(url, "m").generate(Question("p")))
    assert steps == [Thought("Hm."), "a", Closing()]


def test_options_are_passed_on_and_usage_and_the_reason_come_back() -> None:
    usage = ',"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}'
    answer = PIECE + b"data: " + FINISH % b"length" + b"\n\n" + chunk("{}", usage)
    with scripted_model_server(STREAM_HEAD + answer) as (url, requests):
        question = Question("p", options={"temperature": 0.5, "max_tokens": 4})
        assert list(OpenAIAnswerer(url, "m").generate(question)) == ["a", Closing("length", 3, 4)]
    sent = json.loads(requests[0].partition(b"\r\n\r\n")[2])
    assert (sent["temperature"], sent["max_tokens"], sent["stream"]) == (0.5, 4, True)


@pytest.mark.parametrize("begun", [b"", STREAM_HEAD, STREAM_HEAD + PIECE])
def test_a_wait_can_be_cancelled_at_any_time(begun: bytes) -> None:
    """The model server reads the request, sends `begun`, and is silent until the client goes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PROMPTLY_S)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        answer = OpenAIAnswerer(url, "m").generate(Question("p"))

        def cancel() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(PROMPTLY_S)
                while not connection.recv(65536).endswith(b"}"):
                    pass
                connection.sendall(begun)
                answer.cancel()
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=cancel)
        thread.start()
        began_s = time.monotonic()
        with pytest.raises(AnswererError):
            list(answer)
        thread.join()
    assert time.monotonic() - began_s < PROMPTLY_S


def test_the_key_is_not_printed() -> None:
    assert "secret" not in repr(OpenAIAnswerer("http://127.0.0.1:1/v1", "m", "secret"))


def test_an_unreachable_model_server_fails_the_answer(held_port: Callable[..., int]) -> None:
    port = held_port()
    with pytest.raises(AnswererError, match="cannot be reached"):
        list(OpenAIAnswerer(f"http://127.0.0.1:{port}/v1", "m").generate(Question("p")))


@pytest.mark.parametrize("url", ["", "localhost:8000", "http://", "http://h:x/v1", "http://h/v1?q"])
def test_a_url_that_cannot_be_used_is_reported(url: str) -> None:
    with pytest.raises(ModelUrlError):
        OpenAIAnswerer(url, "m")


def test_history_items_become_messages() -> None:
    turn: PlainJson = {"role": "assistant", "content": "Hi"}
    called: PlainJson = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    result: PlainJson = {"role": "tool", "content": "sunny", "tool_call_id": "1"}
    history: list[PlainJson] = [turn, "text", 3, {"role": "x", "content": "y"}, called, result]
    assert messages(Question("now", history, since=[called, result])) == [
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "text"},
        {"role": "user", "content": "3"},
        {"role": "user", "content": '{"role": "x", "content": "y"}'},
        called,
        result,
        {"role": "user", "content": "now"},
        called,
        result,
    ]

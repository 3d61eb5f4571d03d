"""Servers show their dialect to a few bounded requests, whatever they answer."""

from __future__ import annotations

import contextlib
import shlex
import socket
from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.__main__ import main
from streamchat_conformance.commands import guess
from streamchat_conformance.guessing import probing
from streamchat_fixtures import dialects
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.socket_server import SocketServer, receive_request

from ..reference.harness import running_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAST = ControlSettings(interval_s=0.005)


def control(dialect: str) -> ControlServer:
    return ControlServer([], settings=FAST, steps=dialects.steps_of(dialect))


@pytest.mark.parametrize("dialect", dialects.NAMES)
def test_the_control_server_of_each_dialect_is_recognised(
    dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = dialects.steps_of(dialect)
    with control(dialect) as server:
        base = server.url.rstrip("/")
        for url in (base, f"{base}/", f"{base}/v1", f"{base}{steps.path}", f"{base}/nowhere"):
            assert guess.main([url]) == 0
            output = capsys.readouterr().out
            assert output.count("  dialect ") == 1, url
            assert f"  dialect   {dialect} (" in output
            assert ": sure\n" in output
            assert f"--dialect {dialect} --target-url {base}\n" in output


def test_every_endpoint_of_the_reference_server_is_recognised(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--answerer", "typewriter", "--interval", "0.01")
    with running_server(tmp_path, *options) as server:
        assert guess.main([server.url, "--model", "it's"]) == 0
        output = capsys.readouterr().out
    for name in ("stream-chat", "anthropic", "openai"):
        assert f"  dialect   {name} (" in output
    assert output.count(": sure\n") == output.count("  dialect ") == 3
    command = next(line for line in output.splitlines() if "--dialect openai" in line)
    assert shlex.split(command)[-2:] == ["--model", "it's"]


@contextlib.contextmanager
def answering(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """Serve each connection with the bytes that a function makes of its request; yield the URL."""

    def talk(connection: socket.socket, _: int) -> None:
        connection.sendall(answer(receive_request(connection)))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with SocketServer(talk) as server:
        yield server.url


def response(status: str, media_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def test_a_dialect_at_a_path_of_its_own_is_recognised(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(request: bytes) -> bytes:
        if not request.startswith(b"POST /my/agent?x=1 "):
            return response("404 Not Found", "text/plain", b"no")
        if b'"threadId"' not in request:
            return response("422 Unprocessable", "application/json", b'{"detail": []}')
        return response("200 OK", "text/event-stream", b'data: {"type":"RUN_STARTED"}\n\n')

    with answering(answer) as url:
        assert guess.main([f"{url}/my/agent?x=1"]) == 0
    output = capsys.readouterr().out
    assert "dialect   AG-UI: sure" in output
    assert "no dialect of this version judges that; a file can declare it" in output
    assert f"--dialect FILE.toml --target-url {url}/my/agent\n" in output


def test_a_server_that_speaks_another_familys_form_gets_the_other_command_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(request: bytes) -> bytes:
        if not request.startswith(b"POST /api/chat "):
            return response("404 Not Found", "text/plain", b"404 page not found")
        if b'"model"' not in request:
            return response("400 Bad Request", "application/json", b'{"error":"no model"}')
        line = b'{"model":"m","created_at":"x","message":{"content":"Hi"},"done":false}\n'
        return response("200 OK", "application/x-ndjson", line)

    with answering(answer) as url:
        assert guess.main([url]) == 0
        output = capsys.readouterr().out
        assert "dialect   Ollama's own API: sure" in output
        assert f"streamchat-conformance --dialect openai --target-url {url}\n" in output


def test_a_refusal_in_anothers_form_does_not_hide_the_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def answer(request: bytes) -> bytes:
        if not request.startswith(b"POST /v1/messages "):
            return response("404 Not Found", "application/json", b'{"detail":"Not Found"}')
        if request.endswith(b"{}"):
            error = b'{"error":{"message":"model is missing","type":"x","param":null,"code":400}}'
            return response("400 Bad Request", "application/json", error)
        event = b'event: message_start\ndata: {"type":"message_start"}\n\n'
        return response("200 OK", "text/event-stream", event)

    with answering(answer) as url:
        assert guess.main([url]) == 0
    assert "dialect   anthropic (Anthropic's Messages API): sure" in capsys.readouterr().out


def test_a_server_that_wants_a_key_is_asked_no_plain_request(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes:
        seen.append(request)
        if b"sesame-seeds" in request:
            event = b'data: {"object":"chat.completion.chunk"}\n\n'
            return response("200 OK", "text/event-stream", event)
        error = b'{"error":{"message":"no key: sesame","type":"auth","param":null,"code":null}}'
        return response("401 Unauthorized", "application/json", error)

    with answering(answer) as url:
        assert guess.main([f"{url}/v1/chat/completions"]) == 0
        output = capsys.readouterr().out
        assert "the server wants a key" in output
        assert len([request for request in seen if request.startswith(b"POST ")]) == 1
        monkeypatch.setenv("THE_KEY", "sesame-seeds")
        assert guess.main([f"{url}/v1/chat/completions", "--api-key-env=THE_KEY"]) == 0
        output = capsys.readouterr().out
        assert "openai (Chat Completions): sure" in output
        assert "--api-key-env THE_KEY" in output
        assert "sesame" not in output


def test_what_no_family_is_known_by_is_shown_as_it_was_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    body = b'event: tick\ndata: {"alpha": 1}\n\n'
    with answering(lambda _: response("200 OK", "text/event-stream", body)) as url:
        assert guess.main([f"{url}/chat"]) == 4
    output = capsys.readouterr().out
    assert "not recognised" in output
    assert "events named tick" in output
    assert "JSON objects with the members alpha" in output


def test_a_web_page_at_every_path_is_no_endpoint(capsys: pytest.CaptureFixture[str]) -> None:
    with answering(lambda _: response("200 OK", "text/html", b"<!doctype html>")) as url:
        assert guess.main([url]) == 4
    assert "no endpoint answers: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + b"\xff" * 3_000_000,
        b"HTTP/1.1 200 \x1b[2J\r\nContent-Type: \x1b[2J\r\n\r\nevent: \x1b[2J\n\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"a":' + b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxxx",
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_hostile_answers_are_data(
    answer: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(probing, "WITHIN_S", 0.5)
    with answering(lambda _: answer) as url:
        assert guess.main([f"{url}/chat"]) in (4, 6)
    printed = capsys.readouterr()
    assert "\x1b" not in printed.out + printed.err
    assert "Traceback" not in printed.out + printed.err


def test_no_more_requests_are_sent_than_promised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(probing, "REQUESTS", 5)
    seen: list[bytes] = []

    def answer(request: bytes) -> bytes:
        seen.append(request)
        return response("200 OK", "application/json", b'{"ok": true}')

    with answering(answer) as url:
        assert guess.main([url]) == 4
    assert len([request for request in seen if not request.startswith(b"OPTIONS")]) == 5
    assert "requests    5 sent; stopped early" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 4),
        (["ftp://host/"], 4),
        (["http://"], 4),
        (["http://u:p@h/"], 4),
        (["no-such-file"], 4),
        (["."], 4),
        (["http://127.0.0.1:9/", "--api-key-env=NOT_SET_AT_ALL"], 4),
        (["http://127.0.0.1:9/", "--target-header=x"], 4),
        (["http://127.0.0.1:9/"], 6),
        (["--help"], 0),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guess.main(arguments) == code
    printed = capsys.readouterr()
    if code:
        assert (printed.out + printed.err).count("\n") == 1


@pytest.mark.parametrize(
    ("dialect", "options", "hint"),
    [
        ("openai", ("--dialect=stream-chat",), "--dialect openai --target-url {url}\n"),
        (
            "stream-chat",
            ("--dialect=openai", "--model=m"),
            "--dialect stream-chat --target-url {url}",
        ),
        ("openai", ("--endpoint-path=/nowhere",), "--dialect openai --target-url {url}\n"),
        (
            "stream-chat",
            ("--dialect=openai", "--model=m", "--endpoint-path=/api/stream-chat"),
            "--dialect stream-chat --target-url {url}",
        ),
    ],
)
def test_a_run_with_the_wrong_dialect_names_the_right_one(
    dialect: str, options: tuple[str, ...], hint: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with control(dialect) as server:
        url = server.url.rstrip("/")
        assert main(["-q", f"--target-url={url}", *options]) == 6
    assert "judge it with: streamchat-conformance " + hint.format(url=url) in capfd.readouterr().out


@pytest.mark.parametrize(
    "events",
    [
        b'{"choices": [{"delta": {"content": "Hello"}}]}',
        b'{"type": "response.output_text.delta", "delta": "Hello"}',
    ],
)
@pytest.mark.parametrize("particular", [True, False])
def test_an_endpoint_that_takes_this_dialects_requests_only_is_judged_whatever_it_streams(
    events: bytes, particular: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    def answer(request: bytes) -> bytes:
        if particular and b'"prompt"' not in request:
            return response("400 Bad Request", "application/json", b'{"error": "no prompt"}')
        return response("200 OK", "text/event-stream", b"data: " + events + b"\n\n")

    path = "/api/stream-chat" if particular else "/v1/responses"
    with answering(answer) as url:
        options = (f"--target-url={url.rstrip('/')}{path}", "--requirement=payload.response")
        code = main(["-q", "--dialect=stream-chat", *options])
    printed = capfd.readouterr().out
    assert code == (1 if particular else 6), printed
    assert ("--dialect openai" in printed) != particular, printed


def test_an_api_of_somebodys_own_may_be_like_one_that_is_known(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        '[dialect]\nname = "own"\npath = "/say"\n'
        '[request]\ntemplate = \'{"question": "$prompt"}\'\n'
        '[[event]]\ntext = "/choices/0/delta/content"\n',
        "utf-8",
    )
    error = b'{"error": {"message": "the model is gone", "type": "x", "param": null}}'
    with answering(lambda _: response("400 Bad Request", "application/json", error)) as url:
        main(["-q", f"--dialect={file}", f"--target-url={url}", "--requirement=headers.date"])
    assert "answers as" not in capfd.readouterr().out

"""The article's client as a command."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from streamchat_reference import client
from streamchat_reference.answerers.echo import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import RunningServer

SOON_S = 10.0
HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: str) -> str:
    return f"{len(text.encode()):x}\r\n{text}\r\n"


@contextmanager
def scripted_server(answer: str) -> Iterator[tuple[str, list[bytes]]]:
    """Answers one request with `answer` and closes; gives its URL and the request."""
    requests: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(SOON_S)
            request = b""
            while b"\r\n\r\n" not in request or not request.endswith(b"}"):
                request += connection.recv(65536)
            requests.append(request)
            connection.sendall(answer.encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SOON_S)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", requests
        finally:
            thread.join()


def test_it_types_the_answer(server: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    assert client.main([server.url, "Hello"]) == 0
    assert capsys.readouterr() == (PLACEHOLDER * 3 + "\n", "")


def test_it_types_each_piece_when_it_arrives(endless: RunningServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "streamchat_reference.client", endless.url, "Hello"],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        typed = b""
        while len(typed) < 2 * len(PLACEHOLDER):
            assert select.select([process.stdout], [], [], SOON_S)[0]
            typed += os.read(process.stdout.fileno(), 1000)
        process.send_signal(signal.SIGINT)
        assert process.wait(SOON_S) == 0


def test_it_ends_quietly_when_nothing_reads_its_output(endless: RunningServer) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "streamchat_reference.client", endless.url, "Hello"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(5)
        process.stdout.close()
        assert process.wait(SOON_S) == 0
        assert process.stderr.read() == b""


def test_it_sends_the_history_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = [{"role": "user", "content": "Grüß Gott"}]
    (tmp_path / "talk.json").write_text(json.dumps(history), "utf-8")
    answer = HEAD + chunk('data: {"response":"x"}\n\n') + chunk("")
    with scripted_server(answer) as (url, requests):
        assert client.main([url, "p", "--history", str(tmp_path / "talk.json")]) == 0
    head, _, body = requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /api/stream-chat HTTP/1.1\r\n")
    assert b"Content-Type: application/json" in head
    assert json.loads(body) == {"prompt": "p", "history": history}
    assert capsys.readouterr().out == "x\n"


def test_it_passes_over_comments_and_other_fields(capsys: pytest.CaptureFixture[str]) -> None:
    stream = ': hello\nid: 3\nretry: 5\ndata:{"response":"a"}\n\ndata: {"response":"b"}\n\n'
    with scripted_server(HEAD + chunk(stream) + chunk("")) as (url, _):
        assert client.main([url, "p"]) == 0
    assert capsys.readouterr().out == "ab\n"


@pytest.mark.parametrize(
    ("answer", "exit_code", "error"),
    [
        (
            'HTTP/1.1 400 Bad\r\nContent-Length: 23\r\n\r\n{"error": "no\\nprompt"}',
            1,
            "refused with status 400: no prompt",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
            1,
            "refused with status 502: Bad Gateway",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 1, "answered with no media type"),
        ("", 3, "cannot be reached"),
        (HEAD + chunk('data: {"response":"a"}\n\n'), 4, "the answer broke off"),
        (HEAD + chunk("data: [DONE]\n\n") + chunk(""), 4, "no JSON object"),
        (
            HEAD + chunk('event: error\ndata: {"error":"tired"}\n\n') + chunk(""),
            4,
            "the answer failed: tired",
        ),
    ],
)
def test_a_failure_is_reported_in_one_line_and_the_exit_code(
    answer: str, exit_code: int, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted_server(answer) as (url, _):
        assert client.main([url, "p"]) == exit_code
    printed = capsys.readouterr().err
    assert error in printed
    assert printed.startswith("streamchat_reference.client: error: ")
    assert printed.count("\n") == 1


def test_a_refusal_of_the_reference_is_reported(
    server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client.main([server.url + "/no/such/path", "p"]) == 1
    assert capsys.readouterr().err.endswith("error: refused with status 404: Not Found\n")


def test_a_server_gives_no_orders_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    answer = HEAD + chunk('data: {"response":"\\u001b[2J\\u009b\\ud800\\n\\tend"}\n\n') + chunk("")
    with scripted_server(answer) as (url, _):
        assert client.main([url, "p"]) == 0
    assert capsys.readouterr().out == "\ufffd[2J\ufffd\ufffd\n\tend\n"


@pytest.mark.parametrize("url", ["127.0.0.1:5000", "ftp://x", "http://", "http://[", "http://h:x"])
def test_a_bad_url_is_reported(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert client.main([url, "p"]) == 2
    assert "is no URL; it looks like" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"{}", "must hold a JSON array"),
        (b"[", "is not JSON in UTF-8"),
        (b"\xff", "is not JSON in UTF-8"),
        (b"[" * 100_000, "is not JSON in UTF-8"),
        (None, "cannot read"),
    ],
)
def test_a_bad_history_file_is_reported(
    content: bytes | None, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "talk.json"
    if content is not None:
        path.write_bytes(content)
    assert client.main(["http://127.0.0.1:1", "p", "--history", str(path)]) == 2
    assert error in capsys.readouterr().err


def test_missing_arguments_are_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        client.main([])
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1

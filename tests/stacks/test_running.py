"""Stacks start and end whole; what cannot start is reported in one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

import pytest
from streamchat_fixtures.stacks import STACKS, LaunchError, running
from streamchat_fixtures.stacks.__main__ import main
from streamchat_fixtures.stacks.judging import JudgingError, judge

LIMIT_S = 30.0


def ask(url: str) -> tuple[int, str, bytes]:
    host, _, port = url.removeprefix("http://").partition(":")
    connection = HTTPConnection(host, int(port), timeout=LIMIT_S)
    try:
        connection.request(
            "POST",
            "/api/stream-chat",
            json.dumps({"prompt": "Hello", "history": []}),
            {"Content-Type": "application/json"},
        )
        response = connection.getresponse()
        return response.status, response.headers["Content-Type"], response.read()
    finally:
        connection.close()


def refuses(url: str) -> bool:
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


# These two are made of what the suite itself depends on.
@pytest.mark.parametrize("name", ["flask-werkzeug", "gunicorn-gthread"])
def test_a_stack_streams_while_it_runs_and_is_gone_afterwards(name: str) -> None:
    with running(STACKS[name]) as url:
        status, media_type, body = ask(url)
    assert status == 200
    assert media_type.startswith("text/event-stream")
    assert body.count(b"data: ") == 5
    assert refuses(url)


def test_a_missing_interpreter_is_reported(tmp_path: Path) -> None:
    with (
        pytest.raises(LaunchError, match=r"gunicorn-gthread did not start: .*No such file"),
        running(STACKS["gunicorn-gthread"], python=str(tmp_path / "python")),
    ):
        pass


def test_a_server_that_ends_at_once_is_reported_with_its_last_words() -> None:
    stack = replace(
        STACKS["flask-werkzeug"], command=("{python}", "-c", "raise SystemExit('no room')")
    )
    with (
        pytest.raises(LaunchError, match=r"^flask-werkzeug ended with 1; it said: no room$"),
        running(stack),
    ):
        pass


def test_a_missing_package_is_reported_before_anything_starts() -> None:
    stack = replace(STACKS["flask-werkzeug"], packages=("no-such-distribution",))
    with pytest.raises(LaunchError, match=r"its packages are not installed \(.*no-such-dist"):
        judge(stack)


def test_a_target_that_cannot_be_judged_is_reported_with_the_exit_code() -> None:
    # It listens, and never answers a request as HTTP.
    code = (
        "import socket, sys\n"
        "listening = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
        "while True: listening.accept()[0].close()\n"
    )
    stack = replace(
        STACKS["flask-werkzeug"], command=("{python}", "-c", code, "{port}"), packages=("Flask",)
    )
    with pytest.raises(JudgingError, match=r"^flask-werkzeug: no verdict, exit 6: "):
        judge(stack)


def test_the_command_serves_until_it_is_ended() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "streamchat_fixtures.stacks", "serve", "gunicorn-gthread"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    with process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert ask(url)[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == 0
    assert refuses(url)


def test_the_command_lists_every_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(STACKS)


@pytest.mark.parametrize("command", ["serve", "judge"])
def test_an_unknown_stack_is_reported_in_one_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "iis"]) == 2
    assert capsys.readouterr().err == "error: there is no stack 'iis'; `list` names them\n"

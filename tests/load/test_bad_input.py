from __future__ import annotations

import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .harness import (
    LOCUSTFILE,
    REQUEST_LIMIT_S,
    RUN_LIMIT_S,
    environment,
    load,
    locust_command,
    refusing_port,
    running_server,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import MockServer


@pytest.fixture(scope="module")
def good() -> Iterator[MockServer]:
    with running_server("--events", 3) as server:
        yield server


def test_an_impossible_request_is_refused_in_one_line_before_any_load(
    good: MockServer, tmp_path: Path
) -> None:
    before = good.counts().get("streams", 0)
    result = load(good.url, tmp_path, "--profile", "rampp")
    assert result.exit_code == 2, result.output
    lines = [line for line in result.output.splitlines() if line.startswith("streamchat load: ")]
    assert len(lines) == 1
    assert "there is no profile 'rampp'; did you mean 'ramp'?" in lines[0]
    assert "Traceback" not in result.output
    assert good.counts().get("streams", 0) == before


def test_several_processes_complain_once(good: MockServer, tmp_path: Path) -> None:
    result = load(good.url, tmp_path, "--processes", 2, "--profile", "nope")
    assert result.exit_code == 2, result.output
    assert result.output.count("there is no profile 'nope'") == 1


def test_an_unreachable_host_is_reported(tmp_path: Path) -> None:
    with refusing_port() as port:
        result = load(f"http://127.0.0.1:{port}", tmp_path)
    assert result.exit_code == 2, result.output
    assert "cannot be reached: cannot connect: connection refused" in result.output


def test_a_server_that_is_not_the_endpoint_is_reported(good: MockServer, tmp_path: Path) -> None:
    result = load(f"{good.url}/elsewhere", tmp_path)
    assert result.exit_code == 2, result.output
    assert "is not the endpoint: a valid request got status 404" in result.output


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(RUN_LIMIT_S)
        yield listening


def url_of(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_server_that_never_answers_is_reported(silent: socket.socket, tmp_path: Path) -> None:
    result = load(url_of(silent), tmp_path, "--preflight-limit-s", 0.5)
    assert result.exit_code == 2, result.output
    assert "gave no answer: none within 0.5 s (see --preflight-limit-s)" in result.output


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_before_the_load_ends_it_at_once(
    silent: socket.socket, signal_: signal.Signals
) -> None:
    command = locust_command(url_of(silent), "--headless", "--preflight-limit-s", 600)
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
        ) as process,
        silent.accept()[0] as connection,
    ):
        connection.settimeout(REQUEST_LIMIT_S)
        assert connection.recv(1)
        process.send_signal(signal_)
        output, _ = process.communicate(timeout=RUN_LIMIT_S)
    assert process.returncode == 2, output
    assert "streamchat load: interrupted before any load" in output
    assert "Traceback" not in output


def test_the_profiles_are_listed_without_a_target() -> None:
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--list-profiles"]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
        env=environment(),
    )
    assert done.returncode == 0
    assert done.stdout.startswith("smoke: ")
    assert "reconnect-storm: " in done.stdout

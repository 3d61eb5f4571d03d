"""Starting, announcing, and ending: what a process manager or a test suite relies on."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from .harness import (
    EXIT_S,
    READY_S,
    Conversation,
    command,
    events,
    first_line,
    post,
    running_server,
)

if TYPE_CHECKING:
    from pathlib import Path

SOON_S = 14.0
"""Far less than the minute that the streams have to go; the machine may be busy."""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_ends_streams_properly_and_exits_with_zero(
    tmp_path: Path, how: signal.Signals
) -> None:
    with (
        running_server(tmp_path, "--interval", "60") as server,
        server.connect() as conversation,
        server.connect() as idle,
    ):
        idle.send(post(b"{"))
        idle.read_response()
        conversation.send(post())
        conversation.read_until(b"data: ")
        code, took_s = server.stop(how)
        rest = conversation.read_to_end()
    assert rest.endswith(b'event: error\ndata: {"error":"The server is stopping"}\n\n\r\n0\r\n\r\n')
    assert (code, took_s < SOON_S) == (0, True)
    assert server.log.read_text() == ""


def test_a_stop_is_not_delayed_by_clients_that_do_nothing(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, "--interval", "0") as server,
        server.connect() as silent,
        server.connect() as half,
        server.connect() as unread,
    ):
        half.send(post()[:-4])
        unread.send(post({"prompt": "x" * 100_000, "history": []}))
        unread.read_head()
        code, took_s = server.stop()
        silent.read_to_end()
    assert (code, took_s < SOON_S) == (0, True)


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "import subprocess, sys\n"
        f"server = subprocess.Popen({command('--exit-with-parent')!r})\n"
        "sys.stdin.readline()\n"
        "print(server.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        port = int(first_line(parent).rsplit(":", 1)[1])
        print(file=parent.stdin, flush=True)
        end = os.pidfd_open(int(parent.stdout.readline()))
        with Conversation(port) as conversation:
            conversation.send(post())
            conversation.read_until(b"data: ")
            parent.kill()
            parent.wait(EXIT_S)
            assert b"The server is stopping" in conversation.read_to_end()
        assert _ended_soon(end)


def test_the_worker_ends_without_its_master(tmp_path: Path) -> None:
    with running_server(tmp_path, "--interval", "60") as server, server.connect() as conversation:
        end = os.pidfd_open(server.worker_pid())
        conversation.send(post())
        conversation.read_until(b"data: ")
        server.process.kill()
        assert b"The server is stopping" in conversation.read_to_end()
        assert _ended_soon(end)


def test_a_worker_that_died_is_replaced_and_the_url_stays(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        worker = server.worker_pid()
        os.kill(worker, signal.SIGKILL)
        assert server.exchange(post(b"{")).status == 400
        assert server.worker_pid() != worker
        server.stop()
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""


def test_a_reload_ends_the_old_streams_and_not_the_new_ones(tmp_path: Path) -> None:
    with running_server(tmp_path, "--interval", "0.1") as server, server.connect() as old:
        old.send(post())
        old.read_until(b"data: ")
        server.process.send_signal(signal.SIGHUP)
        assert b"The server is stopping" in old.read_to_end()
        with server.connect() as new:
            new.send(post())
            for _ in range(3):
                new.read_until(b'data: {"prompt"')


def test_the_url_is_also_written_to_a_descriptor(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        command("--exit-with-parent", "--ready-fd", str(writing)),
        pass_fds=[writing],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        os.close(writing)
        try:
            with os.fdopen(reading) as ready:
                url = ready.readline().strip()
            assert url == first_line(process)
        finally:
            process.terminate()
            assert process.wait(EXIT_S) == 0


def test_an_ipv6_address_can_be_served(tmp_path: Path) -> None:
    with running_server(tmp_path, "--host", "::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        with socket.create_connection(("::1", server.port), SOON_S) as client:
            client.sendall(post(b"{"))
            assert client.recv(12) == b"HTTP/1.1 400"


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "streamchat_reference", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=READY_S,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"streamchat_reference: error: cannot listen on 127.0.0.1:{port}: address already in use\n"
    )


def test_an_answerer_of_the_users_own_is_served(tmp_path: Path) -> None:
    (tmp_path / "parrot.py").write_text(
        "def answer(prompt, history):\n    yield prompt.upper()\n    yield str(history)\n"
    )
    with running_server(tmp_path, "--answerer", "parrot:answer") as server:
        response = server.exchange(post({"prompt": "polly", "history": [1, 2.5]}))
    assert events(response.body) == [{"response": "POLLY"}, {"response": "[1, 2.5]"}]


def _ended_soon(end: int) -> bool:
    """Wait for the end of the process behind a descriptor of it, and close that."""
    try:
        return select.select([end], [], [], SOON_S)[0] == [end]
    finally:
        os.close(end)

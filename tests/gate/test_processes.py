"""A server that is started for a run: awaited, watched, and ended with all that it started."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from streamchat_conformance.gate import processes
from streamchat_conformance.gate.command import TargetCommand, check_command
from streamchat_conformance.gate.ports import listening
from streamchat_conformance.gate.processes import how_it_ended, members
from streamchat_conformance.suite.config.typed import SettingsError
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

PYTHON = shlex.quote(sys.executable)
START_S = 20.0


def python(code: str, *arguments: str) -> str:
    return shlex.join([sys.executable, "-c", code, *arguments])


LISTENER = """
import signal, socket, sys
stop = signal.SIG_IGN if "stubborn" in sys.argv else signal.SIG_DFL
signal.signal(signal.SIGTERM, stop)
six = "six" in sys.argv
family, host = (socket.AF_INET6, "::1") if six else (socket.AF_INET, "127.0.0.1")
server = socket.create_server((host, int(sys.argv[1])), family=family)
print("listening", flush=True)
while True:
    connection, _ = server.accept()
    if connection.recv(1) == b"x":
        print("last words", flush=True)
        raise SystemExit(7)
"""
LISTEN = python(LISTENER) + " {port}"


def send(server: TargetCommand, data: bytes) -> None:
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        client.sendall(data)
        client.recv(1)


def await_death(server: TargetCommand) -> str:
    deadline_s = time.monotonic() + 10
    while not server.died and time.monotonic() < deadline_s:
        server._ended.wait(0.02)
    return server.died


def pid_of(server: TargetCommand) -> int:
    assert server._process is not None
    return server._process.pid


def test_a_server_is_there_when_it_is_entered_and_gone_afterwards() -> None:
    with TargetCommand(LISTEN, start_s=START_S) as server:
        assert listening([server.host], server.port)
        assert server.url == f"http://127.0.0.1:{server.port}"
        session = pid_of(server)
        assert members(session)
    assert not members(session)
    assert not listening(["127.0.0.1"], server.port)
    shutdown = server.facts()["shutdown"]
    assert not shutdown["killed"]
    assert 0 <= shutdown["seconds"] < 10


def test_a_server_on_the_other_loopback_address_is_found() -> None:
    with TargetCommand(f"{LISTEN} six", start_s=START_S) as server:
        assert server.url == f"http://[::1]:{server.port}"


def test_a_server_may_take_its_port_from_the_environment() -> None:
    with TargetCommand(f'{python(LISTENER)} "$PORT"', start_s=START_S) as server:
        assert listening([server.host], server.port)


def test_everything_that_a_command_has_started_is_ended() -> None:
    background = python("import signal; signal.pause()")
    with TargetCommand(f"{background} & {background} & {LISTEN}", start_s=START_S) as server:
        session = pid_of(server)
        assert len(members(session)) >= 3
    assert not members(session)


def test_a_process_that_left_the_group_is_ended_with_its_session() -> None:
    stray = python("import os, signal; os.setpgid(0, 0); signal.pause()")
    with TargetCommand(f"{stray} & {LISTEN}", start_s=START_S) as server:
        session = pid_of(server)
    assert not members(session)


def test_a_server_that_runs_in_the_background_of_its_shell_is_kept() -> None:
    with TargetCommand(f"{LISTEN} &", start_s=START_S) as server:
        assert listening([server.host], server.port)
        assert not server.died
    assert not listening(["127.0.0.1"], server.port)


def test_a_server_that_ignores_sigterm_is_killed_within_the_bound() -> None:
    with TargetCommand(f"{LISTEN} stubborn", start_s=START_S, stop_s=0.3) as server:
        session = pid_of(server)
    assert not members(session)
    shutdown = server.facts()["shutdown"]
    assert shutdown["killed"]
    assert shutdown["seconds"] >= 0.3


def test_a_command_that_ends_at_once_is_reported_with_its_last_lines() -> None:
    code = "import sys; [print('line', n) for n in range(50)]; sys.exit('no such module: app')"
    with pytest.raises(NotTestable) as raised, TargetCommand(f"{python(code)} # {{port}}"):
        pass
    assert "it ended (exit status 1)" in raised.value.reason
    assert "no such module: app" in raised.value.hint
    assert "line 49" in raised.value.hint
    assert "line 29" not in raised.value.hint


def test_a_command_that_does_not_exist_is_reported_in_the_shells_words() -> None:
    with pytest.raises(NotTestable) as raised, TargetCommand("nonesuch-server {port}"):
        pass
    assert "exit status 127" in raised.value.reason
    assert "nonesuch-server" in raised.value.hint


def test_a_command_that_ends_is_not_faulted_for_its_port() -> None:
    with pytest.raises(NotTestable) as raised, TargetCommand("nonesuch-server"):
        pass
    assert "exit status 127" in raised.value.reason
    assert "with PORT=" in raised.value.hint
    assert "write {port}" not in raised.value.hint


def test_a_server_that_never_listens_is_given_up_after_the_limit() -> None:
    server = TargetCommand(python("import signal; signal.pause()") + " {port}", start_s=0.4)
    with pytest.raises(NotTestable, match=r"did not within 0\.4 s") as raised, server:
        pass
    assert "it printed nothing" in raised.value.hint
    assert not members(pid_of(server))


def test_a_server_that_ignores_the_environments_port_is_named_with_what_to_do(
    held_port: Callable[..., int],
) -> None:
    other = held_port()
    listens = python(LISTENER, str(other))
    with pytest.raises(NotTestable) as raised, TargetCommand(listens, start_s=2.0) as server:
        pytest.fail(f"nothing listens on port {server.port}")
    if sys.platform == "linux":
        assert f"it listens on port {other}" in raised.value.reason
    for words in ("environment variable PORT", "write {port} where", "--target-url"):
        assert words in raised.value.hint


def test_the_port_is_in_the_environment_too() -> None:
    with TargetCommand(f"{python(LISTENER)} $PORT") as server:
        assert listening([server.host], server.port)


def test_a_port_that_is_taken_beforehand_is_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        place = ("127.0.0.1", other.getsockname()[1])
        with pytest.raises(NotTestable, match="before the command was started"):
            TargetCommand(LISTEN, place=place).__enter__()


def test_a_server_at_a_fixed_place_is_awaited_there(held_port: Callable[..., int]) -> None:
    place = ("localhost", held_port())
    with TargetCommand(LISTEN, place=place, start_s=START_S) as server:
        assert server.port == place[1]


def test_the_end_of_a_server_is_noticed_with_its_last_words() -> None:
    with TargetCommand(LISTEN, start_s=START_S) as server:
        assert not server.died
        send(server, b"x")
        assert await_death(server) == "exit status 7"
    facts = server.facts()
    assert facts["died"] == "exit status 7"
    assert facts["output"][-1] == "last words"
    assert "shutdown" not in facts


def test_a_flood_of_output_neither_blocks_the_server_nor_stays_in_memory() -> None:
    flood = "print('x' * 1_000_000); [print('line', n) for n in range(200_000)]\n"
    with TargetCommand(python(flood + LISTENER) + " {port}", start_s=START_S) as server:
        pass
    lines = server.output()
    assert lines[-1] == "listening"
    assert len(lines) <= 20
    assert all(len(line) <= 300 for line in lines)


def test_a_run_that_is_ended_by_sigterm_takes_its_server_along() -> None:
    code = f"""
import os, signal
from streamchat_conformance.gate.command import TargetCommand
with TargetCommand({LISTEN!r}, start_s={START_S}) as server:
    print(server._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGTERM, done.stderr
    assert await_gone(int(done.stdout))


def await_gone(session: int) -> bool:
    pause, deadline_s = threading.Event(), time.monotonic() + 10
    while members(session) and time.monotonic() < deadline_s:
        pause.wait(0.02)
    return not members(session)


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (0, "exit status 0"),
        (3, "exit status 3"),
        (-9, "killed by SIGKILL"),
        (139, "killed by SIGSEGV"),
        (255, "exit status 255"),
    ],
)
def test_an_exit_status_is_reported_in_words(status: int, shown: str) -> None:
    assert how_it_ended(status) == shown


WRONG = [
    ("", None, "give the shell command"),
    ("gunicorn app:app", "http://192.0.2.1:8000", "localhost"),
    ("gunicorn app:app", "http://server.example", "localhost"),
]


@pytest.mark.parametrize(("command", "url", "shown"), WRONG)
def test_a_command_that_cannot_work_is_refused(command: str, url: str | None, shown: str) -> None:
    with pytest.raises(SettingsError) as raised:
        check_command(command, url)
    assert "--target-command" in str(raised.value)
    assert shown in str(raised.value)


@pytest.mark.parametrize(
    ("command", "url"),
    [
        ("serve {port}", None),
        ("PORT=$PORT serve", None),
        ("serve", "http://localhost:8000"),
        ("serve", "https://127.0.0.1"),
        ("serve", "http://[::1]:8000/chat"),
    ],
)
def test_a_command_that_can_work_is_accepted(command: str, url: str | None) -> None:
    check_command(command, url)


def test_a_server_that_ends_by_itself_just_before_it_is_asked_to_has_died() -> None:
    with TargetCommand(LISTEN, start_s=START_S) as server:
        send(server, b"x")
    assert server.facts()["died"] == "exit status 7"


def test_windows_ends_a_tree_of_processes_by_its_own_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(processes, "WINDOWS", True)
    monkeypatch.setattr(subprocess, "run", lambda command, **_: ran.append(command))
    processes.signal_all(4711, signal.SIGTERM)
    assert ran == [["taskkill", "/F", "/T", "/PID", "4711"]]
    assert processes.members(4711) == []

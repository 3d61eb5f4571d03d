"""The gate as CI sees it: exit codes, reports and files of whole runs."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from streamchat_conformance.gate.processes import members

from .dying_server import STATUS
from .harness import RUN_LIMIT_S, SERVER, command_line, environment, faulty, gate, script

ERRORS = ("--requirement=error.*",)
HTML_ERRORS = faulty("errors-as-text-plain")
BROKEN = "error.media-type"


def known(folder: Path, *entries: str, kind: str = "known-failure", more: str = "") -> str:
    file = folder / "known.toml"
    text = "".join(f'[[{kind}]]\nid = "{id_}"\nreason = "ours"\n{more}\n' for id_ in entries)
    file.write_text(text, "utf-8")
    return f"--known-failures={file}"


def test_a_conforming_server_is_started_judged_and_stopped(tmp_path: Path) -> None:
    run = gate(tmp_path, f"--target-command={SERVER}", *ERRORS, "--requirement=resilience.alive")
    assert run.code == 0, run.out
    assert run.report is not None
    process = run.report["target"]["process"]
    assert process["command"] == SERVER
    assert not process["shutdown"]["killed"]
    assert process["shutdown"]["stream"] in ("was cut", "ended whole")
    assert run.entry("resilience.alive")["outcome"] == "pass"
    assert "the server ended on SIGTERM after" in run.out


def test_a_server_with_a_port_of_its_own_is_judged_there(
    tmp_path: Path, held_port: Callable[..., int]
) -> None:
    port = held_port()
    url = f"http://localhost:{port}"
    command = SERVER.replace("{port}", str(port))
    run = gate(tmp_path, f"--target-command={command}", f"--target-url={url}", *ERRORS)
    assert run.code == 0, run.out
    assert run.report is not None
    assert run.report["target"]["url"].startswith(url)
    assert run.report["target"]["process"]["port"] == port


def test_a_listed_failure_opens_the_gate_and_is_reported(tmp_path: Path) -> None:
    run = gate(tmp_path, f"--target-command={HTML_ERRORS}", *ERRORS, known(tmp_path, BROKEN))
    assert run.code == 0, run.out
    assert run.report is not None
    assert run.entry(BROKEN)["outcome"] == "known-failure"
    assert run.entry(BROKEN)["reason"] == "known: ours"
    assert run.report["summary"]["verdict"] == "nonconformant"
    assert run.report["gate"]["exit_code"] == 0
    assert BROKEN in run.report["gate"]["known_failures"]
    assert "gate          passed" in run.out


def test_the_gate_works_the_same_with_workers(tmp_path: Path) -> None:
    run = gate(tmp_path, f"--target-command={HTML_ERRORS}", *ERRORS, known(tmp_path, BROKEN), "-n2")
    assert run.code == 0, run.out
    assert run.entry(BROKEN)["outcome"] == "known-failure"
    assert run.report is not None
    assert not run.report["target"]["process"]["shutdown"]["killed"]


def test_a_listed_failure_does_not_stop_a_run_that_stops_at_the_first_one(tmp_path: Path) -> None:
    run = gate(tmp_path, f"--target-command={HTML_ERRORS}", *ERRORS, known(tmp_path, BROKEN), "-x")
    assert run.code == 0, run.out
    assert run.entry("error.status")["outcome"] == "pass"


def test_a_failure_that_is_not_listed_shuts_the_gate(tmp_path: Path) -> None:
    run = gate(tmp_path, f"--target-command={HTML_ERRORS}", *ERRORS, known(tmp_path))
    assert run.code == 1
    assert run.entry(BROKEN)["outcome"] == "fail"
    assert "gate          failed" in run.out


def test_a_listed_requirement_that_passes_shuts_the_gate(tmp_path: Path) -> None:
    run = gate(tmp_path, f"--target-command={SERVER}", *ERRORS, known(tmp_path, BROKEN))
    assert run.code == 1
    assert run.entry(BROKEN)["outcome"] == "unexpected-pass"
    assert f"unexpected passes: {BROKEN}; take them off the list" in run.out


def test_an_expired_entry_shuts_the_gate(tmp_path: Path) -> None:
    listed = known(tmp_path, BROKEN, more="expires = 2020-01-31")
    run = gate(tmp_path, f"--target-command={HTML_ERRORS}", *ERRORS, listed)
    assert run.code == 1
    assert run.entry(BROKEN)["outcome"] == "fail"
    assert f"expired entries: {BROKEN}" in run.out


@pytest.mark.parametrize("command", [SERVER, HTML_ERRORS])
def test_a_flaky_requirement_runs_and_does_not_gate(tmp_path: Path, command: str) -> None:
    listed = known(tmp_path, BROKEN, kind="flaky")
    run = gate(tmp_path, f"--target-command={command}", *ERRORS, listed)
    assert run.code == 0, run.out
    expected = "pass" if command is SERVER else "known-failure"
    assert run.entry(BROKEN)["outcome"] == expected


def test_the_list_is_written_then_opens_the_gate_then_keeps_its_reasons(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    options = (f"--target-command={HTML_ERRORS}", *ERRORS, f"--known-failures={file}")
    written = gate(tmp_path, *options, "--update-known-failures")
    assert written.code == 0, written.out
    assert f"gate          written: {file} (1 added, 0 removed, 0 kept)" in written.out
    assert f"gate          added:   {BROKEN}" in written.out
    assert f"gate          generated reasons: {BROKEN};" in written.out
    text = file.read_text("utf-8")
    (entry,) = tomllib.loads(text)["known-failure"]
    assert entry["id"] == BROKEN
    assert entry["reason"].startswith("found 20")
    file.write_text("# Ours.\n\n" + text.replace(entry["reason"], "version 2 fixes it"), "utf-8")
    assert gate(tmp_path, *options, "--update-known-failures", "-n2").code == 0
    again = file.read_text("utf-8")
    assert again.startswith("# Ours.\n")
    assert tomllib.loads(again)["known-failure"] == [{"id": BROKEN, "reason": "version 2 fixes it"}]


def test_a_server_that_does_not_start_is_not_testable(tmp_path: Path) -> None:
    run = gate(tmp_path, "--target-command=echo no module named app >&2; exit 3 # {port}", *ERRORS)
    assert run.code == 6
    assert "it ended (exit status 3)" in run.out
    assert "    no module named app" in run.out
    assert run.report is not None
    assert run.report["summary"]["verdict"] == "not-testable"
    assert "no module named app" in run.report["summary"]["hint"]


def test_a_server_may_take_its_port_from_the_environment(tmp_path: Path) -> None:
    command = SERVER.replace("{port}", "$(printenv PORT)")
    run = gate(tmp_path, f"--target-command={command}", *ERRORS)
    assert run.code == 0, run.out + run.error


def test_a_server_that_is_too_slow_to_start_is_not_testable(tmp_path: Path) -> None:
    run = gate(tmp_path, "--target-command=echo loading; exec sleep 60 # {port}", "--start-limit=3")
    assert run.code == 6
    assert "--start-limit" in run.out
    assert "    loading" in run.out


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one-process", "workers"])
def test_the_request_that_ends_the_server_is_named(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    run = gate(
        tmp_path,
        f"--target-command={script('dying_server')}",
        "--requirement=request.body-*",
        "--requirement=resilience.alive",
        *workers,
    )
    assert run.code == 1, run.out
    alive = run.entry("resilience.alive")
    assert alive["outcome"] == "fail"
    (finding, *_) = alive["findings"]
    assert f"the server's process ended in mid-run (exit status {STATUS})" in finding["message"]
    assert "panic: no members in" in finding["received"]
    assert run.report is not None
    exchange = run.report["exchanges"][finding["exchange"]]
    body = exchange["request"]["text"].partition("\r\n\r\n")[2]
    assert not isinstance(json.loads(body), dict)
    assert run.report["target"]["process"]["died"] == f"exit status {STATUS}"
    assert "ended by itself in mid-run" in run.out


def test_a_death_counts_though_its_requirement_was_not_selected(tmp_path: Path) -> None:
    run = gate(
        tmp_path,
        f"--target-command={script('dying_server')}",
        "--requirement=request.body-not-object",
    )
    assert run.code == 1
    assert run.entry("resilience.alive")["outcome"] == "fail"


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "terminated"]
)
def test_a_run_that_is_ended_leaves_no_server_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    # The server is never ready: the run is ended while it waits.
    command = "--target-command=echo $$ > pid.new; mv pid.new pid; sleep 60; echo {port}"
    run = subprocess.Popen(
        command_line(command, "--start-limit=50"),
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert eventually((tmp_path / "pid").exists)
        session = int((tmp_path / "pid").read_text("utf-8"))
        assert members(session)
        run.send_signal(number)
        assert run.wait(RUN_LIMIT_S) == 2
    finally:
        run.kill()
        run.wait(RUN_LIMIT_S)
    assert eventually(lambda: not members(session))


def eventually(condition: Callable[[], bool], *, within_s: float = 30.0) -> bool:
    pause, deadline_s = threading.Event(), time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline_s:
        pause.wait(0.02)
    return condition()

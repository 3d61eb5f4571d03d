"""Starting the mock server and locust as processes: locust patches the process it runs in."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from preloaded import PRELOADED_LOCUST
from streamchat_load.metrics.labels import COUNT_LABELS
from unmeasured import unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/api/stream-chat"
ROOT = Path(__file__).parent.parent.parent
LOCUSTFILE = ROOT / "loadtests" / "locustfile.py"
MOCK_SERVER = Path(__file__).parent / "mock_server.py"
COMMON = ROOT / "tests" / "common"
ODD_SERVER = Path(__file__).parent / "odd_server.py"

PORT_ATTEMPTS = 3
"""How often a run is tried whose port was taken by another process."""

RUN_LIMIT_S = 60.0
"""Longest run of locust, started to ended."""

STOP_LIMIT_S = 5.0
REQUEST_LIMIT_S = 5.0

LENIENT = ("--generator-lag-limit-ms", "60000")
"""A shared machine may be slow; only the tests of this limit ask for more."""


@dataclass(frozen=True)
class MockServer:
    url: str
    pid: int

    def counts(self) -> dict[str, int]:
        """Return what the server says it has done."""
        with urllib.request.urlopen(f"{self.url}/counts", timeout=REQUEST_LIMIT_S) as answer:
            counts: dict[str, int] = json.load(answer)
        return counts


@contextmanager
def running_server(*options: object, script: Path = MOCK_SERVER) -> Iterator[MockServer]:
    command = [sys.executable, str(script), *map(str, options)]
    environment = {**unmeasured(), "PYTHONPATH": str(COMMON)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            yield MockServer(process.stdout.readline().strip(), process.pid)
        finally:
            process.terminate()
            process.wait(STOP_LIMIT_S)


def master_ports() -> list[str]:
    """Return options by which a master and its workers meet at a port of their own.

    locust's master cannot say which port the system gave it, so the port is free now, and another
    process may take it before the master does: then the run is to be tried again.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    bind = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
    return [*bind, "--master-host", "127.0.0.1", "--master-port", port]


@contextmanager
def refusing_port() -> Iterator[int]:
    """Yield a port that refuses connections: it is taken, so that no other process gets it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@dataclass(frozen=True)
class LoadResult:
    exit_code: int
    output: str
    report: dict[str, Any]
    locust_rows: dict[str, dict[str, Any]]
    """locust's own table, by name."""


def locust_command(url: str, *options: object) -> list[str]:
    return [sys.executable, "-m", *locust_arguments(url, *options)]


def locust_arguments(url: str, *options: object) -> list[str]:
    """Return what follows `python -m`."""
    return ["locust", "-f", str(LOCUSTFILE), "--host", url, *map(str, options)]


def environment() -> dict[str, str]:
    """Return an environment without settings of locust's that the user may have made."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}


def load(url: str, folder: Path, *options: object) -> LoadResult:
    """Run locust without its web page to the end, in a preloaded Python."""
    report, rows = folder / "report.json", folder / "rows.json"
    arguments = locust_arguments(
        url,
        *("--headless", "--only-summary", "--load-json", report),
        *("--json-file", folder / "rows", *options),
    )
    for _ in range(PORT_ATTEMPTS):
        ports = master_ports() if "--processes" in options else []
        done = PRELOADED_LOCUST.run(
            [*arguments, *ports],
            folder=folder,
            environment=environment(),
            limit_s=RUN_LIMIT_S,
            merged=True,
        )
        output = done.stdout.decode("utf-8")
        if not ports or "Address already in use" not in output:
            break
    found = json.loads(rows.read_text("utf-8")) if rows.exists() else []
    return LoadResult(
        done.returncode,
        output,
        json.loads(report.read_text("utf-8")) if report.exists() else {},
        {row["name"]: row for row in found},
    )


def parameters(**values: object) -> list[str]:
    """Return the options that set parameters of a profile."""
    return [part for name, value in values.items() for part in ("--parameter", f"{name}={value}")]


def assert_adds_up(result: LoadResult) -> None:
    """Every started request has one outcome, every gap lies between two events."""
    report = result.report
    assert sum(report["outcomes"].values()) == report["counts"]["started"]
    streams = report["counts"].get("streams_with_events", 0)
    assert report["times_ms"]["gap"]["count"] == report["counts"]["events"] - streams
    assert report["times_ms"]["first_event"]["count"] == streams
    assert result.locust_rows[PATH]["num_requests"] == report["counts"]["started"]
    assert result.locust_rows[f"{PATH} first event"]["num_requests"] == streams
    with_text = report["counts"].get("streams_with_text", 0)
    assert report["times_ms"]["first_text"]["count"] == with_text
    if with_text:
        assert result.locust_rows[f"{PATH} first text"]["num_requests"] == with_text
    assert set(result.locust_rows) <= {PATH, f"{PATH} first event", f"{PATH} first text"}
    for name in report["counts"]:
        assert name in COUNT_LABELS

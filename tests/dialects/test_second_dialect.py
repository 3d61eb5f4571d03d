"""A dialect that the suite does not know is judged end to end: by its folder, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acme_steps import AcmeSteps
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.variants import Change, Legal

HOME = Path(__file__).parent
LIMIT_S = 180.0
FAST = ControlSettings(events=5, interval_s=0.02)

SHARED_FAULTS = (
    "stream-as-text-plain",
    "keep-alive-and-close-in-two-lines",
    "unknown-field-in-every-event",
    "stream-ends-by-close",
    "bodies-read-up-to-512-kib",
)


def judge(server: ControlServer, report: Path, *options: str) -> dict[str, Any]:
    """Judge a server by the suite's command line; return its report."""
    path = os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])
    command = [
        *(sys.executable, "-m", "streamchat_conformance", "-q", "--dialect=acme.dialect"),
        *(f"--target-url={server.url}", f"--report-json={report}", "--thoroughness=quick"),
        *options,
    ]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    return found


def with_outcome(report: dict[str, Any], outcome: str) -> set[str]:
    return {
        entry["id"]
        for entry in report["requirements"]
        if entry["outcome"] == outcome and entry["level"] != "MAY"
    }


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


def test_a_good_server_of_a_second_dialect_is_conformant(report: Path) -> None:
    with ControlServer(settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report)
    assert found["target"]["dialect"] == "acme.dialect"
    assert with_outcome(found, "fail") == set()
    # Some shared requirements have cases for the default dialect only, so a part ran.
    assert found["summary"]["verdict"] == "partial"
    passed = with_outcome(found, "pass")
    assert {"acme.ask", "acme.done", "payload.json", "error.shape", "sse.fields"} <= passed
    ids = {entry["id"] for entry in found["requirements"]}
    assert not ids & {"payload.response", "request.history-null", "sse.event-type"}


@pytest.mark.parametrize("name", SHARED_FAULTS)
def test_a_shared_fault_is_found_under_its_own_id(name: str, report: Path) -> None:
    fault = FAULTS[name]
    with ControlServer([fault], settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report)
    red = with_outcome(found, "fail")
    assert red >= fault.breaks
    assert red <= {*fault.breaks, *fault.consequences}


def without_end(before: Any, turn: Any) -> Iterator[bytes]:
    yield next(iter(before(turn)))


def test_a_fault_of_the_dialect_is_found_under_its_own_id(report: Path) -> None:
    change = Change("closing", without_end)
    fault = Legal(name="no-sentinel", area="", sentence="", changes=(change,))
    with ControlServer([fault], settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report)
    assert with_outcome(found, "fail") == {"acme.done"}

"""A dialect that the suite does not know is judged end to end: by its folder, and nothing else.

By default a sample of the shared faults is judged; `STREAMCHAT_MATRIX=all` judges them all.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from acme_faults import FAULTS as OWN_FAULTS
from acme_steps import AcmeSteps
from preloaded import PRELOADED
from sampling import sampled
from streamchat_fixtures.control import ControlServer, ControlSettings
from streamchat_fixtures.faults import FAULTS
from streamchat_fixtures.variants import Change, Fault, Legal

HOME = Path(__file__).parent
LIMIT_S = 180.0
FAST = ControlSettings(events=5, interval_s=0.02)

SHARED_FAULTS = (
    "unknown-field-in-every-event",
    "stream-as-text-plain",
    "keep-alive-and-close-in-two-lines",
    "stream-ends-by-close",
    "bodies-read-up-to-512-kib",
)

SHARED_FAULTS_OF_REQUESTS = (
    "trailing-commas-accepted",
    "utf-16-accepted",
    "raw-utf8-refused",
    "any-media-type-accepted",
    "lone-surrogates-fail",
    "nan-accepted-as-null",
    "payload-with-trailing-comma",
)
"""Found by requests that the suite makes from what the dialect says of its own."""


def suite(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the suite's command line."""
    path = os.pathsep.join([str(HOME), os.environ.get("PYTHONPATH", "")])
    return PRELOADED.run_text(
        ["streamchat_conformance", *options],
        folder=HOME,
        environment={**os.environ, "PYTHONPATH": path},
        limit_s=LIMIT_S,
    )


def judge(server: ControlServer, report: Path, *options: str) -> dict[str, Any]:
    """Judge a server by the suite's command line; return its report."""
    done = suite(
        *(
            "-q",
            "--dialect=acme.dialect",
            f"--target-url={server.url}",
            "--thoroughness=quick",
            "--max-requests=100000",
        ),
        *(f"--report-json={report}", "--max-requests=100000", *options),
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
    assert with_outcome(found, "not-run") == set()
    assert found["summary"]["verdict"] == "conformant"
    passed = with_outcome(found, "pass")
    assert found["target"]["capabilities"]["count"] == "detected"
    assert {
        "acme.ask",
        "acme.count",
        "acme.done",
        "payload.json",
        "error.shape",
        "sse.fields",
    } <= passed
    ids = {entry["id"] for entry in found["requirements"]}
    assert not ids & {"payload.response", "request.history-null", "sse.event-type"}


@pytest.mark.parametrize("name", sampled(SHARED_FAULTS, SHARED_FAULTS[:1]))
def test_a_shared_fault_is_found_under_its_own_id(name: str, report: Path) -> None:
    fault = FAULTS[name]
    with ControlServer([fault], settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report)
    red = with_outcome(found, "fail")
    assert red >= fault.breaks
    assert red <= {*fault.breaks, *fault.consequences}


@pytest.mark.parametrize("name", sampled(SHARED_FAULTS_OF_REQUESTS, SHARED_FAULTS_OF_REQUESTS[:1]))
def test_a_fault_of_any_json_endpoint_is_found_under_its_own_id(name: str, report: Path) -> None:
    fault = FAULTS[name]
    with ControlServer([fault], settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report, "--requirement=request.*", "--requirement=payload.*")
    assert with_outcome(found, "fail") == fault.breaks


def test_a_level_that_the_dialect_changes_is_shown_wherever_it_is_named(report: Path) -> None:
    id_ = "request.unknown-members"
    listed = suite("list", "--dialect=acme.dialect", "--format=json", id_)
    assert [entry["level"] for entry in json.loads(listed.stdout)] == ["SHOULD"]
    assert suite("explain", "--dialect=acme.dialect", id_).stdout.startswith(f"{id_} (SHOULD")
    assert suite("explain", id_).stdout.startswith(f"{id_} (MUST")
    with ControlServer(settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report, f"--requirement={id_}", "--requirement=error.shape")
    entries = [entry for entry in found["requirements"] if entry["id"] == id_]
    assert [(entry["level"], entry["outcome"]) for entry in entries] == [("SHOULD", "pass")]


def test_a_requirement_that_the_dialect_leaves_out_is_unknown_in_it() -> None:
    for command in ("list", "explain"):
        done = suite(command, "--dialect=acme.dialect", "sse.event-type")
        assert done.returncode == 4, done.stdout + done.stderr
        assert "sse.event-type" in done.stderr
    assert "sse.event-type" not in suite("list", "--dialect=acme.dialect").stdout


def uncounted(before: Any, turn: Any) -> Iterator[bytes]:
    yield from (block.replace(b"tokens", b"ignored") for block in before(turn))


def changed(closing: Any) -> Legal:
    return Legal(name="changed", area="", sentence="", changes=(Change("closing", closing),))


def test_what_needs_a_capability_of_the_dialect_is_judged_where_it_is_detected(
    report: Path,
) -> None:
    with ControlServer([changed(uncounted)], settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report, "--requirement=acme.*")
    assert with_outcome(found, "not-applicable") == {"acme.count"}
    assert found["target"]["capabilities"]["count"] == "absent"


def test_a_capability_of_another_dialect_is_unknown(tmp_path: Path) -> None:
    for options, shown in (
        (["--capability=counts"], "did you mean 'count'?"),
        (["--capability=echo"], "known are count, finite, slow, fault"),
        ([f"--target-file={file_of(tmp_path, 'coutn')}"], "did you mean 'count'?"),
    ):
        done = suite("--dialect=acme.dialect", *options)
        assert done.returncode == 4, done.stdout + done.stderr
        assert shown in done.stdout + done.stderr


def file_of(folder: Path, capability: str) -> Path:
    file = folder / "target.toml"
    file.write_text(f"[capabilities]\n{capability} = true\n", "utf-8")
    return file


@pytest.mark.parametrize("fault", OWN_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_the_dialect_is_found_under_its_own_id(fault: Fault, report: Path) -> None:
    with ControlServer([fault], settings=FAST, steps=AcmeSteps()) as server:
        found = judge(server, report, "--requirement=acme.*")
    assert with_outcome(found, "fail") == set(fault.breaks)

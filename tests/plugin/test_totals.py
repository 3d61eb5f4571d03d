"""Pytest's own totals and its JUnit report say what the verdict says, which comes last."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.faults import FAULTS

from .conftest import Judge
from .harness import Run

LATE = """
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.plugin.state import RunState
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result

seen = RunState.seen

def with_a_late_finding(self):
    found = seen(self)
    finding = Finding("headers.charset", "seen late", "utf-8", "latin-1")
    charset = rules_of(DEFAULT).catalogue["headers.charset"]
    late = Result(charset, Outcome.FAIL, 2, findings=[(finding, None)])
    found["results"].append(late.to_json())
    return found

RunState.seen = with_a_late_finding
"""
HEADERS = "--requirement=headers.*"
JUNIT = "--junitxml=junit.xml"


def counts(folder: Path) -> dict[str, int]:
    """Return JUnit's totals, which must be what its test cases say."""
    (suite,) = ET.parse(folder / "junit.xml").getroot().iter("testsuite")
    cases = list(suite.iter("testcase"))
    found = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
    }
    assert {name: int(suite.get(name, "")) for name in found} == found
    return found


def failures(folder: Path) -> dict[str, str]:
    """Return what JUnit shows as failed: requirement, or name of the case, to text."""
    found: dict[str, str] = {}
    for case in ET.parse(folder / "junit.xml").getroot().iter("testcase"):
        failure = case.find("failure")
        if failure is not None:
            properties = {each.get("name"): each.get("value") for each in case.iter("property")}
            found[properties.get("requirement") or str(case.get("name"))] = failure.text or ""
    return found


def pytests_failures(done: Run) -> int:
    """Return how many failures pytest's own summary line counts."""
    line = next(line for line in reversed(done.out.splitlines()) if re.search(r" in [\d.]+s", line))
    match = re.search(r"(\d+) failed", line)
    return int(match[1]) if match else 0


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_finding_after_its_case_has_passed_fails_everywhere(
    run: Judge, control: str, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "late.py").write_text(LATE, "utf-8")
    done = run(
        *("-p", "late", f"--target-url={control}", HEADERS, JUNIT, *workers),
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert done.code == 1
    assert done.with_outcome("fail") == {"headers.charset"}
    assert set(failures(tmp_path)) == {"headers.charset"}
    assert "seen late" in failures(tmp_path)["headers.charset"]
    assert pytests_failures(done) == counts(tmp_path)["failures"] == 1


def known(folder: Path, id_: str, more: str = "") -> str:
    file = folder / "known.toml"
    file.write_text(f'[[known-failure]]\nid = "{id_}"\nreason = "ours"\n{more}', "utf-8")
    return f"--known-failures={file}"


def test_an_unexpected_pass_fails_everywhere(run: Judge, control: str, tmp_path: Path) -> None:
    done = run(f"--target-url={control}", HEADERS, JUNIT, known(tmp_path, "headers.charset"))
    assert done.code == 1
    assert set(failures(tmp_path)) == {"headers.charset"}
    assert "listed as a known failure" in failures(tmp_path)["headers.charset"]
    assert pytests_failures(done) == counts(tmp_path)["failures"] == 1


def test_an_expired_entry_fails_everywhere(run: Judge, control: str, tmp_path: Path) -> None:
    listed = known(tmp_path, "sse.retry", "expires = 2020-01-01\n")
    done = run(f"--target-url={control}", HEADERS, JUNIT, listed)
    assert done.code == 1
    assert "expired entries: sse.retry" in failures(tmp_path)["verdict"]
    assert pytests_failures(done) == counts(tmp_path)["failures"] == 1


def test_a_known_failure_is_no_failure_in_the_totals(run: Judge, tmp_path: Path) -> None:
    with ControlServer([FAULTS["stream-is-201"]]) as server:
        done = run(f"--target-url={server.url}", HEADERS, JUNIT, known(tmp_path, "headers.status"))
    assert done.code == 0, done.out
    assert failures(tmp_path) == {}
    assert pytests_failures(done) == 0
    assert "known failure" in done.out


def test_what_another_failure_blocks_fails_everywhere(run: Judge, tmp_path: Path) -> None:
    with ControlServer([FAULTS["no-cache-control"]]) as server:
        done = run(f"--target-url={server.url}", HEADERS, JUNIT, "--fail-on=should")
    gating = {
        id_ for id_ in done.with_outcome("fail", "blocked") if done.entry(id_)["level"] != "MAY"
    }
    assert done.with_outcome("blocked")
    assert set(failures(tmp_path)) == gating
    assert pytests_failures(done) == counts(tmp_path)["failures"] == len(gating)


def test_a_target_that_cannot_be_tested_is_not_green_anywhere(run: Judge, tmp_path: Path) -> None:
    done = run("--target-url=http://127.0.0.1:1", HEADERS, JUNIT)
    assert done.code == 6
    assert "not-testable" in failures(tmp_path)["verdict"]
    assert pytests_failures(done) == counts(tmp_path)["failures"] == 1


@pytest.mark.parametrize(
    ("options", "fault", "verdict"),
    [
        ((), "", "partial"),
        (("-q",), "", "partial"),
        (("-n", "2"), "", "partial"),
        (("-qq", JUNIT), "no-cache-control", "nonconformant"),
        (("-x", "-v"), "no-cache-control", "nonconformant"),
    ],
    ids=["plain", "quiet", "xdist", "quieter with JUnit", "stopped at the first"],
)
def test_the_verdict_is_the_last_thing_that_is_printed(
    run: Judge, options: tuple[str, ...], fault: str, verdict: str
) -> None:
    with ControlServer([FAULTS[fault]] if fault else []) as server:
        done = run(f"--target-url={server.url}", "--requirement=headers.cache-control", *options)
    layers, last = done.out.rstrip("\n").splitlines()[-2:]
    assert layers.startswith("layers        your code: ")
    assert last.startswith(f"verdict       {verdict}: 1 of ")


def test_a_run_of_one_layer_says_so(run: Judge) -> None:
    with ControlServer([FAULTS["no-cache-control"]]) as server:
        done = run(f"--target-url={server.url}", HEADERS, "--layer=server", env={"COLUMNS": "200"})
    assert done.code == 0, done.out
    assert done.report is not None
    assert done.report["summary"]["layer"] == "server"
    ran = set(done.outcomes) - done.with_outcome("not-run")
    assert {done.entry(id_)["layer"] for id_ in ran} == {"server"}
    assert "verdict       partial: the server layer alone: " in done.out


def test_an_unknown_layer_is_one_clear_line(run: Judge, control: str) -> None:
    done = run(f"--target-url={control}", "--layer=kernel")
    assert done.code == 4
    assert "--layer 'kernel' is unknown; known are application, server" in done.error + done.out


def test_a_layer_that_leaves_nothing_to_run_is_one_clear_line(run: Judge, control: str) -> None:
    done = run(f"--target-url={control}", "--layer=server", "--requirement=payload.*")
    assert done.code == 4
    assert "leaves nothing of this layer to run" in done.error + done.out


def test_what_does_not_apply_is_no_verdict(run: Judge, control: str, tmp_path: Path) -> None:
    done = run(
        *(f"--target-url={control}", "--requirement=stream.fault-visible", JUNIT),
        "--no-capability=fault",
    )
    assert done.code == 4
    assert done.report is not None
    assert done.report["summary"]["verdict"] == "undecided"
    assert "not one MUST requirement that was run applies" in failures(tmp_path)["verdict"]

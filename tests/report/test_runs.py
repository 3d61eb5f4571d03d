"""The reports of real runs: all of them, also when the run is cut short or cannot write."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.plugin.writing import write_reports
from streamchat_conformance.report.json_report import write_whole
from streamchat_conformance.report.model import load_report
from streamchat_fixtures.control import ControlServer
from streamchat_fixtures.faults import FAULTS

from ..plugin.harness import environment, judge
from .reports import value

FILES = {
    "--report-json": "a.json",
    "--report-html": "a.html",
    "--report-markdown": "a.md",
    "--report-badge": "a.badge.json",
}
LIMIT_S = 60.0
COMMAND = (sys.executable, "-m", "streamchat_conformance")


def options(folder: Path) -> list[str]:
    return [f"{option}={folder / name}" for option, name in FILES.items()]


def check_whole(folder: Path) -> dict[str, Any]:
    """Check that every report is there and whole, and that nothing else is; return the JSON."""
    assert {file.name for file in folder.iterdir()} == set(FILES.values())
    load_report(folder / "a.json")
    assert (folder / "a.html").read_text("utf-8").endswith("</html>\n")
    assert "## streamchat-conformance" in (folder / "a.md").read_text("utf-8")
    assert json.loads((folder / "a.badge.json").read_text())["schemaVersion"] == 1
    return dict(json.loads((folder / "a.json").read_text()))


def test_one_run_writes_every_report(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    with ControlServer() as server:
        done = judge(
            tmp_path,
            *(
                f"--target-url={server.url}",
                "--requirement=error.*",
                "--thoroughness=quick",
                "--max-requests=100000",
            ),
            *options(folder),
            f"--junitxml={tmp_path / 'junit.xml'}",
            report=False,
        )
    assert done.code == 0, done.out + done.error
    report = check_whole(folder)
    assert report["summary"]["verdict"] == "partial"
    assert "cut_short" not in report
    catalogue = rules_of(DEFAULT).catalogue
    cases = ET.parse(tmp_path / "junit.xml").getroot().iter("testcase")
    shown = {}
    for case in cases:
        found = {each.get("name"): each.get("value") for each in case.iter("property")}
        shown[found["requirement"]] = (found["level"], found["layer"], found["source"])
    assert shown == {
        id_: (entry.level.value, entry.layer.value, entry.source)
        for id_, entry in catalogue.items()
        if entry.area == "error"
    }


def lines_of(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield what a process prints, until it ends or the limit passes."""
    assert process.stdout is not None
    deadline_s = time.monotonic() + LIMIT_S
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline_s - time.monotonic())):
            data = os.read(process.stdout.fileno(), 65_536)
            if not data:
                return
            yield data


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_an_interrupted_run_still_writes_every_report(
    tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    with (
        ControlServer() as server,
        subprocess.Popen(
            [*COMMAND, f"--target-url={server.url}", "-v", *options(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=tmp_path,
            env=environment(PYTHONUNBUFFERED="1"),
        ) as process,
    ):
        printed = b""
        for data in lines_of(process):
            if b"PASS" not in printed and b"PASS" in printed + data:
                process.send_signal(number)
            printed += data
        assert process.wait(LIMIT_S) == 2, printed.decode()
    report = check_whole(folder)
    assert report["cut_short"] is True
    assert report["summary"]["verdict"] == "not-testable"
    assert "interrupted" in report["summary"]["reason"]
    assert report["gate"]["exit_code"] == 2
    assert report["summary"]["must"]["not-run"] > 0
    assert report["summary"]["must"]["pass"] > 0
    assert "cut short" in (folder / "a.html").read_text("utf-8")
    assert "cut short" in (folder / "a.md").read_text("utf-8")


def test_a_target_that_cannot_be_reached_has_every_report_too(
    tmp_path: Path, held_port: Callable[..., int]
) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    url = f"http://127.0.0.1:{held_port()}"
    done = judge(tmp_path, f"--target-url={url}", *options(folder), report=False)
    assert done.code == 6, done.out + done.error
    report = check_whole(folder)
    assert report["summary"]["verdict"] == "not-testable"
    assert json.loads((folder / "a.badge.json").read_text())["message"] == "not-testable"


def test_a_run_that_stops_at_a_failure_says_that_it_was_cut_short(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    folder.mkdir()
    with ControlServer([FAULTS["errors-as-text-plain"]]) as server:
        done = judge(
            tmp_path,
            *(f"--target-url={server.url}", "--requirement=error.*", "-x"),
            *options(folder),
            report=False,
        )
    assert done.code == 1, done.out + done.error
    report = check_whole(folder)
    assert report["cut_short"] is True
    assert report["summary"]["verdict"] == "nonconformant"


class Options:
    """What writing needs of pytest's configuration."""

    def __init__(self, given: dict[str, Path]) -> None:
        self.given = given

    def getoption(self, name: str) -> str | None:
        return str(self.given[name]) if name in self.given else None


def test_one_report_that_cannot_be_written_holds_no_other_back(tmp_path: Path) -> None:
    given = {option: tmp_path / name for option, name in FILES.items()}
    given["--report-html"] = tmp_path / "gone" / "a.html"
    (problem,) = write_reports(cast("pytest.Config", Options(given)), value())
    assert problem.startswith("--report-html: ")
    assert "No such file or directory" in problem
    assert {file.name for file in tmp_path.iterdir()} == set(FILES.values()) - {"a.html"}


def test_a_device_is_written_to_and_a_link_is_kept(tmp_path: Path) -> None:
    write_whole(Path(os.devnull), "text")
    assert Path(os.devnull).is_char_device()
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.parametrize("option", FILES)
@pytest.mark.parametrize(
    ("place", "shown"),
    [("nowhere/x", "does not exist; make it first"), (".", "is a folder; name a file")],
)
def test_a_report_that_cannot_be_written_is_reported_before_any_request(
    tmp_path: Path, option: str, place: str, shown: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        done = judge(
            tmp_path, f"--target-url=http://127.0.0.1:{port}", f"{option}={place}", report=False
        )
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert done.code == 4
    assert done.out == ""
    (line,) = done.error.strip().splitlines()
    assert f"{option}: " in line
    assert shown in line

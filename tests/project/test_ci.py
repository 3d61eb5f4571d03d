"""The last line of `.ci/run` says how many tests passed in all environments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .sources import ROOT

pytestmark = pytest.mark.guard

LIMIT_S = 60.0

JUNIT = (
    '<testsuites><testsuite tests="{tests}" failures="{failures}" errors="0" skipped="{skipped}" '
    'time="1.5"></testsuite></testsuites>'
)


def lines(folder: Path, code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "summary.py"), str(folder), code, "7"],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    return [line.strip("= ") for line in done.stdout.splitlines()]


def ran(folder: Path, name: str, *, tests: int, failures: int = 0, skipped: int = 0) -> Path:
    """Write what an environment leaves behind, and return its own folder."""
    junit = JUNIT.format(tests=tests, failures=failures, skipped=skipped)
    (folder / "junit").mkdir(exist_ok=True)
    (folder / "junit" / f"{name}.xml").write_text(junit)
    (folder / name).mkdir()
    return folder / name


def test_the_environments_are_added_up(tmp_path: Path) -> None:
    ran(tmp_path, "load", tests=5)
    ran(tmp_path, "tests", tests=40, failures=1, skipped=2)
    assert lines(tmp_path / "junit", "1") == [
        "load                 5 passed, 0 failed in 2s",
        "tests                37 passed, 1 failed in 2s",
        "42 passed, 1 failed, 2 skipped in 7.00s",
    ]


@pytest.mark.parametrize("code", ["0", "1"])
def test_an_environment_without_tests_can_fail_too(tmp_path: Path, code: str) -> None:
    ran(tmp_path, "load", tests=5)
    assert (
        lines(tmp_path / "junit", code)[-1]
        == {
            "0": "5 passed in 7.00s",
            "1": "5 passed, 1 error in 7.00s",
        }[code]
    )


@pytest.mark.parametrize("newest", ["3.11.7", "3.13.0"])
def test_the_versions_of_python_are_shown_and_a_missing_newer_one(
    tmp_path: Path, newest: str
) -> None:
    (ran(tmp_path, "load", tests=5) / "pyvenv.cfg").write_text("home = x\nversion = 3.11.7\n")
    file = ran(tmp_path, "tests", tests=5) / "pyvenv.cfg"
    file.write_text(f"version_info = {newest}.final.0\n")
    shown = lines(tmp_path / "junit", "0")
    assert shown[0] == "load                 5 passed, 0 failed in 2s on Python 3.11.7"
    assert shown[1] == f"tests                5 passed, 0 failed in 2s on Python {newest}"
    alone = "no other Python than 3.11.7 was found: nothing ran on a newer one" in shown
    assert alone == (newest == "3.11.7")


def test_an_environment_that_runs_pytest_twice_has_a_line_for_each(tmp_path: Path) -> None:
    home = ran(tmp_path, "extras", tests=1)
    (home / "pyvenv.cfg").write_text("version = 3.13.0\n")
    (tmp_path / "junit" / "extras.xml").rename(tmp_path / "junit" / "extras-load.xml")
    shown = lines(tmp_path / "junit", "0")
    assert shown[0] == "extras-load          1 passed, 0 failed in 2s on Python 3.13.0"


def test_what_the_machine_runs_is_executable() -> None:
    for name in ("run", "chromium"):
        assert (ROOT / ".ci" / name).stat().st_mode & 0o111

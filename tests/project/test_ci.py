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


def closing_line(folder: Path, code: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / ".ci" / "summary.py"), str(folder), code],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    return done.stdout.splitlines()[-1].strip("= ")


def test_the_environments_are_added_up(tmp_path: Path) -> None:
    (tmp_path / "load.xml").write_text(JUNIT.format(tests=5, failures=0, skipped=0))
    (tmp_path / "py311-tests.xml").write_text(JUNIT.format(tests=40, failures=1, skipped=2))
    assert closing_line(tmp_path, "1") == "42 passed, 1 failed, 2 skipped in 3.00s"


@pytest.mark.parametrize("code", ["0", "1"])
def test_an_environment_without_tests_can_fail_too(tmp_path: Path, code: str) -> None:
    (tmp_path / "load.xml").write_text(JUNIT.format(tests=5, failures=0, skipped=0))
    assert (
        closing_line(tmp_path, code)
        == {
            "0": "5 passed in 1.50s",
            "1": "5 passed, 1 error in 1.50s",
        }[code]
    )


def test_what_the_machine_runs_is_executable() -> None:
    for name in ("run", "chromium"):
        assert (ROOT / ".ci" / name).stat().st_mode & 0o111

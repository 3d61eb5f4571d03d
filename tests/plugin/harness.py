"""Runs the suite as a user does, in a process of its own, and reads what it leaves behind."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preloaded import PRELOADED
from unmeasured import unmeasured

RUN_LIMIT_S = 540.0
"""Only a run that hangs takes as long, however busy the machine is."""
START_LIMIT_S = 60.0
STOP_LIMIT_S = 20.0

CASES = "streamchat_conformance.cases"


@dataclass(frozen=True)
class Run:
    """One run: exit code, what it printed, and its JSON report (None if it wrote none)."""

    code: int
    out: str
    error: str
    report: dict[str, Any] | None

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each requirement, by id."""
        assert self.report is not None, self.out + self.error
        return {entry["id"]: entry["outcome"] for entry in self.report["requirements"]}

    def with_outcome(self, *outcomes: str) -> set[str]:
        return {id_ for id_, outcome in self.outcomes.items() if outcome in outcomes}

    def entry(self, id_: str) -> dict[str, Any]:
        assert self.report is not None, self.out + self.error
        (found,) = (entry for entry in self.report["requirements"] if entry["id"] == id_)
        return dict(found)


def environment(**changes: str) -> dict[str, str]:
    """Return the environment without what would sway a nested pytest."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "STREAMCHAT_"))
    }
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", **changes}


def judge(
    folder: Path,
    *options: str,
    env: Mapping[str, str] | None = None,
    command: Sequence[str] | None = None,
    report: bool = True,
) -> Run:
    """Run the suite in `folder` with these options, and report into a file there.

    With `command` it is that program that runs, and otherwise a preloaded Python.
    """
    file = folder / "report.json"
    file.unlink(missing_ok=True)
    added = [*options, *([f"--report-json={file}"] if report else [])]
    surroundings = environment(**(env or {}))
    if command is None:
        python = ("pytest", "-p", "no:cacheprovider", "--pyargs", CASES)
        done = PRELOADED.run(
            [*python, *added], folder=folder, environment=surroundings, limit_s=RUN_LIMIT_S
        )
    else:
        done = subprocess.run(
            [*command, *added],
            cwd=folder,
            env=surroundings,
            capture_output=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )
    return Run(
        code=done.returncode,
        out=done.stdout.decode("utf-8", "surrogateescape"),
        error=done.stderr.decode("utf-8", "surrogateescape"),
        report=json.loads(file.read_text("utf-8")) if file.exists() else None,
    )


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Run a server of this project by its command, and give the URL that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", *command, "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=unmeasured(),
    ) as process:
        assert process.stdout is not None
        try:
            ready, _, _ = select.select([process.stdout], [], [], START_LIMIT_S)
            url = process.stdout.readline().strip() if ready else ""
            assert url.startswith("http"), f"the server did not print its URL: {url!r}"
            yield url
        finally:
            process.terminate()
            process.wait(STOP_LIMIT_S)

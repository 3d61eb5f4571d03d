"""Runs the suite as CI does, in a process of its own, against servers that it starts itself."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preloaded import PRELOADED

RUN_LIMIT_S = 540.0
"""Only a run that hangs takes as long, however busy the machine is."""
HERE = Path(__file__).parent
PYTHON = shlex.quote(sys.executable)
SERVER = f"{PYTHON} -m streamchat_fixtures serve --interval 0.01 --port {{port}}"
"""A server that conforms, and whose streams are over in a moment."""


def faulty(name: str) -> str:
    """Return the command of a server with one fault."""
    return f"{SERVER} --fault {name}"


def script(name: str, *arguments: str) -> str:
    """Return the command of one of this folder's own servers."""
    return shlex.join([sys.executable, str(HERE / f"{name}.py")]) + " {port} " + " ".join(arguments)


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    error: str
    report: dict[str, Any] | None

    def entry(self, id_: str) -> dict[str, Any]:
        assert self.report is not None, self.out + self.error
        (found,) = (entry for entry in self.report["requirements"] if entry["id"] == id_)
        return dict(found)

    def with_outcome(self, outcome: str) -> set[str]:
        assert self.report is not None, self.out + self.error
        return {entry["id"] for entry in self.report["requirements"] if entry["outcome"] == outcome}


def environment() -> dict[str, str]:
    """Return the environment without what would sway the run."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "STREAMCHAT_"))
    }
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1"}


def command_line(*options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "streamchat_conformance",
        "--thoroughness=quick",
        "--max-requests=100000",
        *options,
    ]


def gate(folder: Path, *options: str) -> Run:
    """Run the suite in a folder, as the console script does."""
    file = folder / "report.json"
    file.unlink(missing_ok=True)
    command = command_line(f"--report-json={file}", *options)
    python_m = command.index("-m") + 1
    done = PRELOADED.run(
        command[python_m:], folder=folder, environment=environment(), limit_s=RUN_LIMIT_S
    )
    report = json.loads(file.read_text("utf-8")) if file.exists() else None
    return Run(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"), report)

"""What the documents give as a command works as it stands there."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamchat_conformance.__main__ import SUBCOMMANDS
from streamchat_fixtures.control import ControlServer

from .documents import DOCUMENTS, blocks

PLACEHOLDER = "http://127.0.0.1:8000"
LIMIT_S = 300.0

# The command line is what is proved here; the runs are narrowed to take seconds.
NARROW = "--requirement='headers.c*' --thoroughness=quick"


@dataclass(frozen=True)
class Command:
    document: str
    line: str

    def __str__(self) -> str:
        return f"{self.document}: {self.line[:60]}"

    @property
    def judges_a_server(self) -> bool:
        words = self.line.split()
        return words[0] == "pytest" or words[1] not in SUBCOMMANDS


def runnable() -> list[Command]:
    return [
        Command(file.name, line.removeprefix("$ "))
        for file in DOCUMENTS
        for block in blocks(file.read_text("utf-8"), "console runnable")
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


@pytest.mark.parametrize("command", runnable(), ids=str)
def test_a_command_of_the_documents_works(command: Command, tmp_path: Path) -> None:
    line = command.line
    if command.judges_a_server and "--requirement" not in line and " -k " not in line:
        line = f"{line} {NARROW}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with ControlServer() as server:
        done = subprocess.run(
            ["bash", "-c", line.replace(PLACEHOLDER, server.url)],
            cwd=tmp_path,
            env={**kept, "PATH": path},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout or list(tmp_path.iterdir())


def test_the_documents_have_commands_to_run() -> None:
    assert {command.document for command in runnable()} >= {
        *("README.md", "gate-in-ci.md", "reading-a-failure.md"),
    }

"""What the documents tell to type works, and what they link to is there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamchat_conformance.__main__ import SUBCOMMANDS
from streamchat_fixtures.control import ControlServer

from .sources import ROOT

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
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


def blocks(text: str, mark: str) -> list[str]:
    return re.findall(rf"^```{mark}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


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
        *("README.md", "adding-a-requirement.md", "gate-in-ci.md", "reading-a-failure.md"),
    }


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", file.read_text("utf-8")):
        if "://" not in link:
            assert (file.parent / link).exists(), link


@pytest.mark.parametrize("file", DOCUMENTS, ids=lambda file: file.name)
def test_toml_in_the_documents_is_toml(file: Path) -> None:
    for block in blocks(file.read_text("utf-8"), "toml"):
        assert tomllib.loads(block)


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    for file in (ROOT / "docs").glob("*.md"):
        assert file.name == "index.md" or f"({file.name})" in index


def test_every_folder_of_the_suite_is_on_the_map() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    home = ROOT / "conformance" / "streamchat_conformance"
    for folder in home.iterdir():
        if (folder / "__init__.py").exists():
            assert f"    {folder.name}/ " in readme, folder.name

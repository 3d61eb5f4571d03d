"""The files that a repository is known by: forms, workflows, the container file, its addresses."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from typing import Any

import pytest
import yaml
from streamchat_conformance.__main__ import usage
from streamchat_conformance.catalogue.links import FALSE_ALARM, PROJECT, SITE, SUITE_FAULT

from .sources import ROOT, tracked_files

pytestmark = pytest.mark.guard

FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TEXTS = {".md", ".py", ".toml", ".yml", ".ini"}


def test_the_project_has_one_address() -> None:
    urls = PYPROJECT["project"]["urls"]
    assert urls["Homepage"] == PROJECT
    assert urls["Documentation"] == f"{SITE}/"
    assert urls["False alarm"] == FALSE_ALARM
    name = "/streamchat-" + "conformance"
    for file in tracked_files():
        text = file.read_text("utf-8") if file.suffix in TEXTS else ""
        if name in text:
            for owner in re.findall(rf"([\w-]+){name}(?:\.git)?@v\d", text):
                assert f"{owner}{name}" in PROJECT, file
            assert not re.search(rf"\bOWNER{name}", text), file


@pytest.mark.parametrize("address", [FALSE_ALARM, SUITE_FAULT])
def test_a_form_stands_behind_each_address(address: str) -> None:
    form = yaml.safe_load((FORMS / address.partition("template=")[2]).read_text("utf-8"))
    fields = {field["id"]: field for field in form["body"]}
    assert fields["report"]["attributes"]["label"]
    if address == FALSE_ALARM:
        needed = {
            id_ for id_, field in fields.items() if field.get("validations", {}).get("required")
        }
        assert needed == {"id", "report", "why"}


def test_the_suite_links_the_form_wherever_it_asks_for_a_report() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert SUITE_FAULT in usage()
    assert SUITE_FAULT in readme
    assert FALSE_ALARM in readme
    assert FALSE_ALARM in (ROOT / "docs" / "reading-a-failure.md").read_text("utf-8")
    asking = re.compile(r"please report it(?![\])]|, \{SUITE_FAULT|: \{SUITE_FAULT)", re.IGNORECASE)
    for file in tracked_files():
        if "conformance" in file.parts and file.suffix == ".py":
            text = file.read_text("utf-8")
            assert not asking.search(text) or "false_alarm(" in text, file


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_may_do_little_and_ends_by_itself(file: Any) -> None:
    workflow = yaml.safe_load(file.read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            # What a user typed reaches a shell as a variable alone.
            assert "${{" not in step.get("run", "")


def test_a_release_is_tested_built_checked_and_published_without_a_token() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    build = [step.get("run", "") for step in jobs["build"]["steps"]]
    for command in (".ci/run", "python -m build", "python -m twine check --strict dist/*"):
        assert command in build
    assert jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["tag"]["needs"] == "publish"
    assert "secrets." not in text


def notes(version: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dev", "release-notes", version]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_release_notes_are_the_section_of_the_version() -> None:
    version = PYPROJECT["project"]["version"]
    done = notes(version)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("* ")
    assert "## " not in done.stdout
    wrong = notes("9.9.9")
    assert wrong.returncode == 2
    assert f"has version {version}, not 9.9.9" in wrong.stderr


def test_the_container_runs_the_suite_and_the_load_tests_without_root() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0] != "#"]
    last = max(number for number, (word, _) in enumerate(lines) if word == "FROM")
    final = lines[last:]
    assert [rest for word, rest in final if word == "USER"] == ["10001"]
    order = [word for word, _ in final]
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert ["ENTRYPOINT", '["streamchat-conformance"]'] in final
    for word, rest in lines:
        if word == "FROM":
            # An image of the builder's own registry, with a version.
            assert re.fullmatch(r"python:3\.\d+-slim( AS build)?", rest)
        if word == "COPY" and "--from" not in rest:
            assert (ROOT / shlex.split(rest)[0]).exists()
    extras = re.search(r'"\.\[([a-z,]+)\]"', text)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(PYPROJECT["project"]["optional-dependencies"])
    assert "load" in extras[1]


def test_what_the_container_needs_is_not_ignored() -> None:
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    homes = {
        path.split("/")[0]
        for path in PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    }
    for name in (*homes, "pyproject.toml", "README.md", "LICENSE"):
        assert f"!{name}" in kept

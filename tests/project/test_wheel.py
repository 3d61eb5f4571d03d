"""The wheel: what is in it, and that it works where folders have the same names as ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .sources import PACKAGES, ROOT, tracked_files

BUILD_LIMIT_S = 300.0
RUN_LIMIT_S = 120.0
REQUIREMENTS = ("--requirement=headers.*", "--requirement=error.*")
WITH_EXTRA = (
    "streamchat_reference.answerers.cancellable_transport",
    "streamchat_reference.answerers.openai",
)
"""Modules that need the extra `openai`."""


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)], folder)
    (file,) = folder.glob("*.whl")
    return file


def run(
    command: list[str], folder: Path, limit_s: float = BUILD_LIMIT_S, *, code: int = 0
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COVERAGE_")) and name != "PYTHONPATH"
    }
    done = subprocess.run(
        command, cwd=folder, env=kept, capture_output=True, text=True, timeout=limit_s, check=False
    )
    assert done.returncode == code, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done


def test_the_wheel_claims_four_names_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    for package, home in PACKAGES.items():
        for file in tracked_files():
            if file.is_relative_to(home):
                assert f"{package}/{file.relative_to(home).as_posix()}" in shipped
    assert {f"{package}/py.typed" for package in PACKAGES} <= shipped
    assert "streamchat_conformance/suite.ini" in shipped
    assert any(name.endswith("page.html") for name in shipped)
    for corpus in ("event_streams", "exchanges"):
        folder = f"streamchat_fixtures/{corpus}/"
        assert any(name.startswith(folder) and name.endswith(".json") for name in shipped)


def test_the_entry_points_are_the_plugin_and_the_script(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        text = archive.read(name).decode()
    assert "[pytest11]\nstreamchat_conformance = streamchat_conformance.plugin" in text
    assert "streamchat-conformance = streamchat_conformance.__main__:main" in text


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the scripts' folder of an environment that holds the wheel and what it needs."""
    home = tmp_path_factory.mktemp("bare")
    # The pip at hand installs into it: to give it one of its own takes seconds.
    run([sys.executable, "-m", "venv", "--without-pip", str(home)], home.parent)
    pip = (sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"))
    run([*pip, "install", "--quiet", str(wheel)], home)
    return home / "bin"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with packages named like ours, and its own idea of what a test is."""
    for name in ("conformance", "fixtures"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"MINE = {name!r}\n")
    (tmp_path / "check_mine.py").write_text(
        "import conformance, fixtures\n\n"
        "def test_mine():\n    assert (conformance.MINE, fixtures.MINE) == "
        "('conformance', 'fixtures')\n"
    )
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\npython_files = check_*.py\npythonpath = .\naddopts = -p no:cacheprovider\n"
    )
    return tmp_path


def outcomes(file: Path) -> dict[str, str]:
    report: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return {entry["id"]: entry["outcome"] for entry in report["requirements"]}


def test_a_project_with_the_same_names_is_not_disturbed(environment: Path, project: Path) -> None:
    done = run([str(environment / "pytest"), "-q"], project, RUN_LIMIT_S)
    assert "1 passed" in done.stdout
    assert "streamchat" not in done.stdout


def test_an_ini_that_hides_the_cases_never_makes_a_green_run(
    environment: Path, project: Path
) -> None:
    """Where the project's own ini leaves no case, pytest says so; hence the console script."""
    command = [str(environment / "pytest"), "--pyargs", "streamchat_conformance.cases"]
    run(command, project, RUN_LIMIT_S, code=5)


def test_both_commands_say_the_same_there(environment: Path, project: Path) -> None:
    with subprocess.Popen(
        [str(environment / "python"), "-m", "streamchat_fixtures", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=project,
    ) as server:
        assert server.stdout is not None
        try:
            target = f"--target-url={server.stdout.readline().strip()}"
            run(
                [
                    *(str(environment / "pytest"), "-c", os.devnull, "--rootdir=."),
                    *("--pyargs", "streamchat_conformance.cases", target, *REQUIREMENTS),
                    "--report-json=pytest.json",
                ],
                project,
                RUN_LIMIT_S,
            )
            run(
                [
                    *(str(environment / "streamchat-conformance"), target, *REQUIREMENTS),
                    "--report-json=script.json",
                ],
                project,
                RUN_LIMIT_S,
            )
        finally:
            server.terminate()
            server.wait(RUN_LIMIT_S)
    by_pytest, by_script = outcomes(project / "pytest.json"), outcomes(project / "script.json")
    assert by_pytest == by_script
    assert {by_script[id_] for id_ in by_script if id_.startswith(("headers.", "error."))} == {
        "pass"
    }


def test_only_what_is_declared_is_imported(environment: Path, project: Path) -> None:
    """Every module that needs no extra can be imported with the declared dependencies alone."""
    script = (
        "import importlib, pkgutil, sys\n"
        f"with_extra = {WITH_EXTRA!r}\n"
        "for top in ('streamchat_conformance', 'streamchat_reference', 'streamchat_fixtures'):\n"
        "    package = importlib.import_module(top)\n"
        "    for entry in pkgutil.walk_packages(package.__path__, top + '.'):\n"
        "        if '.stacks.apps' in entry.name or entry.name.endswith('__main__'):\n"
        "            continue\n"
        "        if entry.name not in with_extra:\n"
        "            importlib.import_module(entry.name)\n"
        "assert not {'locust', 'gevent', 'openai'} & set(sys.modules)\n"
    )
    run([str(environment / "python"), "-c", script], project, RUN_LIMIT_S)

"""Real servers of each dialect: versions, recordings, expected failures and pages agree."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from streamchat_fixtures.real_servers.command_line import main
from streamchat_fixtures.real_servers.groups import GROUPS
from streamchat_fixtures.real_servers.judging import FILES, Installed, serving, versions
from streamchat_fixtures.real_servers.mocks import AIMOCK, MOCKLLM
from streamchat_fixtures.real_servers.real_server import RealServer
from streamchat_fixtures.real_servers.released import LLAMA_CPP, TRANSFORMERS
from streamchat_fixtures.stacks.expectation import differences
from streamchat_fixtures.stacks.launching import LaunchError
from streamchat_fixtures.stacks.recording import load
from streamchat_fixtures.stacks.versions import package_versions

pytestmark = pytest.mark.guard

ROOT = Path(__file__).parents[2]
SERVERS = [(dialect, name) for dialect, group in GROUPS.items() for name in group.servers]


@pytest.mark.parametrize(("dialect", "name"), SERVERS)
def test_a_server_failed_what_it_is_expected_to_fail(dialect: str, name: str) -> None:
    group = GROUPS[dialect]
    assert differences(load(name, group.folder), group.reasons[name]) == []


@pytest.mark.parametrize("dialect", GROUPS)
def test_nothing_is_expected_or_recorded_of_unknown_servers(dialect: str) -> None:
    group = GROUPS[dialect]
    assert group.dialect == dialect
    assert set(group.reasons) == set(group.servers)
    assert {file.stem for file in group.folder.glob("*.json")} == set(group.servers)


@pytest.mark.parametrize("dialect", GROUPS)
def test_every_reason_of_a_server_is_a_sentence_and_every_thread_an_address(dialect: str) -> None:
    reasons = GROUPS[dialect].reasons.values()
    for reason in {reason for by_id in reasons for reason in by_id.values()}:
        assert reason.sentence.endswith(".")
        assert not reason.thread or reason.thread.startswith("https://")


@pytest.mark.parametrize("dialect", GROUPS)
def test_the_published_page_is_what_the_recordings_say(
    dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["document", "--dialect", dialect]) == 0
    page = (ROOT / "docs" / f"servers-{dialect}.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == page


@pytest.mark.parametrize("dialect", GROUPS)
def test_an_environment_judges_the_servers_of_the_dialect_again(dialect: str) -> None:
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    environment = f"servers-{dialect}"
    assert f"[testenv:{environment}]" in text
    assert re.search(rf"real_servers judge --dialect {dialect}\b", text)
    assert f"tox -e {environment}" in GROUPS[dialect].introduction


def test_the_versions_that_are_installed_are_those_that_were_judged() -> None:
    folder = FILES.parent
    lines = [
        line
        for file in sorted(folder.glob("requirements*.txt"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    # What an extra of a distribution brings along has no version of its own here.
    named = [re.sub(r"\[.*\]", "", line).split("==") for line in lines if "==" in line]
    dependencies = json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    # Two environments that have the same package have it in the same version.
    pinned = {*map(tuple, named), *dependencies.items()}
    # Nor has what a system brings, which is judged in whatever version is there.
    of_system = {
        server.package
        for group in GROUPS.values()
        for server in group.servers.values()
        if server.program
    }
    judged = {
        (name, version)
        for group in GROUPS.values()
        for recording in group.recordings()
        for name, version in recording.versions.items()
        if name not in of_system
    }
    assert pinned == judged


@pytest.mark.parametrize("server", [AIMOCK, MOCKLLM], ids=lambda server: server.name)
def test_a_server_that_is_not_installed_is_reported(server: RealServer, tmp_path: Path) -> None:
    nowhere = Installed(str(tmp_path / "bin" / "python"), tmp_path)
    with pytest.raises(LaunchError, match=server.name):
        versions(server, nowhere)


def test_a_server_that_does_not_start_is_reported(tmp_path: Path) -> None:
    nowhere = Installed(str(tmp_path / "bin" / "python"), tmp_path)
    with (
        pytest.raises(LaunchError, match="mockllm did not start"),
        serving(MOCKLLM, nowhere),
    ):
        pass


def _offer(
    dialect: str, servers: Iterable[RealServer], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a dialect have these servers alone, and the system the programs in one folder."""
    monkeypatch.setenv("PATH", str(path))
    only = replace(GROUPS[dialect], servers={each.name: each for each in servers})
    monkeypatch.setattr("streamchat_fixtures.real_servers.command_line.GROUPS", {dialect: only})


@pytest.mark.parametrize("dialect", GROUPS)
def test_a_server_that_the_system_lacks_is_left_out_with_one_line(
    dialect: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _offer(dialect, [LLAMA_CPP], tmp_path, monkeypatch)
    assert main(["judge", "--dialect", dialect]) == 0
    assert capsys.readouterr().out == "llama.cpp: left out, llama-server is not on the path\n"
    assert main(["judge", "llama.cpp", "--dialect", dialect]) == 2
    assert capsys.readouterr().err == (
        "error: llama-server is not installed: there is no such program on the path\n"
    )


def test_a_server_whose_packages_are_large_is_left_out_with_one_line_where_they_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _offer("openai", [TRANSFORMERS], tmp_path, monkeypatch)
    nowhere = f"--python={tmp_path / 'python'}"
    assert main(["judge", "--dialect", "openai", nowhere]) == 0
    assert capsys.readouterr().out == (
        "transformers: left out, transformers is not installed "
        "(`tox -e servers-transformers` does so)\n"
    )
    assert main(["judge", "transformers", "--dialect", "openai", nowhere]) == 2
    assert capsys.readouterr().err.startswith("error: transformers: ")


def test_a_server_that_is_judged_apart_has_an_environment_that_judges_it() -> None:
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    for dialect, name in SERVERS:
        environment = GROUPS[dialect].servers[name].apart
        if environment:
            _, body = text.split(f"[testenv:{environment}]")
            own = body.split("[testenv:")[0]
            assert re.search(rf"real_servers judge --dialect {dialect} {name} ", own)


def test_the_label_of_a_build_is_no_part_of_a_version(tmp_path: Path) -> None:
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\necho 2.13.0+cpu 0.54.0\n", encoding="utf-8")
    interpreter.chmod(0o755)
    assert package_versions("one", str(interpreter), ["torch", "uvicorn"]) == {
        "torch": "2.13.0",
        "uvicorn": "0.54.0",
    }


@pytest.mark.parametrize("dialect", GROUPS)
def test_the_others_are_judged_where_one_does_not_start(
    dialect: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _offer(dialect, [MOCKLLM, LLAMA_CPP], tmp_path, monkeypatch)
    nowhere = str(tmp_path / "bin" / "python")
    assert main(["judge", "--dialect", dialect, "--python", nowhere]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: ")
    assert "llama.cpp: left out" in said.out


@pytest.mark.parametrize("dialect", GROUPS)
def test_an_unknown_server_is_reported_in_one_line(
    dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "unknown", "--dialect", dialect]) == 2
    assert capsys.readouterr().err == "error: there is no server 'unknown'; `list` names them\n"


@pytest.mark.parametrize("dialect", GROUPS)
def test_the_servers_of_a_dialect_are_listed(
    dialect: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["list", "--dialect", dialect]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*GROUPS[dialect].servers]

"""Servers of Chat Completions: recordings, expected failures and the page agree."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamchat_fixtures.dialects.openai.servers.__main__ import RECORDINGS, main
from streamchat_fixtures.dialects.openai.servers.judging import FILES, Installed, serving, versions
from streamchat_fixtures.dialects.openai.servers.reasons import REASONS
from streamchat_fixtures.dialects.openai.servers.registry import SERVERS
from streamchat_fixtures.stacks.expectation import differences
from streamchat_fixtures.stacks.launching import LaunchError
from streamchat_fixtures.stacks.recording import load

pytestmark = pytest.mark.guard

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_failed_what_it_is_expected_to_fail(name: str) -> None:
    assert differences(load(name, RECORDINGS), REASONS[name]) == []


def test_nothing_is_expected_or_recorded_of_unknown_servers() -> None:
    assert set(REASONS) == set(SERVERS)
    assert {file.stem for file in RECORDINGS.glob("*.json")} == set(SERVERS)


def test_every_reason_of_a_server_is_a_sentence_and_every_thread_an_address() -> None:
    for reason in {reason for by_id in REASONS.values() for reason in by_id.values()}:
        assert reason.sentence.endswith(".")
        assert not reason.thread or reason.thread.startswith("https://")


def test_the_published_page_is_what_the_recordings_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document"]) == 0
    page = (ROOT / "docs" / "servers-openai.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == page


def test_the_versions_that_are_installed_are_those_that_were_judged() -> None:
    folder = FILES.parent
    lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    pinned |= json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    judged: dict[str, str] = {}
    for name in SERVERS:
        judged |= load(name, RECORDINGS).versions
    assert pinned == judged


@pytest.mark.parametrize("name", ["aimock", "mockllm"])
def test_a_server_that_is_not_installed_is_reported(name: str, tmp_path: Path) -> None:
    nowhere = Installed(str(tmp_path / "bin" / "python"), tmp_path)
    with pytest.raises(LaunchError, match=name):
        versions(SERVERS[name], nowhere)


def test_a_server_that_does_not_start_is_reported(tmp_path: Path) -> None:
    nowhere = Installed(str(tmp_path / "bin" / "python"), tmp_path)
    with (
        pytest.raises(LaunchError, match="mockllm did not start"),
        serving(SERVERS["mockllm"], nowhere),
    ):
        pass


def test_an_unknown_server_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "unknown"]) == 2
    assert capsys.readouterr().err == "error: there is no server 'unknown'; `list` names them\n"

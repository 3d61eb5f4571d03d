"""Servers of Anthropic Messages: recordings, expected failures and the page agree."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamchat_fixtures.dialects.anthropic.servers.__main__ import RECORDINGS, main
from streamchat_fixtures.dialects.anthropic.servers.reasons import REASONS
from streamchat_fixtures.dialects.anthropic.servers.registry import SERVERS
from streamchat_fixtures.stacks.expectation import differences
from streamchat_fixtures.stacks.recording import load

pytestmark = pytest.mark.guard

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_failed_what_it_is_expected_to_fail(name: str) -> None:
    assert differences(load(name, RECORDINGS), REASONS[name]) == []


def test_nothing_is_expected_or_recorded_of_unknown_servers() -> None:
    assert set(REASONS) == set(SERVERS)
    assert {file.stem for file in RECORDINGS.glob("*.json")} == set(SERVERS)


def test_the_published_page_is_what_the_recordings_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document"]) == 0
    page = (ROOT / "docs" / "servers-anthropic.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == page

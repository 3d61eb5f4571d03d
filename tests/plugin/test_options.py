"""The console script's help, and its one line about an option that is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamchat_conformance.__main__ import SUBCOMMANDS, main

README = Path(__file__).parents[2] / "README.md"
MISTAKES = [
    (["--target-ulr=http://127.0.0.1:1"], "did you mean '--target-url'?"),
    (["--known-failure", "x.toml"], "did you mean '--known-failures'?"),
    (["--junitxm=x.xml"], "did you mean '--junitxml'?"),
    (["--nonesuch"], "unknown option --nonesuch; see --help"),
    (["--target-url"], "--target-url: expected one argument"),
    (["--insecure=yes"], "--insecure: ignored explicit argument"),
    (["--fail-on=shuold"], "did you mean 'should'?"),
    (["--thoroughness=quik"], "did you mean 'quick'?"),
    (["--capability=ecko"], "did you mean 'echo'?"),
    (["--requirement=payload.jsn"], "did you mean 'payload.json'"),
    (["--gap-limit=long"], "not a number of seconds"),
    (["lst"], "did you mean 'list'?"),
]


@pytest.mark.parametrize("arguments", [["--help"], ["--target-url=http://127.0.0.1:1", "-h"]])
def test_the_help_fits_on_two_screens_and_has_what_the_readme_uses(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    assert len(shown.splitlines()) < 120
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README.read_text("utf-8")))
    of_others = {
        "--pyargs",
        "--option",
        "--raw",
        "--data-binary",
        "--port",
        "--events",
        "--interval",
    }
    for option in used - of_others - {"--markdown"}:
        assert option in shown, option
    for name in SUBCOMMANDS:
        assert f"\n  {name} " in shown
    for code in "012346":
        assert f"\n  {code}  " in shown
    assert "--all-options" in shown
    assert "--strict-markers" not in shown


@pytest.mark.parametrize(("arguments", "shown"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_wrong_option_is_one_line_with_the_nearest_one(
    capsys: pytest.CaptureFixture[str], arguments: list[str], shown: str
) -> None:
    assert main(arguments) == 4
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if line]
    assert len(lines) == 1
    assert shown in lines[0]
    assert "test session starts" not in captured.out

"""Mistakes about the gate end the run with exit code 4 and one line, before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CASES = "streamchat_conformance.cases"
MARKER = "started"
"""A file that the command under test would leave behind, if it were started."""
COMMAND = f"--target-command=touch {MARKER}; echo {{port}}"

OPTIONS = [
    (["--target-command="], ["--target-command", "give the shell command"]),
    (["--target-url=http://192.0.2.1", COMMAND], ["--target-url", "localhost"]),
    ([COMMAND, "--start-limit=soon"], ["--start-limit 'soon'", "number of seconds"]),
    ([COMMAND, "--start-limit=0"], ["--start-limit '0'", "above 0"]),
    ([COMMAND, "--update-known-failures"], ["--update-known-failures", "--known-failures FILE"]),
    ([COMMAND, "--known-failures=nonesuch.toml"], ["nonesuch.toml", "cannot be read"]),
    ([COMMAND, "--known-failures=."], ["--known-failures", "cannot be read"]),
    (
        [COMMAND, "--known-failures=nonesuch/known.toml", "--update-known-failures"],
        ["--known-failures", "the folder nonesuch does not exist"],
    ),
    ([COMMAND, "--known-failures=unknown.toml"], ["unknown.toml", "payload.prompt-echo"]),
    ([COMMAND, "--known-failures=torn.toml"], ["torn.toml", "not TOML"]),
    ([COMMAND, "--capability=fault"], ["'fault'", "--target-file"]),
    (["--target-file=limits.toml"], ["limits.toml", "'start_s'", "number of seconds"]),
]

FILES = {
    "unknown.toml": '[[known-failure]]\nid = "payload.prompt-ecko"\nreason = "x"\n',
    "torn.toml": "[[known-failure]\n",
    "limits.toml": '[limits]\nstart_s = "soon"\n',
}


@pytest.mark.parametrize(("options", "shown"), OPTIONS, ids=lambda value: str(value[-1])[:40])
def test_a_mistake_about_the_gate_is_named_with_its_cure(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    shown: list[str],
) -> None:
    monkeypatch.delenv("STREAMCHAT_TARGET_URL", raising=False)
    for name, text in FILES.items():
        (pytester.path / name).write_text(text, "utf-8")
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--pyargs", CASES, *options)
    assert done.ret == 4
    lines = [line for line in done.errlines if line]
    assert len(lines) == 1
    assert lines[0].startswith("ERROR: streamchat-conformance: ")
    for text in shown:
        assert text in lines[0]
    assert not _started(pytester.path)


def _started(folder: Path) -> bool:
    return (folder / MARKER).exists()


def test_a_command_replaces_the_url_of_the_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMCHAT_TARGET_URL", "http://192.0.2.1")
    done = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--pyargs", CASES, f"{COMMAND}; exit 5"
    )
    assert done.ret == 6
    assert _started(pytester.path)


def test_an_empty_file_name_is_a_mistake_too(pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_inprocess(
        "-p", "no:cacheprovider", "--pyargs", CASES, COMMAND, "--report-json="
    )
    assert done.ret == 4
    assert not _started(pytester.path)

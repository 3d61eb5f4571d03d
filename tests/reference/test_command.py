"""The command line's errors: one line that names what was wrong."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import pytest
from streamchat_reference.command import main

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _untouched_logging() -> Iterator[None]:
    """The command sets logging up for its process; here it is a guest."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.parametrize(
    ("options", "exit_code", "words"),
    [
        (["--port", "70000"], 2, "'70000' is not a port"),
        (["--port", "x"], 2, "'x' is not a whole number"),
        (["--events", "-1"], 2, "not a whole number from 0"),
        (["--interval", "nan"], 2, "'nan' is not a number of seconds"),
        (["--interval", "soon"], 2, "'soon' is not a number of seconds"),
        (["--heartbeat", "0"], 2, "more than 0 seconds"),
        (["--max-streams", "0"], 2, "not a whole number from 1"),
        (["--answerer", "parrot"], 2, "unknown answerer 'parrot'"),
        (["--answerer", "no_such_module:f"], 2, "cannot import 'no_such_module'"),
        (["--answerer", "json:no_such"], 2, "'json' has no callable 'no_such'"),
        (["--answerer", "openai"], 2, "needs --openai-url"),
        (["--answerer", "openai", "--openai-url", "ftp://x"], 2, "no URL of a model server"),
        (["--answerer", "openai", "--openai-url", "http://[x"], 2, "no URL of a model server"),
        (["--no-such-option"], 2, "unrecognized arguments"),
        (["--api-key-env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE holds no key"),
        (["--host", "no such host", "--port", "0"], 1, "cannot listen on no such host:0: "),
        (["--host", "192.0.2.1", "--port", "0"], 1, "cannot listen on 192.0.2.1:0: "),
        (["--max-streams", "900000000", "--port", "0"], 1, "open files, but the limit is"),
    ],
)
def test_a_bad_option_is_reported_in_one_line(
    options: list[str], exit_code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(options)
    printed = capsys.readouterr()
    assert ended.value.code == exit_code
    assert words in printed.err
    assert printed.err.startswith("streamchat_reference: error: ")
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_without_openais_sdk_the_answerer_that_needs_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "streamchat_reference.answerers.openai", None)
    with pytest.raises(SystemExit) as ended:
        main(["--answerer", "openai", "--openai-url", "http://127.0.0.1:1/v1"])
    assert ended.value.code == 2
    assert "pip install streamchat-conformance[openai]" in capsys.readouterr().err

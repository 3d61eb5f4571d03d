"""Custom checks and levels of the user's: in every report, and never a fault of the server."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from preloaded import PRELOADED
from streamchat_conformance.checks.loading import load_checks
from streamchat_conformance.commands.schema import schema_text
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.suite.config.levels import parse_levels, with_levels
from streamchat_conformance.suite.config.typed import SettingsError

from .conftest import Judge
from .harness import environment

DOCUMENT = Path(__file__).parents[2] / "docs" / "custom-checks.md"

HEAD = """\
from streamchat_conformance.checks import MAY, MUST, SHOULD, CheckFinding, check

"""

RAISES = (
    HEAD
    + """\
@check("x-acme.status", MUST, "Every status is even.")
def status(reading):
    return [] if reading.head.nonesuch else None
"""
)

BREAKS = (
    HEAD
    + """\
@check("x-teapot", MUST, "Every answer is 418.")
def teapot(reading):
    return ["it is no teapot"] if reading.head is not None else None
"""
)


def example() -> str:
    return DOCUMENT.read_text("utf-8").partition("```python\n")[2].partition("```")[0]


def written(folder: Path, text: str, name: str = "our_checks.py") -> str:
    file = folder / name
    file.write_text(text, "utf-8")
    return str(file)


def test_the_example_of_the_documents_has_ten_lines_and_runs(
    run: Judge, control: str, tmp_path: Path
) -> None:
    assert len([line for line in example().splitlines() if line]) <= 10
    done = run(
        f"--target-url={control}",
        f"--checks={written(tmp_path, example())}",
        "--requirement=x-*",
        f"--junitxml={tmp_path / 'junit.xml'}",
        f"--report-html={tmp_path / 'report.html'}",
        f"--report-markdown={tmp_path / 'report.md'}",
        "--fail-on=should",
    )
    assert done.code == 1, done.out + done.error
    assert done.with_outcome("fail") == {"x-request-id"}
    entry = done.entry("x-request-id")
    assert entry["level"] == "SHOULD"
    assert entry["source"] == "our_checks.py"
    assert entry["findings"][0]["message"] == "support cannot find it in the logs"
    assert "x-request-id (SHOULD): Every answer has an X-Request-Id field." in done.out
    for name in ("junit.xml", "report.html", "report.md"):
        assert "x-request-id" in (tmp_path / name).read_text("utf-8"), name


def test_a_check_may_be_a_known_failure(run: Judge, control: str, tmp_path: Path) -> None:
    listed = written(
        tmp_path, '[[known-failure]]\nid = "x-teapot"\nreason = "no tea"\n', "known.toml"
    )
    done = run(
        f"--target-url={control}",
        f"--checks={written(tmp_path, BREAKS)}",
        "--requirement=x-*",
        f"--known-failures={listed}",
    )
    assert (done.code, done.outcomes["x-teapot"]) == (0, "known-failure")


@pytest.mark.parametrize("options", [(), ("-n1",)])
def test_a_check_that_raises_is_its_own_failure_and_not_the_servers(
    run: Judge, control: str, tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = run(
        f"--target-url={control}",
        f"--checks={written(tmp_path, RAISES)}",
        "--requirement=x-*",
        *options,
    )
    assert done.code == 4, done.out + done.error
    entry = done.entry("x-acme.status")
    assert entry["outcome"] == "error"
    assert entry["findings"] == []
    assert "AttributeError" in entry["reason"]
    assert "our_checks.py, line 5" in entry["reason"]
    assert "x-acme.status: the check itself failed: AttributeError" in done.out
    assert "fault of the suite" not in done.out
    assert "Traceback" not in done.out + done.error


MISTAKES = {
    "syntax": ("def broken(:\n", ["line 1"]),
    "nothing in it": ("VALUE = 1\n", ["has no check", "@check"]),
    "it raises": ("1 / 0\n", ["line 1", "ZeroDivisionError"]),
    "it exits": ("import sys\nsys.exit('bye')\n", ["line 2", "SystemExit", "bye"]),
    "an id of the suite": (
        HEAD + '@check("error.shape", MUST, "A.")\ndef f(r): ...\n',
        ["'error.shape'", "begins with 'x-'"],
    ),
    "a crooked id": (
        HEAD + '@check("x-Shape", MUST, "A.")\ndef f(r): ...\n',
        ["'x-Shape'", "x-name or x-area.name"],
    ),
    "a level that does not exist": (
        HEAD + '@check("x-a", "must", "A.")\ndef f(r): ...\n',
        ["'x-a'", "MUST, SHOULD or MAY", "line 3"],
    ),
    "no sentence": (
        HEAD + '@check("x-a", MUST, "no end")\ndef f(r): ...\n',
        ["x-a", "full stop"],
    ),
    "one id twice": (
        HEAD
        + '@check("x-a", MUST, "A.")\ndef f(r): ...\n@check("x-a", MUST, "A.")\ndef g(r): ...\n',
        ["x-a", "twice"],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_file_is_one_line(tmp_path: Path, mistake: str) -> None:
    text, parts = MISTAKES[mistake]
    file = written(tmp_path, text)
    with pytest.raises(SettingsError) as raised:
        load_checks([file])
    message = str(raised.value)
    assert message.count("\n") == 0
    for part in ("--checks", "our_checks.py", *parts):
        assert part in message


def test_a_mistake_ends_the_run_before_anything_is_sent(run: Judge, tmp_path: Path) -> None:
    done = run("--target-url=http://127.0.0.1:9", f"--checks={written(tmp_path, 'x = (')}")
    assert (done.code, done.report) == (4, None)
    assert "our_checks.py, line 1" in done.error
    assert "Traceback" not in done.out + done.error
    with pytest.raises(SettingsError, match="is no file"):
        load_checks([str(tmp_path / "none.py")])


@pytest.mark.parametrize(
    "returned", ["True", "'text'", "[1]", "[CheckFinding(1)]", "[CheckFinding('a', offset=-1)]"]
)
def test_what_is_no_list_of_problems_is_a_failure_of_the_check(
    tmp_path: Path, returned: str
) -> None:
    from streamchat_conformance.core.exchange import Ending, Exchange
    from streamchat_conformance.judges import Reading

    text = f'{HEAD}@check("x-a", MAY, "A.")\ndef f(r):\n    return {returned}\n'
    (check,) = load_checks([written(tmp_path, text)])
    assert check(Reading(Exchange(b"", ending=Ending.CLOSED))) is None
    assert "it returned" in check.failure
    assert "our_checks.py, line 3" in check.failure


def test_recordings_are_judged_by_checks(tmp_path: Path) -> None:
    recording = tmp_path / "answer.txt"
    recording.write_bytes(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
    for text, code, line in (
        (BREAKS, 1, "x-teapot (MUST): Every answer is 418."),
        (RAISES, 4, "x-acme.status: the check itself failed: AttributeError"),
    ):
        done = PRELOADED.run_text(
            [
                *("streamchat_conformance", "judge", str(recording)),
                *("--checks", written(tmp_path, text), "--requirement", "x-*"),
            ],
            folder=tmp_path,
            environment=environment(),
            limit_s=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert line in done.stdout


def test_a_level_of_the_users_holds_and_is_shown_in_every_report(
    run: Judge, control: str, tmp_path: Path
) -> None:
    target = written(
        tmp_path,
        f'[target]\nurl = "{control}"\n[levels]\n"x-teapot" = "should"\n"sse.fields" = "may"\n',
        "server.toml",
    )
    done = run(
        f"--target-file={target}",
        f"--checks={written(tmp_path, BREAKS)}",
        "--requirement=x-*",
        "--requirement=sse.fields",
        "--requirement=headers.charset",
        f"--junitxml={tmp_path / 'junit.xml'}",
        f"--report-html={tmp_path / 'report.html'}",
        f"--report-markdown={tmp_path / 'report.md'}",
        f"--report-badge={tmp_path / 'badge.json'}",
        f"--report-sarif={tmp_path / 'report.sarif'}",
        f"--report-code-quality={tmp_path / 'quality.json'}",
        "--source-file=app/chat.py",
    )
    assert done.code == 0, done.out + done.error
    assert done.entry("x-teapot")["level"] == "SHOULD"
    assert done.entry("sse.fields")["level_change"] == {
        "declared": "MUST",
        "by": "[levels] in server.toml",
        "newer": False,
    }
    shown = "SHOULD by [levels] in server.toml, MUST by default"
    assert f"x-teapot ({shown})" in done.out
    for name in ("junit.xml", "report.html"):
        assert shown in (tmp_path / name).read_text("utf-8"), name
    assert Draft202012Validator(json.loads(schema_text())).is_valid(done.report)
    quality = json.loads((tmp_path / "quality.json").read_text("utf-8"))
    assert [(entry["check_name"], entry["location"]["path"]) for entry in quality] == [
        ("x-teapot", "app/chat.py")
    ]
    (run_,) = json.loads((tmp_path / "report.sarif").read_text("utf-8"))["runs"]
    assert [result["ruleId"] for result in run_["results"]] == ["x-teapot"]
    assert "levels\\]" in (tmp_path / "report.md").read_text("utf-8")
    assert "2 levels changed" in json.loads((tmp_path / "badge.json").read_text())["message"]


@pytest.mark.parametrize(
    ("levels", "parts"),
    [
        ('"error.shap" = "should"', ["'error.shap'", "did you mean 'error.shape'"]),
        ('"error.shape" = "warn"', ["'error.shape'", "must, should, may", "'warn'"]),
        ('error.shape = "may"', ["in quotes"]),
        ('"error.shape" = 1', ["'error.shape'", "1"]),
    ],
)
def test_a_wrong_level_is_one_line(levels: str, parts: list[str]) -> None:
    table = tomllib.loads(f"[levels]\n{levels}\n")["levels"]
    with pytest.raises(SettingsError) as raised:
        with_levels(rules_of(DEFAULT), parse_levels(table), "server.toml")
    message = str(raised.value)
    assert message.count("\n") == 0
    for part in ("[levels]", *parts):
        assert part in message


def test_a_wrong_level_ends_the_run_before_anything_is_sent(run: Judge, tmp_path: Path) -> None:
    file = written(tmp_path, '[levels]\n"error.shap" = "should"\n', "server.toml")
    done = run("--target-url=http://127.0.0.1:9", f"--target-file={file}")
    assert done.code == 4
    assert "server.toml: [levels]: there is no requirement 'error.shap'" in done.error

"""The commands that read reports: tables, comparisons, explanations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from streamchat_conformance.commands import compare, explain, html, matrix
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import stream, value

Saved = Callable[..., Path]
HOSTILE = "<script>\x1b[2J|`\u202e"


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    """Write a report, and return its file."""

    def save(name: str, outcomes: Mapping[str, Outcome] | None = None, **options: object) -> Path:
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(value(outcomes, **options)))  # type: ignore[arg-type]  # as it is
        return file

    return save


def lines_of(text: str, name: str) -> list[str]:
    """Return the requirements that a comparison lists under a heading."""
    found: list[str] = []
    inside = False
    for line in text.splitlines():
        if not line.startswith(" "):
            inside = line.startswith(name)
        elif inside:
            found.append(line.split()[0])
    return found


def test_a_comparison_says_what_got_better_and_worse(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    old = saved("old", {"sse.fields": Outcome.FAIL, "sse.bom": Outcome.NOT_APPLICABLE})
    new = saved("new", {"payload.json": Outcome.FAIL, "payload.object": Outcome.BLOCKED})
    assert compare.main([str(old), str(new)]) == 1
    shown = capsys.readouterr().out
    assert lines_of(shown, "worse") == ["payload.json", "payload.object"]
    assert lines_of(shown, "better") == ["sse.fields"]
    assert lines_of(shown, "changed") == ["sse.bom"]


def test_a_comparison_counts_and_orders_by_level(
    saved: Saved, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = ("error.bounded", "headers.no-transform", "sse.fields")
    bad = saved("bad", dict.fromkeys(ids, Outcome.FAIL))
    compare.main([str(saved("good")), str(bad)])
    printed = capsys.readouterr().out
    assert "worse   3 (1 MUST, 1 SHOULD, 1 MAY)\n" in printed
    assert lines_of(printed, "worse") == ["sse.fields", "error.bounded", "headers.no-transform"]
    compare.main([str(bad), str(saved("good"))])
    assert "better  3 (1 MUST, 1 SHOULD, 1 MAY)\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("worse", "codes"),
    [
        ("headers.no-transform", {"must": 0, "should": 0, "may": 1}),
        ("error.bounded", {"must": 0, "should": 1, "may": 1}),
        ("sse.fields", {"must": 1, "should": 1, "may": 1}),
    ],
)
def test_the_lowest_level_that_fails_a_comparison_is_chosen(
    saved: Saved, capsys: pytest.CaptureFixture[str], worse: str, codes: Mapping[str, int]
) -> None:
    files = [
        str(saved("old", {"payload.json": Outcome.FAIL})),
        str(saved("new", {worse: Outcome.FAIL})),
    ]
    assert compare.main(files) == codes["must"]
    for level, code in codes.items():
        capsys.readouterr()
        assert compare.main([*files, f"--fail-on={level}"]) == code
        gate = capsys.readouterr().out.splitlines()[-1]
        assert gate.startswith("gate    failed: 1 " if code else "gate    passed: no MUST")
        assert ("--fail-on" in gate) == (not code)


@pytest.mark.parametrize(
    ("was", "now", "code"),
    [
        (Outcome.PASS, Outcome.PASS, 0),
        (Outcome.FAIL, Outcome.FAIL, 0),
        (Outcome.FAIL, Outcome.PASS, 0),
        (Outcome.FAIL, Outcome.BLOCKED, 0),
        (Outcome.BLOCKED, Outcome.FAIL, 0),
        (Outcome.FAIL, Outcome.KNOWN_FAILURE, 0),
        (Outcome.NOT_RUN, Outcome.PASS, 0),
        (Outcome.FAIL, Outcome.NOT_RUN, 0),
        (Outcome.PASS, Outcome.UNEXPECTED_PASS, 0),
        (Outcome.PASS, Outcome.FAIL, 1),
        (Outcome.PASS, Outcome.BLOCKED, 1),
        (Outcome.PASS, Outcome.KNOWN_FAILURE, 1),
        (Outcome.NOT_RUN, Outcome.FAIL, 1),
        (Outcome.NOT_APPLICABLE, Outcome.FAIL, 1),
        (Outcome.PASS, Outcome.NOT_RUN, 1),
        (Outcome.PASS, Outcome.NOT_APPLICABLE, 1),
    ],
)
def test_only_what_got_worse_makes_the_exit_code_one(
    saved: Saved, was: Outcome, now: Outcome, code: int
) -> None:
    files = [saved("old", {"sse.fields": was}), saved("new", {"sse.fields": now})]
    assert compare.main([str(file) for file in files]) == code


def test_a_requirement_that_is_new_got_worse_only_if_it_fails(saved: Saved) -> None:
    old = value()
    old["requirements"] = [each for each in old["requirements"] if each["id"] != "sse.fields"]
    file = saved("old").with_name("older.json")
    file.write_text(json.dumps(old))
    assert compare.main([str(file), str(saved("good"))]) == 0
    assert compare.main([str(file), str(saved("bad", {"sse.fields": Outcome.FAIL}))]) == 1
    assert compare.main([str(saved("good")), str(file)]) == 0


def test_a_matrix_has_a_row_for_each_requirement_and_a_column_for_each_report(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [saved("good"), saved("bad", {"sse.fields": Outcome.FAIL})]
    assert matrix.main([str(file) for file in files]) == 0
    printed = capsys.readouterr().out
    assert "| requirement | level | good | bad |" in printed
    assert "| `sse.fields` | MUST | ✓ | ✗ |" in printed
    assert "| **your code** | MUST | 0 of " in printed
    assert "| **HTTP server** | MUST | test: 0 of " in printed
    assert printed.count("| `") == len(rules_of(DEFAULT).catalogue)
    out = [tmp_path / "m.md", tmp_path / "m.html"]
    options = [f"--markdown={out[0]}", f"--html={out[1]}"]
    assert matrix.main([*map(str, files), *options]) == 0
    assert out[0].read_text() == printed
    assert out[1].read_text().count("<tr>") == len(rules_of(DEFAULT).catalogue) + 5
    assert capsys.readouterr().out == ""


def test_columns_of_one_name_are_distinguished_by_their_folders() -> None:
    files = [Path("a/x/report.json"), Path("b/x/report.json")]
    assert matrix.column_names(files) == ["a/x/report", "b/x/report"]
    assert len(set(matrix.column_names([files[0], files[0]]))) == 2


def test_hostile_text_of_a_report_acts_nowhere(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    finding = Finding("sse.fields", HOSTILE, HOSTILE, HOSTILE, 0)
    file = saved(
        "evil",
        {"sse.fields": Outcome.FAIL},
        findings={"sse.fields": [(finding, stream(0.1, label=HOSTILE))]},
        server=HOSTILE,
    )
    evil = json.loads(file.read_text())
    evil["target"]["url"] = HOSTILE
    evil["requirements"][0]["title"] = HOSTILE
    evil["requirements"][0]["id"] = f"x.{HOSTILE}"
    file.write_text(json.dumps(evil))
    out = tmp_path / "out.html"
    assert html.main([str(file), str(out)]) == 0
    assert compare.main([str(file), str(file)]) == 0
    assert matrix.main([str(file), f"--html={tmp_path / 'm.html'}"]) == 0
    assert matrix.main([str(file)]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "\u202e" not in printed
    assert "| x.\\<script\\>" in printed
    for made in (out, tmp_path / "m.html"):
        assert made.read_text().count("<script>") == 1


@pytest.mark.parametrize(
    ("main", "arguments", "shown"),
    [
        (compare.main, ["none.json", "none.json"], "none.json cannot be read"),
        (compare.main, ["one.json"], "NEW.json"),
        (compare.main, ["a.json", "b.json", "--fail-on=all"], "must"),
        (matrix.main, [], "REPORT.json"),
        (matrix.main, ["none.json"], "none.json cannot be read"),
        (matrix.main, ["none.json", "--html=/nowhere/x"], "--html: the folder /nowhere"),
        (matrix.main, ["none.json", "--markdown=."], "--markdown: . is a folder"),
        (html.main, ["none.json", "out.html"], "none.json cannot be read"),
        (html.main, ["none.json"], "OUT.html"),
        (explain.main, [], "name a requirement"),
        (explain.main, ["payload.jsn"], "did you mean 'payload.json'"),
        (explain.main, ["--pages=/nowhere/x"], "the folder /nowhere/x does not exist"),
        (explain.main, ["--what"], "--what"),
    ],
)
def test_a_mistake_is_reported_in_one_line_and_ends_with_four(
    main: Callable[[list[str]], int],
    arguments: list[str],
    shown: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments) == 4
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert shown in output.err


def test_a_file_that_is_no_report_ends_with_four(
    saved: Saved, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad\x1b\n.json"
    bad.write_text("[]")
    assert compare.main([str(saved("good")), str(bad)]) == 4
    output = capsys.readouterr().err
    assert output.count("\n") == 1
    assert "\x1b" not in output


@pytest.mark.parametrize("main", [compare.main, matrix.main, html.main, explain.main])
def test_help_ends_with_zero(
    main: Callable[[list[str]], int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--help"]) == 0
    assert "usage: streamchat-conformance" in capsys.readouterr().out


def test_explanations_follow_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain.main(["sse.bom", "payload.prompt-echo"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("sse.bom (SHOULD") < shown.index("payload.prompt-echo (MUST")
    assert "needs: the capability echo" in shown

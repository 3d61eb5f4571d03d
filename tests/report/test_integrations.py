"""What other programs read: SARIF, code quality, annotations, the JSON Schema of the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from streamchat_conformance.catalogue.links import SITE
from streamchat_conformance.commands import github, judge
from streamchat_conformance.commands import schema as command
from streamchat_conformance.commands.schema import schema_text
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.report.code_quality import code_quality_report
from streamchat_conformance.report.model import report_from_json
from streamchat_conformance.report.sarif import sarif_report
from streamchat_conformance.suite.verdicts.outcomes import Outcome

from .reports import report, stream, value

SARIF = json.loads((Path(__file__).parent / "data" / "sarif-schema-2.1.0.json").read_text("utf-8"))
REPORT = json.loads(schema_text())
HOSTILE = "a\n::error::b\r\x1b[2J % <script> \u202e"


def failing(**options: Any) -> dict[str, Any]:
    """Return a report with failures of each kind, one with a hostile text."""
    return value(
        {
            "sse.fields": Outcome.FAIL,
            "sse.data": Outcome.BLOCKED,
            "error.bounded": Outcome.FAIL,
            "error.shape": Outcome.KNOWN_FAILURE,
            "headers.charset": Outcome.ERROR,
        },
        findings={"sse.fields": [(Finding("sse.fields", HOSTILE, "x", HOSTILE, 3), stream(0.1))]},
        causes={"sse.data": "sse.fields"},
        **options,
    )


def test_the_schemas_are_schemas() -> None:
    Draft7Validator.check_schema(SARIF)
    Draft202012Validator.check_schema(REPORT)


@pytest.mark.parametrize("made", [value(), failing(), value(not_testable="nothing listens")])
def test_sarif_is_valid_by_the_official_schema(made: dict[str, Any]) -> None:
    log = json.loads(sarif_report(report_from_json(made)))
    assert [error.message for error in Draft7Validator(SARIF).iter_errors(log)] == []


def test_sarif_has_a_result_for_each_failure_and_a_page_for_each_rule() -> None:
    (run,) = json.loads(sarif_report(report_from_json(failing())))["runs"]
    rules = run["tool"]["driver"]["rules"]
    shown = {result["ruleId"]: result for result in run["results"]}
    assert shown.keys() == {"sse.fields", "error.bounded", "error.shape", "headers.charset"}
    for id_, result in shown.items():
        assert rules[result["ruleIndex"]]["id"] == id_
        assert rules[result["ruleIndex"]]["helpUri"] == f"{SITE}/rules/{id_}.html"
    assert shown["sse.fields"]["level"] == "error"
    assert shown["error.bounded"]["level"] == "warning"
    assert shown["error.shape"]["suppressions"]
    assert "It blocks 1 more." in shown["sse.fields"]["message"]["text"]
    assert "\x1b" not in shown["sse.fields"]["message"]["text"]
    place = shown["sse.fields"]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "api/stream-chat"}


def test_findings_are_shown_at_the_file_that_was_named() -> None:
    made = failing()
    made["target"]["source_file"] = "app/my chat.py"
    found = report_from_json(made)
    (run,) = json.loads(sarif_report(found))["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "app/my%20chat.py"}
    assert json.loads(code_quality_report(found))[0]["location"]["path"] == "app/my chat.py"
    assert all(",file=app/my chat.py,line=1::" in line for line in github.annotation_lines(found))


def test_code_quality_has_what_gitlab_asks_for_and_lasting_fingerprints() -> None:
    first, again = (json.loads(code_quality_report(report_from_json(failing()))) for _ in "ab")
    assert {entry["fingerprint"] for entry in first} == {entry["fingerprint"] for entry in again}
    assert len({entry["fingerprint"] for entry in first}) == len(first) == 4
    severities = {entry["check_name"]: entry["severity"] for entry in first}
    assert severities["sse.fields"] == "critical"
    assert severities["error.bounded"] == "minor"
    assert severities["error.shape"] == "info"
    for entry in first:
        assert entry["location"] == {"path": "api/stream-chat", "lines": {"begin": 1}}
        assert entry["description"]
    assert json.loads(code_quality_report(report())) == []


def test_each_annotation_is_one_line_that_begins_a_command() -> None:
    lines = list(github.annotation_lines(report_from_json(failing())))
    kinds = {line.split(" title=")[1].split(" ")[0]: line.split(" ")[0] for line in lines}
    assert kinds == {
        "sse.fields": "::error",
        "headers.charset": "::error",
        "error.bounded": "::warning",
        "error.shape": "::notice",
    }
    (hostile,) = [line for line in lines if "sse.fields" in line]
    assert hostile.count("\n") == 0
    assert "a%0A::error::b\\x0d\\x1b[2J %25 <script>" in hostile
    assert hostile.endswith(f"%0A{SITE}/rules/sse.fields.html")


def test_what_fails_the_run_is_an_error() -> None:
    made = failing()
    made["gate"] = {"fail_on": "should", "exit_code": 1}
    lines = list(github.annotation_lines(report_from_json(made)))
    assert [line.split(" ")[0] for line in lines if "error.bounded" in line] == ["::error"]


def test_no_more_annotations_are_printed_than_github_shows() -> None:
    everything = report(default=Outcome.FAIL)
    lines = list(github.annotation_lines(everything))
    for kind, most in (("::error", 10), ("::warning", 10), ("::notice", 6)):
        assert sum(line.startswith(f"{kind} ") for line in lines) == most


def test_a_job_gets_a_summary_with_what_changed_and_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(value({"payload.json": Outcome.FAIL})))
    new.write_text(json.dumps(failing()))
    summary, output = tmp_path / "summary", tmp_path / "output"
    summary.write_text("# before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    monkeypatch.setenv("GITHUB_OUTPUT", str(output))
    assert github.main([str(new), "--before", str(old)]) == 0
    assert capsys.readouterr().out.startswith("::error title=")
    text = summary.read_text("utf-8")
    assert text.startswith("# before\n### Since the last run\n")
    assert "- sse.fields (MUST): pass → fail" in text
    assert "- payload.json (MUST): fail → pass" in text
    assert "## streamchat-conformance: nonconformant" in text
    outputs = dict(line.split("=") for line in output.read_text("utf-8").splitlines())
    assert outputs["must-failed"] == "2"
    assert outputs["must-known-failures"] == "1"
    assert outputs["should-failed"] == "1"
    assert (outputs["worse"], outputs["better"]) == ("5", "1")


def test_without_a_job_and_a_last_run_there_are_annotations_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "report.json"
    file.write_text(json.dumps(value()))
    assert github.main([str(file)]) == 0
    assert capsys.readouterr().out == ""
    assert github.main([str(tmp_path / "none.json")]) == 4
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("made", [value(), failing(), value(not_testable="nothing listens")])
def test_a_report_is_valid_by_its_schema(made: dict[str, Any]) -> None:
    assert [error.message for error in Draft202012Validator(REPORT).iter_errors(made)] == []


def test_a_report_of_recordings_is_valid_by_its_schema(tmp_path: Path) -> None:
    recording, file = tmp_path / "answer.txt", tmp_path / "report.json"
    recording.write_bytes(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {}\n\n")
    judge.main([str(recording), "--report-json", str(file)])
    made = json.loads(file.read_text("utf-8"))
    assert [error.message for error in Draft202012Validator(REPORT).iter_errors(made)] == []


def test_the_schema_refuses_what_is_no_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    assert json.loads(capsys.readouterr().out) == REPORT
    validator = Draft202012Validator(REPORT)
    for change in ({"schema": 2}, {"verdict": "x"}, {"requirements": [{"id": "sse.data"}]}):
        assert not validator.is_valid({**value(), **change})

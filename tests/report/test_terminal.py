"""The end of a run: the lines that matter, on any width, with the details on request."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import rules_of
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.terminal import (
    SHOWN_FAILURES,
    describe,
    print_summary,
    print_verdict,
)
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Results

from .reports import value

MUSTS = [entry.id for entry in rules_of(DEFAULT).catalogue.values() if entry.level == "MUST"]


class Printed:
    """A reporter of pytest's that prints into a text."""

    def __init__(self, config: pytest.Config) -> None:
        self._file = io.StringIO()
        self.reporter = TerminalReporter(config, self._file)

    @property
    def lines(self) -> list[str]:
        return self._file.getvalue().splitlines()


@pytest.fixture
def printed(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Printed:
    monkeypatch.setenv("COLUMNS", "100")
    return Printed(pytestconfig)


def end(
    printed: Printed, outcomes: Mapping[str, Outcome], causes: Mapping[str, str] | None = None
) -> list[str]:
    print_verdict(printed.reporter, value(outcomes, causes=causes))
    return printed.lines


def test_the_last_lines_name_what_failed_and_what_to_fix_first(printed: Printed) -> None:
    lines = end(
        printed,
        {
            "error.bounded": Outcome.FAIL,
            "sse.fields": Outcome.FAIL,
            "payload.json": Outcome.FAIL,
            "sse.data": Outcome.BLOCKED,
        },
        {"sse.data": "payload.json"},
    )
    assert lines[0] == (
        "failed        payload.json (MUST), sse.fields (MUST), error.bounded (SHOULD)"
    )
    assert lines[1] == "fix first     payload.json, which blocks 1"
    how = "streamchat-conformance explain payload.json"
    assert lines[2] == f"details       above, or --report-html=FILE; {how}"
    assert lines[3].startswith("layers        ")
    assert lines[-1] == "verdict       nonconformant"
    assert len(lines) == 5


def test_a_conformant_server_needs_two_lines(printed: Printed) -> None:
    assert [line.split()[0] for line in end(printed, {})] == ["layers", "verdict"]


@pytest.mark.parametrize(
    ("dialect", "id_", "shown"),
    [
        (
            "openai",
            "payload.json",
            "; streamchat-conformance explain --dialect openai payload.json",
        ),
        ("stream-chat", "x-own", ""),
    ],
)
def test_the_command_that_explains_is_one_that_works(
    printed: Printed, dialect: str, id_: str, shown: str
) -> None:
    report = value({"payload.json": Outcome.FAIL})
    report["target"]["dialect"] = dialect
    for entry in report["requirements"]:
        entry["id"] = id_ if entry["id"] == "payload.json" else entry["id"]
    print_verdict(printed.reporter, report)
    text = " ".join(" ".join(printed.lines).split())
    assert f"details above, or --report-html=FILE{shown} layers" in text


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_every_line_but_a_command_fits_the_terminal(
    printed: Printed, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    results = Results()
    for id_ in MUSTS[:20]:
        results.by_id[id_].outcome = Outcome.FAIL
        results.by_id[id_].findings = [(Finding(id_, "a problem " * 20, "this", "that"), None)]
    results.facts.url = "http://127.0.0.1:8000/api/stream-chat"
    results.facts.capabilities = {"echo": "detected", "finite": "detected", "slow": "absent"}
    print_summary(printed.reporter, results, {"duration_s": 1.0}, "", Redactor())
    report: dict[str, Any] = value(dict.fromkeys(MUSTS[:20], Outcome.FAIL))
    print_verdict(printed.reporter, report)
    width = max(columns, 40)
    for line in printed.lines:
        # Commands and addresses are copied whole, and so is the sentence of a requirement.
        loose = ("http" in line, line.startswith("="), "(MUST): " in line)
        assert len(line) <= width or any(loose), line


def test_the_details_of_the_worst_are_shown_and_all_on_request(printed: Printed) -> None:
    results = Results()
    for id_ in MUSTS[: SHOWN_FAILURES + 5]:
        results.by_id[id_].outcome = Outcome.FAIL
    print_summary(printed.reporter, results, {"duration_s": 1.0}, "", Redactor())
    text = "\n".join(printed.lines)
    assert text.count(" (MUST): ") == SHOWN_FAILURES
    assert "-v shows the details of all" in text
    for id_ in MUSTS[: SHOWN_FAILURES + 5]:
        assert id_ in text


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    variables: dict[str, str],
    coloured: bool,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "PY_COLORS"):
        monkeypatch.delenv(name, raising=False)
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    printed = Printed(pytestconfig)
    lines = end(printed, {"sse.fields": Outcome.FAIL})
    assert ("\x1b[" in "\n".join(lines)) == coloured


@pytest.mark.parametrize(
    ("broken", "examples", "seen"),
    [
        (3, 214, "in 3 of 214 exchanges that decide it"),
        (214, 214, "in all 214 exchanges that decide it"),
        (1, 1, "in the one exchange that decides it"),
        (0, 214, ""),
    ],
)
def test_a_failure_says_how_often_it_was_seen(broken: int, examples: int, seen: str) -> None:
    result = Results().by_id["sse.fields"]
    result.outcome, result.broken, result.examples = Outcome.FAIL, broken, examples
    result.findings = [(Finding("sse.fields", "a field that nobody knows", "a field", "x"), None)]
    shown = [line for line in describe(result).splitlines() if line.startswith("  seen")]
    assert shown == ([f"  seen      {seen}"] if seen else [])

"""Putting results together: from reports, from the ledger, and from xdist's workers."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streamchat_conformance.catalogue.complete import load_catalogue
from streamchat_conformance.plugin.configure import checked_settings
from streamchat_conformance.report.json_report import build_report, write_report
from streamchat_conformance.report.terminal import print_summary
from streamchat_conformance.suite.outcomes import Outcome
from streamchat_conformance.suite.results import (
    EXIT_SUITE_FAULT,
    EXIT_USAGE,
    Facts,
    Result,
    Results,
)

_SHORT = {
    Outcome.PASS: ("passed", ".", "PASS"),
    Outcome.FAIL: ("failed", "F", "FAIL"),
    Outcome.BLOCKED: ("failed", "b", "BLOCKED"),
    Outcome.NOT_APPLICABLE: ("not applicable", "-", "N/A"),
    Outcome.ERROR: ("error", "E", "ERROR"),
}


class Gathering:
    """Gathers results, decides the exit code, writes and prints the reports."""

    def __init__(self, config: pytest.Config) -> None:
        load_catalogue()
        self.config = config
        self.results = Results()
        self.active = False
        """Whether any of the suite's cases reported."""
        self.decided = False
        self.report: dict[str, Any] = {}
        self.problem = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter the outcome that a report carries."""
        carried = getattr(report, "streamchat", None)
        if carried is not None:
            self.active = True
            self.results.record(Result.from_json(carried))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:  # noqa: ANN401
        """Name the suite's outcomes as the suite does."""
        carried = getattr(report, "streamchat", None)
        if carried is None:
            return None
        outcome = Outcome(carried["outcome"])
        if outcome in (Outcome.FAIL, Outcome.BLOCKED) and report.outcome != "failed":
            return "not gating", "s", f"NOT GATING {outcome.value}"
        return _SHORT[outcome]

    def merge(self, seen: dict[str, Any]) -> None:
        """Enter what a process saw on requirements whose cases had passed before."""
        for value in seen["results"]:
            result = Result.from_json(value)
            known = self.results.by_id[result.requirement.id]
            if known.outcome not in (Outcome.NOT_RUN, Outcome.NOT_APPLICABLE, Outcome.FAIL):
                self.results.record(result)
        facts = seen["facts"]
        if facts is not None:
            mine = self.results.facts
            total = {
                "generated": mine.generated + facts["generated"],
                "exchanges": mine.exchanges + facts["exchanges"],
            }
            self.results.facts = Facts(**{**facts, **total})

    def decide(self, session: pytest.Session, started: str, duration_s: float) -> None:
        """Decide the exit code and write the reports."""
        self.decided = True
        settings = checked_settings(self.config)
        code = self.results.exit_code(fail_on=self.config.getoption("--fail-on"))
        facts = self.results.facts
        if self.config.option.collectonly or int(session.exitstatus) in (2, 4):
            self.decided = False
            return
        if not facts.not_testable and self.results.nothing_run():
            self.problem = "not one MUST requirement was run: this says nothing about the target"
            code = max(code, EXIT_USAGE)
        self.report = build_report(
            self.results, started=started, duration_s=duration_s, headers=settings.headers
        )
        file = self.config.getoption("--report-json")
        if file:
            try:
                write_report(Path(file), self.report)
            except OSError as error:
                self.problem = f"--report-json: {file} cannot be written ({error.strerror})"
                code = EXIT_SUITE_FAULT
        if int(session.exitstatus) == 3:
            code = EXIT_SUITE_FAULT
        session.exitstatus = code

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict."""
        if self.decided:
            print_summary(terminalreporter, self.results, self.report, self.problem)


class GatheringSession(Gathering):
    """The gathering process of an xdist run: it collects nothing and runs nothing itself."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._clock = time.monotonic()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ANN401, ARG002 - xdist's
        """Take over what a worker saw."""
        seen = getattr(node, "workeroutput", {}).get("streamchat")
        if seen is None:
            return
        self.active = True
        self.merge(seen)
        if seen["not_testable"]:
            self.results.facts.not_testable = seen["not_testable"]
            self.results.facts.hint = seen["hint"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Decide, if any worker ran the suite's cases."""
        if self.active:
            self.decide(session, self._started, time.monotonic() - self._clock)

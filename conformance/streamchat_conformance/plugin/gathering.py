"""Putting results together: from reports, from the ledger, and from xdist's workers."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.catalogue.complete import load_catalogue
from streamchat_conformance.gate.applying import (
    Applied,
    apply_known_failures,
    update_lines,
    updated,
)
from streamchat_conformance.gate.telling import process_lines
from streamchat_conformance.gate.writing import as_toml
from streamchat_conformance.plugin.configure import checked_settings, known_failures_of
from streamchat_conformance.plugin.writing import write_reports
from streamchat_conformance.report.json_report import build_report, write_whole
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.terminal import inert, print_summary
from streamchat_conformance.suite.outcomes import Outcome
from streamchat_conformance.suite.results import (
    EXIT_SUITE_FAULT,
    EXIT_USAGE,
    Facts,
    Result,
    Results,
)
from streamchat_conformance.suite.settings import Settings

EXIT_INTERRUPTED = 2
"""What pytest returns for a run that was interrupted."""

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
        self.unwritten = False
        self.known = known_failures_of(config)
        self.applied = Applied()
        self.update: list[str] = []
        """What `--update-known-failures` wrote, in lines."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter the outcome that a report carries."""
        carried = getattr(report, "streamchat", None)
        if carried is not None:
            self.active = True
            self.results.record(Result.from_json(carried))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Name the suite's outcomes as the suite does."""
        carried = getattr(report, "streamchat", None)
        if carried is None:
            return None
        outcome = Outcome(carried["outcome"])
        if outcome in (Outcome.FAIL, Outcome.BLOCKED) and report.outcome != "failed":
            if self.known.covering(carried["id"], carried["cause"]):
                return "known failure", "k", "KNOWN FAILURE"
            return "not gating", "s", f"NOT GATING {outcome.value}"
        return _SHORT[outcome]

    def merge(self, seen: dict[str, Any]) -> None:
        """Enter what a process saw on requirements whose cases had passed before."""
        for value in seen["certain"]:
            self.results.record(Result.from_json(value))
        for value in seen["results"]:
            result = Result.from_json(value)
            known = self.results.by_id[result.requirement.id]
            if known.outcome not in (Outcome.NOT_RUN, Outcome.NOT_APPLICABLE, Outcome.FAIL):
                self.results.record(result)
        for id_, cause in seen["causes"].items():
            # The case that shows the cause may have come after the one that felt it.
            if self.results.by_id[id_].outcome is Outcome.FAIL:
                self.results.by_id[id_].outcome = Outcome.BLOCKED
                self.results.by_id[id_].cause = cause
        facts = seen["facts"]
        if facts is not None:
            mine = self.results.facts
            total = {
                "generated": mine.generated + facts["generated"],
                "exchanges": mine.exchanges + facts["exchanges"],
                # Of several servers, one each worker, the one that died is to be told of.
                "process": mine.process if "died" in mine.process else facts["process"],
            }
            self.results.facts = Facts(**{**facts, **total})

    def decide(self, session: pytest.Session, started: str, duration_s: float) -> None:
        """Decide the exit code and write the reports."""
        self.decided = True
        settings = checked_settings(self.config)
        facts = self.results.facts
        if self.config.option.collectonly or int(session.exitstatus) == EXIT_USAGE:
            self.decided = False
            return
        self.results.release()
        interrupted = int(session.exitstatus) == EXIT_INTERRUPTED
        cut_short = interrupted or bool(session.shouldstop or session.shouldfail)
        if interrupted and not facts.not_testable and not self.results.failing(MUST):
            # Nothing that was judged failed, and not everything was judged: that is no verdict.
            facts.not_testable = "the run was interrupted before everything was judged"
            facts.hint = "run it again; the report tells what was judged until then"
        if not facts.not_testable:
            self._apply_known_failures(settings)
        code = self.results.exit_code(fail_on=self.config.getoption("--fail-on"))
        if not facts.not_testable and self.results.nothing_run():
            self.problem = "not one MUST requirement was run: this says nothing about the target"
            code = max(code, EXIT_USAGE)
        self.report = build_report(
            self.results, started=started, duration_s=duration_s, headers=settings.headers
        )
        self.report["gate"] = {
            "fail_on": self.config.getoption("--fail-on"),
            "exit_code": EXIT_INTERRUPTED if interrupted else code,
            **self.applied.to_json(),
        }
        if facts.process:
            self.report["target"]["process"] = facts.process
        if cut_short:
            self.report["cut_short"] = True
        problems = write_reports(self.config, self.report)
        if problems:
            self.problem = "\n".join(problems)
            code = EXIT_SUITE_FAULT
        if int(session.exitstatus) == 3 or self.unwritten:
            code = EXIT_SUITE_FAULT
        session.exitstatus = EXIT_INTERRUPTED if interrupted and not problems else code

    def _apply_known_failures(self, settings: Settings) -> None:
        """Excuse what is listed; with `--update-known-failures` write the list anew before."""
        file = self.config.getoption("--known-failures")
        if self.config.getoption("--update-known-failures"):
            before = self.known
            self.known = updated(
                self.known,
                self.results,
                fail_on=self.config.getoption("--fail-on"),
                clean=Redactor(settings.headers).text,
            )
            try:
                write_whole(Path(file), as_toml(self.known))
                self.update = list(update_lines(file, before, self.known))
            except OSError as error:
                self.problem = f"--known-failures: {file} cannot be written ({error.strerror})"
                self.unwritten = True
        self.applied = apply_known_failures(self.results, self.known)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the verdict, then what made the gate open or shut."""
        if not self.decided:
            return
        print_summary(
            terminalreporter,
            self.results,
            self.report,
            self.problem,
            Redactor(checked_settings(self.config).headers),
        )
        for line in process_lines(self.results.facts.process):
            terminalreporter.line(inert(line))
        if self.config.getoption("--known-failures"):
            for line in (*self.update, *self.applied.lines()):
                terminalreporter.line(inert(f"gate          {line}"))
            opened = self.report["gate"]["exit_code"] == 0
            terminalreporter.line(f"gate          {'passed' if opened else 'failed'}")


class GatheringSession(Gathering):
    """The gathering process of an xdist run: it collects nothing and runs nothing itself."""

    def __init__(self, config: pytest.Config) -> None:
        super().__init__(config)
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._clock = time.monotonic()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:  # noqa: ARG002 - xdist's
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

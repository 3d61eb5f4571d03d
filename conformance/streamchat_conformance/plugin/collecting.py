"""Putting results together: from reports, from the ledger, and from xdist's workers."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from streamchat_conformance.catalogue import MUST, Level
from streamchat_conformance.gate.applying import (
    Applied,
    apply_known_failures,
    update_lines,
    updated,
)
from streamchat_conformance.gate.process_report import process_lines
from streamchat_conformance.gate.writing import as_toml
from streamchat_conformance.plugin.configure import (
    checked_settings,
    known_failures_of,
    layer_of,
    rules_for_run,
)
from streamchat_conformance.plugin.totals import VERDICT_NODE, Totals
from streamchat_conformance.plugin.writing import write_reports
from streamchat_conformance.report.json_report import build_report, write_whole
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.terminal import (
    base,
    describe,
    inert,
    print_summary,
    print_verdict,
)
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.verdicts.outcomes import NOTHING_SEEN, Outcome
from streamchat_conformance.suite.verdicts.results import (
    EXIT_SUITE_FAULT,
    EXIT_USAGE,
    Facts,
    Result,
    Results,
)

EXIT_INTERRUPTED = 2
"""What pytest returns for a run that was interrupted."""

_SHORT = {
    Outcome.PASS: ("passed", ".", "PASS"),
    Outcome.FAIL: ("failed", "F", "FAIL"),
    Outcome.BLOCKED: ("failed", "b", "BLOCKED"),
    Outcome.NOT_APPLICABLE: ("not applicable", "-", "N/A"),
    Outcome.ERROR: ("error", "E", "ERROR"),
    Outcome.UNEXPECTED_PASS: ("failed", "F", "UNEXPECTED PASS"),
    Outcome.NOT_RUN: ("not run", "-", "NOT RUN"),
}


class Gathering:
    """Gathers results, decides the exit code, writes and prints the reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.rules = rules_for_run(config, checked_settings(config))
        self.results = Results(self.rules)
        self.active = False
        """Whether any of the suite's cases reported."""
        self.decided = False
        self.report: dict[str, Any] = {}
        self.problem = ""
        self.unwritten = False
        self.known = known_failures_of(config, self.rules)
        self.applied = Applied()
        self.update: list[str] = []
        """What `--update-known-failures` wrote, in lines."""
        self.results.layer = layer_of(config)
        self.totals = Totals(config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter the outcome that a report carries."""
        carried = getattr(report, "streamchat", None)
        if carried is not None:
            self.active = True
            self.totals.add(carried["id"], report)
            self.results.record(Result.from_json(carried, self.rules.catalogue))

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        """Name the suite's outcomes as the suite does."""
        carried = getattr(report, "streamchat", None)
        if carried is None:
            return None
        outcome = Outcome(carried["outcome"])
        if outcome is Outcome.KNOWN_FAILURE:
            return "known failure", "k", "KNOWN FAILURE"
        if outcome in (Outcome.FAIL, Outcome.BLOCKED) and report.outcome != "failed":
            if self.known.covering(carried["id"], carried["cause"]):
                return "known failure", "k", "KNOWN FAILURE"
            return "not gating", "s", f"NOT GATING {outcome.value}"
        return _SHORT[outcome]

    def merge(self, seen: dict[str, Any]) -> None:
        """Enter what a process saw on requirements whose cases had passed before."""
        for value in seen["certain"]:
            self.results.record(Result.from_json(value, self.rules.catalogue))
        for value in seen["results"]:
            result = Result.from_json(value, self.rules.catalogue)
            known = self.results.by_id[result.requirement.id]
            deselected = known.outcome is Outcome.NOT_RUN and not known.reason
            if not deselected and known.outcome not in (Outcome.NOT_APPLICABLE, Outcome.FAIL):
                self.results.record(result)
        for id_, judged in seen["sound"].items():
            # The process that sees what decides a requirement need not be the one of its case.
            known = self.results.by_id[id_]
            if known.outcome is Outcome.NOT_APPLICABLE and known.reason == NOTHING_SEEN:
                self.results.record(Result(known.requirement, Outcome.PASS, judged))
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
                "streams": (mine.streams or 0) + facts["streams"],
                "requests": {
                    **facts["requests"],
                    **{
                        name: mine.requests.get(name, 0) + facts["requests"][name]
                        for name in ("sent", "put_off", "waited_s")
                    },
                },
                # Of several servers, one each worker, the one that died is to be reported.
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
        self.results.settle_blocked()
        interrupted = int(session.exitstatus) == EXIT_INTERRUPTED
        cut_short = interrupted or bool(session.shouldstop or session.shouldfail)
        if interrupted and not facts.not_testable and not self.results.failing(MUST):
            # Nothing that was judged failed, and not everything was judged: that is no verdict.
            facts.not_testable = "the run was interrupted before everything was judged"
            facts.hint = "run it again; the report shows what was judged until then"
        if not facts.not_testable:
            self._apply_known_failures(settings)
        code = self.results.exit_code(fail_on=self.config.getoption("--fail-on"))
        if not facts.not_testable and self.results.undecided():
            self.problem = self.results.undecided()
        self.report = build_report(
            self.results, started=started, duration_s=duration_s, headers=settings.confidential
        )
        self.report["gate"] = {
            "fail_on": self.config.getoption("--fail-on"),
            "exit_code": EXIT_INTERRUPTED if interrupted else code,
            **self.applied.to_json(),
        }
        if source_file := self.config.getoption("--source-file"):
            self.report["target"]["source_file"] = source_file
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
        self._settle_totals(int(session.exitstatus), Redactor(settings.confidential))

    def gates(self, result: Result) -> bool:
        """Return whether a failure of this requirement fails the run."""
        level = result.requirement.level
        strict = self.config.getoption("--fail-on") == "should"
        return (
            (level is MUST or (strict and level is Level.SHOULD))
            and result.outcome is not Outcome.KNOWN_FAILURE
            and self.known.covering(result.requirement.id, result.cause) is None
        )

    def _settle_totals(self, code: int, redactor: Redactor) -> None:
        """Hold pytest's own totals and its JUnit report to the verdict."""
        base_url = base(self.results.facts.url)

        def text(result: Result) -> str:
            described = describe(result, base_url=base_url, redactor=redactor)
            return f"{described}\n  {inert(result.reason)}" if result.reason else described

        self.totals.settle(self.results, self.gates, text)
        if code not in (0, EXIT_INTERRUPTED) and not self.totals.any_failed():
            summary = self.report["summary"]
            why = [
                f"verdict {summary['verdict']}, exit code {code}",
                *(summary.get(member, "") for member in ("reason", "hint")),
                self.problem,
                *self.applied.lines(),
            ]
            self.totals.fail(VERDICT_NODE, inert("\n".join(dict.fromkeys(filter(None, why)))))

    def _apply_known_failures(self, settings: Settings) -> None:
        """Excuse what is listed; with `--update-known-failures` write the list again before."""
        file = self.config.getoption("--known-failures")
        if self.config.getoption("--update-known-failures"):
            before = self.known
            self.known = updated(
                self.known,
                self.results,
                fail_on=self.config.getoption("--fail-on"),
                clean=Redactor(settings.confidential).text,
            )
            try:
                write_whole(Path(file), as_toml(self.known))
                self.update = list(update_lines(file, before, self.known))
            except OSError as error:
                self.problem = f"--known-failures: {file} cannot be written ({error.strerror})"
                self.unwritten = True
        self.applied = apply_known_failures(self.results, self.known)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what was found, and what made the gate open or shut; the verdict comes last."""
        if not self.decided:
            return
        print_summary(
            terminalreporter,
            self.results,
            self.report,
            self.problem,
            Redactor(checked_settings(self.config).confidential),
        )
        for line in process_lines(self.results.facts.process):
            terminalreporter.line(inert(line))
        for line in (*self.update, *self.applied.lines()):
            terminalreporter.line(inert(f"gate          {line}"))
        strict = self.config.getoption("--fail-on") == "should"
        if self.config.getoption("--known-failures") or strict:
            opened = self.report["gate"]["exit_code"] == 0
            why = " (--fail-on should)" if strict else ""
            terminalreporter.line(f"gate          {'passed' if opened else 'failed'}{why}")

    def finish(self, session: pytest.Session) -> None:
        """Do what the end of the session asks for; subclasses decide what that is."""
        raise NotImplementedError

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, object, object]:
        """Finish before any other plugin does, and print the verdict after all of them."""
        self.finish(session)
        finished = yield
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.decided and reporter is not None:
            print_verdict(reporter, self.report)
        return finished


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

    def finish(self, session: pytest.Session) -> None:
        """Decide, if any worker ran the suite's cases."""
        if self.active:
            self.decide(session, self._started, time.monotonic() - self._clock)

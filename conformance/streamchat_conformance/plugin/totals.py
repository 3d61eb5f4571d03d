"""Pytest's own totals and JUnit report, held to the verdict.

A case may pass before another exchange of the run breaks its requirement, and what the list of
known failures makes of an outcome is decided at the end. Here the reports that pytest has counted
are counted again by the final outcomes; what no case reported gets a report of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from _pytest.junitxml import xml_key

from streamchat_conformance.report.junit import junit_properties
from streamchat_conformance.report.terminal import inert
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result

Texts = Callable[[Result], str]

_JUNIT_TAGS = ("failure", "error", "skipped")
_JUNIT_STATS = {"passed": "passed", "failed": "failure", "skipped": "skipped"}
VERDICT_NODE = "streamchat-conformance::verdict"


def colour(report: pytest.TestReport, result: Result, text: str, *, gates: bool) -> None:
    """Give a report the outcome that pytest's own counting, `-x` and JUnit should see."""
    if hasattr(report, "wasxfail"):
        del report.wasxfail
    failing = result.outcome in (Outcome.FAIL, Outcome.BLOCKED, Outcome.KNOWN_FAILURE)
    if result.outcome in (Outcome.ERROR, Outcome.UNEXPECTED_PASS) or (failing and gates):
        report.outcome = "failed"
        if result.outcome is not Outcome.ERROR or report.longrepr is None:
            report.longrepr = text
    elif failing:
        report.outcome, report.longrepr = "skipped", text
        report.wasxfail = text
    elif result.outcome in (Outcome.NOT_APPLICABLE, Outcome.NOT_RUN):
        report.outcome = "skipped"
        report.longrepr = (str(report.location[0]), report.location[1] or 0, result.reason)
    else:
        report.outcome, report.longrepr = "passed", None


class Totals:
    """The reports that a run has handed to pytest, by requirement."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._reports: dict[str, pytest.TestReport] = {}
        self._added = False

    def add(self, id_: str, report: pytest.TestReport) -> None:
        """Remember the report by which pytest counted a requirement."""
        self._reports[id_] = report

    def settle(
        self, results: Iterable[Result], gates: Callable[[Result], bool], texts: Texts
    ) -> None:
        """Count every requirement by its final outcome."""
        for result in results:
            id_ = result.requirement.id
            report = self._reports.get(id_)
            if report is not None:
                self._recount(report, result, gates(result), texts)
            elif gates(result) and result.outcome in (Outcome.FAIL, Outcome.BLOCKED):
                self.fail(
                    f"streamchat-conformance::{id_}",
                    texts(result),
                    junit_properties(result.requirement),
                )

    def fail(self, name: str, text: str, properties: Iterable[tuple[str, object]] = ()) -> None:
        """Hand pytest a failure that no case reported."""
        report = pytest.TestReport(
            nodeid=name,
            location=("streamchat-conformance", None, name.rpartition("::")[2]),
            keywords={},
            outcome="failed",
            longrepr=text,
            when="call",
            user_properties=properties,
        )
        self._added = True
        self._config.hook.pytest_runtest_logreport(report=report)

    def any_failed(self) -> bool:
        """Return whether pytest counts any failure."""
        failed = (report.outcome == "failed" for report in self._reports.values())
        return self._added or any(failed)

    def _recount(
        self, report: pytest.TestReport, result: Result, gates: bool, texts: Texts
    ) -> None:
        before = _appearance(report)
        category = self._category(report)
        report.streamchat = result.to_json()  # type: ignore[attr-defined]  # as when it was made
        colour(report, result, texts(result), gates=gates)
        now = self._category(report)
        if _appearance(report) == before and category == now:
            return
        self._recount_at_the_terminal(report, category, now)
        self._recount_in_junit(report, before[0])

    def _category(self, report: pytest.TestReport) -> str:
        status = self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        return str(status[0])

    def _recount_at_the_terminal(self, report: pytest.TestReport, was: str, now: str) -> None:
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or was == now:
            return
        counted = reporter.stats.get(was, [])
        if report in counted:
            counted.remove(report)
            if not counted:
                del reporter.stats[was]
        reporter.stats.setdefault(now, []).append(report)

    def _recount_in_junit(self, report: pytest.TestReport, was: str) -> None:
        xml = self._config.stash.get(xml_key, None)
        if xml is None:
            return
        element = _junit_element(xml, report)
        if element is None:
            return
        for tag in _JUNIT_TAGS:
            for child in element.findall(tag):
                element.remove(child)
        text = inert(str(getattr(report, "wasxfail", None) or report.longrepr or ""))
        if report.outcome == "failed":
            ET.SubElement(element, "failure", message=text.partition("\n")[0]).text = text
        elif report.outcome == "skipped":
            kind = f"pytest.{'xfail' if hasattr(report, 'wasxfail') else 'skip'}"
            message = report.longrepr[2] if isinstance(report.longrepr, tuple) else text
            ET.SubElement(element, "skipped", type=kind, message=inert(str(message)))
        xml.stats[_JUNIT_STATS[was]] -= 1
        xml.stats[_JUNIT_STATS[report.outcome]] += 1


def _appearance(report: pytest.TestReport) -> tuple[str, str]:
    return report.outcome, str(report.longrepr)


def _junit_element(xml: Any, report: pytest.TestReport) -> ET.Element | None:
    """Return the element of a case that JUnit's writer has finished, found by its requirement."""
    id_ = report.streamchat["id"]
    for reporter in xml.node_reporters_ordered:
        element: ET.Element = reporter.to_xml()
        for entry in element.iterfind("properties/property"):
            if entry.get("name") == "requirement" and entry.get("value") == id_:
                return element
    return None

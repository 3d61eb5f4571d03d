"""What annotations, SARIF and code quality show of a report: what failed, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from streamchat_conformance.catalogue import Level
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.report.terminal import inert
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_SHOWN = (Outcome.FAIL, Outcome.ERROR, Outcome.UNEXPECTED_PASS, Outcome.KNOWN_FAILURE)
MESSAGE_CHARACTERS = 2000
"""Longest message."""


def shown_failures(report: Report) -> list[ReportedRequirement]:
    """Return what failed by itself, the highest level first: what is blocked follows its cause."""
    levels = list(Level)
    found = [entry for entry in report.requirements if entry.outcome in _SHOWN]
    return sorted(found, key=lambda entry: (levels.index(entry.level), _SHOWN.index(entry.outcome)))


def message(report: Report, entry: ReportedRequirement) -> str:
    """Return what failed as plain text, without characters on which a reader would act."""
    return inert("\n".join(_lines(report, entry)))[:MESSAGE_CHARACTERS]


def _lines(report: Report, entry: ReportedRequirement) -> Iterator[str]:
    yield entry.title
    for finding in entry.findings[:1]:
        yield f"Problem: {finding.message}"
        if finding.expected:
            yield f"Expected: {finding.expected}"
        if finding.received:
            yield f"Received: {finding.received}"
    if entry.reason:
        yield entry.reason
    blocked = sum(other.cause == entry.id for other in report.requirements)
    if blocked:
        yield f"It blocks {blocked} more."


def location(report: Report) -> str:
    """Return the file at which findings are shown, or the endpoint's path in place of one."""
    return report.source_file or urlsplit(report.url).path.lstrip("/") or "endpoint"

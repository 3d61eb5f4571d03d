"""Many reports as one table: a column for each report, a row for each requirement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.report.html.requirement_view import LABELS
from streamchat_conformance.report.layers import failures
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.suite.verdicts.outcomes import Outcome

SIGNS = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.BLOCKED: "b",
    Outcome.NOT_APPLICABLE: "-",
    Outcome.ERROR: "E",
    Outcome.NOT_RUN: " ",
    Outcome.KNOWN_FAILURE: "k",
    Outcome.UNEXPECTED_PASS: "u",
}
"""Each outcome in a cell."""

Named = tuple[str, Report]
"""A report with the name of its column."""


def legend() -> str:
    """Return what the signs mean."""
    signs = [f"{sign} {LABELS[outcome]}" for outcome, sign in SIGNS.items() if sign.strip()]
    return f"{', '.join(signs)}; empty: not run"


def layers(reports: Sequence[Named]) -> Iterator[tuple[str, list[str]]]:
    """Yield the row of each layer: its name, and how it did in each report."""
    for layer, name in ((Layer.APPLICATION, "your code"), (Layer.SERVER, "HTTP server")):
        yield name, [_layer_result(report, layer) for _, report in reports]


def _layer_result(report: Report, layer: Layer) -> str:
    """Return how one layer did in a report; the HTTP server with its name."""
    result = failures(report.count(level=Level.MUST, layer=layer))
    named = layer is Layer.SERVER and report.http_server
    return f"{report.http_server}: {result}" if named else result


def rows(
    reports: Sequence[Named],
) -> list[tuple[ReportedRequirement, list[Outcome | None]]]:
    """Return each requirement of any report, with its outcome in every report."""
    entries: dict[str, ReportedRequirement] = {}
    columns = []
    for _, report in reports:
        column = {entry.id: entry for entry in report.requirements}
        entries = {**column, **entries}
        columns.append(column)
    found = []
    for id_, entry in sorted(entries.items()):
        cells = [column.get(id_) for column in columns]
        found.append((entry, [each.outcome if each else None for each in cells]))
    return found

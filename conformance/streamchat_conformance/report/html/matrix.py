"""Many reports as one table, as a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamchat_conformance.report.html.documents import PAGES
from streamchat_conformance.report.html.requirement_view import LABELS
from streamchat_conformance.report.levels import changed_levels
from streamchat_conformance.report.matrix import SIGNS, Named, layers, legend, rows


def html_matrix(reports: Sequence[Named]) -> str:
    """Return the table as a whole HTML document."""
    return PAGES.document(
        "matrix.html",
        title=f"matrix of {len(reports)} reports",
        script="page.js",
        reports=reports,
        legend=legend(),
        head=tuple(_head(reports)),
        rows=rows(reports),
        signs=SIGNS,
        labels=LABELS,
    )


def _head(reports: Sequence[Named]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the rows above those of requirements: name, level, texts."""
    yield "verdict", "", [report.verdict for _, report in reports]
    yield "rules", "", [report.rule_set for _, report in reports]
    if any(report.changed() for _, report in reports):
        yield "levels changed", "", [changed_levels(report) for _, report in reports]
    for name, texts in layers(reports):
        yield name, "MUST", texts

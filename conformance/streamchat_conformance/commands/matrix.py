"""`streamchat-conformance matrix A.json B.json …`: many reports as one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.commands.parsing import (
    EXIT_OK,
    Parser,
    Usage,
    check_option,
    fault,
    print_safely,
    write_checked,
)
from streamchat_conformance.report.html import page
from streamchat_conformance.report.html.markup import Markup, element
from streamchat_conformance.report.html.requirement_view import LABELS
from streamchat_conformance.report.layers import failures
from streamchat_conformance.report.levels import changed_levels
from streamchat_conformance.report.markdown import inline, table
from streamchat_conformance.report.model import (
    Report,
    ReportedRequirement,
    ReportError,
    load_report,
)
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_SIGNS = {
    Outcome.PASS: "✓",
    Outcome.FAIL: "✗",
    Outcome.BLOCKED: "b",
    Outcome.NOT_APPLICABLE: "-",
    Outcome.ERROR: "E",
    Outcome.NOT_RUN: " ",
    Outcome.KNOWN_FAILURE: "k",
    Outcome.UNEXPECTED_PASS: "u",
}

Named = tuple[str, Report]
"""A report with the name of its column."""


def main(argv: Sequence[str]) -> int:
    """Print or write the table; return the exit code."""
    parser = Parser("matrix", "Make one table of many JSON reports.")
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT.json")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table as Markdown")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the table as HTML")
    try:
        arguments = parser.parse_args(argv)
        check_option("--markdown", arguments.markdown)
        check_option("--html", arguments.html)
        files: list[Path] = arguments.reports
        names = column_names(files)
        reports = [(name, load_report(file)) for name, file in zip(names, files, strict=True)]
        text = as_markdown(reports)
        if arguments.markdown is not None:
            write_checked("--markdown", arguments.markdown, text)
        if arguments.html is not None:
            write_checked("--html", arguments.html, as_html(reports))
    except (Usage, ReportError) as mistake:
        return fault("matrix", mistake)
    if arguments.markdown is None and arguments.html is None:
        print_safely(text)
    return EXIT_OK


def column_names(files: Sequence[Path]) -> list[str]:
    """Return a name for each report: its file's, with as many folders as distinguish them."""
    stems = [file.with_suffix("") for file in files]
    for depth in range(1, max(len(stem.parts) for stem in stems) + 1):
        names = ["/".join(stem.parts[-depth:]) for stem in stems]
        if len(set(names)) == len(names):
            return names
    return [f"{number}: {file}" for number, file in enumerate(files, 1)]


def as_markdown(reports: Sequence[Named]) -> str:
    """Return the table as Markdown, with a legend."""
    head = ["requirement", "level", *(inline(name) for name, _ in reports)]
    verdicts = ["**verdict**", "", *(inline(report.verdict) for _, report in reports)]
    passed = ["**passed**", "", *(_passed(report) for _, report in reports)]
    rules = ["**rules**", "", *(inline(report.rule_set) for _, report in reports)]
    rows = [verdicts, rules, passed, *_layer_rows(reports)]
    if any(report.changed() for _, report in reports):
        rows.append(["**levels changed**", "", *(_changes(report) for _, report in reports)])
    for entry, outcomes in _rows(reports):
        signs = [_SIGNS[outcome] if outcome else "" for outcome in outcomes]
        rows.append([_name(entry.id), entry.level.value, *signs])
    return "\n".join([*table(head, rows), "", _legend(), ""])


def as_html(reports: Sequence[Named]) -> str:
    """Return the table as a whole HTML document."""
    head = element(
        "tr",
        element("th", "requirement", scope="col"),
        element("th", "level", scope="col"),
        *(element("th", name, title=report.url, scope="col") for name, report in reports),
    )
    rows = [
        element(
            "tr",
            element("th", "verdict", scope="row"),
            element("td", ""),
            *(element("td", report.verdict) for _, report in reports),
        )
    ]
    sets = [element("td", report.rule_set) for _, report in reports]
    rows.append(element("tr", element("th", "rules", scope="row"), element("td", ""), *sets))
    if any(report.changed() for _, report in reports):
        texts = [element("td", changed_levels(report)) for _, report in reports]
        row_head = element("th", "levels changed", scope="row")
        rows.append(element("tr", row_head, element("td", ""), *texts))
    for name, shown in _layers(reports):
        texts = [element("td", text) for text in shown]
        row_head = element("th", name, scope="row")
        rows.append(element("tr", row_head, element("td", "MUST"), *texts))
    for entry, outcomes in _rows(reports):
        cells = [_cell(outcome) for outcome in outcomes]
        name = element("th", element("code", entry.id), scope="row", title=entry.title)
        rows.append(element("tr", name, element("td", entry.level.value), *cells))
    return page(
        f"matrix of {len(reports)} reports",
        [
            element("h1", "Matrix", id="requirements"),
            element("p", _legend()),
            element(
                "div",
                element("table", element("thead", head), element("tbody", *rows), class_="matrix"),
                class_="scroll",
                tabindex="0",
            ),
        ],
    )


def _layers(reports: Sequence[Named]) -> Iterator[tuple[str, list[str]]]:
    """Yield the row of each layer: its name, and how it did in each report."""
    for layer, name in ((Layer.APPLICATION, "your code"), (Layer.SERVER, "HTTP server")):
        yield name, [layer_result(report, layer) for _, report in reports]


def layer_result(report: Report, layer: Layer) -> str:
    """Return how one layer did in a report; the HTTP server with its name."""
    result = failures(report.count(level=Level.MUST, layer=layer))
    named = layer is Layer.SERVER and report.http_server
    return f"{report.http_server}: {result}" if named else result


def _layer_rows(reports: Sequence[Named]) -> Iterator[list[str]]:
    for name, shown in _layers(reports):
        yield [f"**{name}**", "MUST", *map(inline, shown)]


def _name(id_: str) -> str:
    """Return an id as code, if it is one: a damaged report may name anything."""
    return f"`{id_}`" if re.fullmatch(r"[a-z0-9.-]+", id_) else inline(id_)


def _legend() -> str:
    signs = [f"{sign} {LABELS[outcome]}" for outcome, sign in _SIGNS.items() if sign.strip()]
    return f"{', '.join(signs)}; empty: not run"


def _cell(outcome: Outcome | None) -> Markup:
    if outcome is None:
        return element("td", "")
    return element("td", _SIGNS[outcome], class_=outcome.value, title=LABELS[outcome])


def _rows(
    reports: Sequence[Named],
) -> list[tuple[ReportedRequirement, list[Outcome | None]]]:
    """Return each requirement of any report, with its outcome in every report."""
    entries: dict[str, ReportedRequirement] = {}
    columns = []
    for _, report in reports:
        column = {entry.id: entry for entry in report.requirements}
        entries = {**column, **entries}
        columns.append(column)
    rows = []
    for id_, entry in sorted(entries.items()):
        found = [column.get(id_) for column in columns]
        rows.append((entry, [each.outcome if each else None for each in found]))
    return rows


def _changes(report: Report) -> str:
    return ", ".join(f"{_name(entry.id)} {entry.level.value}" for entry in report.changed())


def _passed(report: Report) -> str:
    counts = report.count()
    return f"{counts[Outcome.PASS]}/{len(report.requirements)}"

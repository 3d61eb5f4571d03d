"""`streamchat-conformance matrix A.json B.json …`: many reports as one table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamchat_conformance.commands.parsing import (
    EXIT_OK,
    Parser,
    Usage,
    check_option,
    fault,
    print_safely,
    write_checked,
)
from streamchat_conformance.report.html.matrix import html_matrix
from streamchat_conformance.report.markdown import inline, table
from streamchat_conformance.report.matrix import SIGNS, Named, layers, legend, rows
from streamchat_conformance.report.model import Report, ReportError, load_report
from streamchat_conformance.suite.verdicts.outcomes import Outcome


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
            write_checked("--html", arguments.html, html_matrix(reports))
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
    lines = [verdicts, rules, passed, *_layer_rows(reports)]
    if any(report.changed() for _, report in reports):
        lines.append(["**levels changed**", "", *(_changes(report) for _, report in reports)])
    for entry, outcomes in rows(reports):
        signs = [SIGNS[outcome] if outcome else "" for outcome in outcomes]
        lines.append([_name(entry.id), entry.level.value, *signs])
    return "\n".join([*table(head, lines), "", legend(), ""])


def _layer_rows(reports: Sequence[Named]) -> Iterator[list[str]]:
    for name, shown in layers(reports):
        yield [f"**{name}**", "MUST", *map(inline, shown)]


def _name(id_: str) -> str:
    """Return an id as code, if it is one: a damaged report may name anything."""
    return f"`{id_}`" if re.fullmatch(r"[a-z0-9.-]+", id_) else inline(id_)


def _changes(report: Report) -> str:
    return ", ".join(f"{_name(entry.id)} {entry.level.value}" for entry in report.changed())


def _passed(report: Report) -> str:
    counts = report.count()
    return f"{counts[Outcome.PASS]}/{len(report.requirements)}"

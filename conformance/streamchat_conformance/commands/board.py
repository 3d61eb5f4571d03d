"""`streamchat-conformance board FOLDER REPORT.json …`: many reports as one page with theirs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from streamchat_conformance.commands.matrix import column_names
from streamchat_conformance.commands.parsing import EXIT_OK, Parser, Usage, fault, write_checked
from streamchat_conformance.report.html.board import BoardEntry, board
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.report.model import ReportError, load_report

INDEX = "index.html"


def main(argv: Sequence[str]) -> int:
    """Write the board and a page for each report; return the exit code."""
    parser = Parser("board", "Make one page of many JSON reports, with a page for each of them.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the pages are written")
    parser.add_argument("reports", type=Path, nargs="+", metavar="REPORT.json")
    try:
        arguments = parser.parse_args(argv)
        files: list[Path] = arguments.reports
        named = zip(column_names(files), map(load_report, files), strict=True)
        entries = [
            BoardEntry(name, report, f"{number}-{_slug(name)}.html", what=report.url)
            for number, (name, report) in enumerate(named, 1)
        ]
        try:
            arguments.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Usage(f"{arguments.folder} cannot be made ({error.strerror})") from None
        write_checked("FOLDER", arguments.folder / INDEX, board(entries))
        for entry in entries:
            write_checked("FOLDER", arguments.folder / entry.page, html_report(entry.report))
    except (Usage, ReportError) as mistake:
        return fault("board", mistake)
    return EXIT_OK


def _slug(name: str) -> str:
    """Return a name as a part of a file's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:80] or "report"

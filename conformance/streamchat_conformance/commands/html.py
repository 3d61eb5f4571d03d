"""`python -m streamchat_conformance.commands.html REPORT.json OUT.html`: a report's page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from streamchat_conformance.commands.parsing import Parser, Usage, fault, write_checked
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.report.model import ReportError, load_report


def main(argv: Sequence[str]) -> int:
    """Write the HTML report of a JSON report; return the exit code."""
    parser = Parser("html", "Make an HTML report of a JSON report.")
    parser.add_argument("report", type=Path, metavar="REPORT.json")
    parser.add_argument("out", type=Path, metavar="OUT.html")
    try:
        arguments = parser.parse_args(argv)
        report = load_report(arguments.report)
        write_checked("OUT.html", arguments.out, html_report(report))
    except (Usage, ReportError) as mistake:
        return fault("html", mistake)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

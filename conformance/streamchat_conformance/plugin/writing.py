"""Writing the reports of a run: each whole or not at all, one's failure no other's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from streamchat_conformance.report.badge import badge
from streamchat_conformance.report.code_quality import code_quality_report
from streamchat_conformance.report.files import WriteError, check_writable, write_file
from streamchat_conformance.report.html.report_page import html_report
from streamchat_conformance.report.markdown import markdown_report
from streamchat_conformance.report.model import Report, report_from_json
from streamchat_conformance.report.sarif import sarif_report
from streamchat_conformance.suite.config.typed import SettingsError

_FORMATS: Mapping[str, Callable[[Report], str]] = {
    "--report-html": html_report,
    "--report-markdown": markdown_report,
    "--report-badge": badge,
    "--report-sarif": sarif_report,
    "--report-code-quality": code_quality_report,
}
REPORT_OPTIONS = ("--report-json", *_FORMATS)


def check_report_files(config: pytest.Config) -> None:
    """Check that every report can be written where it was asked for. Raises SettingsError."""
    taken: dict[Path, str] = {}
    for option in REPORT_OPTIONS:
        given = config.getoption(option)
        if given is None:
            continue
        file = Path(given)
        try:
            check_writable(option, file)
        except WriteError as error:
            raise SettingsError(str(error)) from None
        other = taken.setdefault(file.resolve(), option)
        if other != option:
            raise SettingsError(f"{option}: {file} is the file of {other}, too; name another")


def write_reports(config: pytest.Config, value: dict[str, Any]) -> list[str]:
    """Write the reports that were asked for; return what went wrong, one line each.

    `value` is the JSON report, from which all others are made: they say the same, and what
    was redacted there is redacted in each.
    """
    problems = []
    report: Report | None = None
    for option in REPORT_OPTIONS:
        given = config.getoption(option)
        if given is None:
            continue
        if option in _FORMATS:
            report = report or report_from_json(value)
            text = _FORMATS[option](report)
        else:
            text = json.dumps(value, indent=1, ensure_ascii=True) + "\n"
        try:
            write_file(option, Path(given), text)
        except WriteError as error:
            problems.append(str(error))
    return problems

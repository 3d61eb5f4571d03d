"""The report as a code-quality report of GitLab: what failed, for the widget of a merge request."""

from __future__ import annotations

import hashlib
import json

from streamchat_conformance.catalogue import Level
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.report.shown import location, message, shown_failures
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_SEVERITIES = {Level.MUST: "critical", Level.SHOULD: "minor", Level.MAY: "info"}


def code_quality_report(report: Report) -> str:
    """Return the report's JSON. A finding keeps its fingerprint from run to run."""
    path = location(report)
    value = [
        {
            "description": f"{entry.id} ({entry.level_text}): {message(report, entry)}",
            "check_name": entry.id,
            "fingerprint": hashlib.sha256(f"{path} {entry.id}".encode()).hexdigest(),
            "severity": _severity(entry),
            "location": {"path": path, "lines": {"begin": 1}},
        }
        for entry in shown_failures(report)
    ]
    return json.dumps(value, indent=1) + "\n"


def _severity(entry: ReportedRequirement) -> str:
    known = entry.outcome is Outcome.KNOWN_FAILURE
    return "info" if known else _SEVERITIES[entry.level]

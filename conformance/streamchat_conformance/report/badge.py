"""The report as a badge: JSON for an endpoint badge of shields.io."""

from __future__ import annotations

import json

from streamchat_conformance.catalogue import Level
from streamchat_conformance.report.model import Report
from streamchat_conformance.rule_sets.frozen import CURRENT
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_COLOURS = {"conformant": "brightgreen", "nonconformant": "red", "partial": "yellow"}


def badge(report: Report) -> str:
    """Return the badge's JSON: how many MUST requirements passed, of those that were decided.

    Requirements that are not applicable are left out of both numbers; they are not passes. A run
    of a part says so.
    """
    must = report.count(level=Level.MUST)
    passed = must[Outcome.PASS] + must[Outcome.UNEXPECTED_PASS]
    decided = passed + must[Outcome.FAIL] + must[Outcome.BLOCKED] + must[Outcome.KNOWN_FAILURE]
    decided += must[Outcome.ERROR]
    complete = report.verdict in _COLOURS and decided > 0
    colour = _COLOURS[report.verdict] if complete else "lightgrey"
    part = ""
    if must[Outcome.NOT_RUN]:
        part = f" ({report.layer} layer)" if report.layer is not None else " (a part)"
    if report.rule_set != CURRENT:
        part += f", rules {report.rule_set}"
    if changed := sum(not entry.change.newer for entry in report.changed() if entry.change):
        part += f", {changed} level{'s' if changed > 1 else ''} changed"
    if report.verdict == "conformant" and (report.cut_short or must[Outcome.NOT_RUN]):
        # Green says that all of it was run.
        colour = "yellow"
    value = {
        "schemaVersion": 1,
        "label": "streaming chat",
        "message": f"{passed}/{decided} MUST{part}" if complete else report.verdict,
        "color": colour,
        "isError": report.verdict not in ("conformant", "partial"),
    }
    return json.dumps(value, indent=1) + "\n"

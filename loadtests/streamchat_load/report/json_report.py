"""The report as JSON: every figure, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_load.verdict.verdict import LoadVerdict

SCHEMA = 2
"""Version of the report's form; it changes when a member is renamed or removed."""


def render(summary: Mapping[str, Any], verdict: LoadVerdict) -> str:
    """Return the report as JSON text."""
    report = {
        "schema": SCHEMA,
        "verdict": verdict.exit.name.lower(),
        "exit_code": int(verdict.exit),
        "reasons": list(verdict.reasons),
        "thresholds": [
            {
                "metric": check.metric,
                "limit": check.limit,
                "value": check.value,
                "kind": "least" if check.least else "greatest",
                "met": check.met,
            }
            for check in verdict.checks
        ],
        **summary,
    }
    return json.dumps(report, indent=1, allow_nan=False) + "\n"

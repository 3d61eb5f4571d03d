"""Sample reports of the site: recorded exchanges of the fixtures, judged as a user would."""

from __future__ import annotations

import json
from typing import Any

from dev.checkout import FIXTURES

SHOWN = (
    *("connection.smuggling", "error.bounded", "error.media-type", "error.shape"),
    *("headers.cache-control", "payload.json", "payload.no-injection", "request.prompt-not-string"),
    *("sse.fields", "sse.utf8", "transport.chunks-well-formed", "transport.terminated"),
)
"""Requirements of which the sample has an exchange that breaks them, where one is recorded."""
STARTED = "2026-01-01T00:00:00+00:00"


def sample_files() -> dict[str, str]:
    """Return the sample report in each form: its file's name to its text."""
    from streamchat_conformance.report.html.report_page import html_report
    from streamchat_conformance.report.model import report_from_json
    from streamchat_conformance.report.sarif import sarif_report

    value = _report()
    report = report_from_json(value)
    return {
        "report.html": html_report(report),
        "report.json": json.dumps(value, indent=1) + "\n",
        "report.sarif.json": sarif_report(report),
    }


def _report() -> dict[str, Any]:
    from streamchat_conformance.dialects.registry import DEFAULT, dialect_named
    from streamchat_conformance.judges import rules_of
    from streamchat_conformance.offline.judging import judge_recordings
    from streamchat_conformance.offline.reading import read_recordings
    from streamchat_conformance.offline.recording import Reader
    from streamchat_conformance.report.json_report import build_report
    from streamchat_fixtures.exchanges import recorded_members

    dialect = dialect_named(DEFAULT)
    reader = Reader(request=None, path=dialect.path, dialect=dialect, ended=False, head_known=False)
    recordings = []
    for id_ in SHOWN:
        for file in sorted((FIXTURES / "exchanges").glob(f"{id_}-*.json")):
            members = recorded_members(file.stem)
            if id_ in members["breaks"]:
                recordings += read_recordings(json.dumps(members).encode(), file.stem, reader)
                break
    rules = rules_of(DEFAULT)
    results = judge_recordings(recordings, set(rules.catalogue), rules=rules)
    return build_report(results, started=STARTED, duration_s=0.0)

"""The report as SARIF 2.1.0: a rule for each requirement, a result for each that failed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from streamchat_conformance.catalogue import Level
from streamchat_conformance.catalogue.links import PROJECT, rule_page
from streamchat_conformance.report.catalogue_text import texts_of
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.report.shown import location, message, shown_failures
from streamchat_conformance.suite.verdicts.outcomes import Outcome

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"}
_KNOWN = [{"kind": "external", "justification": "listed as a known failure"}]


def sarif_report(report: Report) -> str:
    """Return the report's SARIF log, with one run."""
    rules = [_rule(entry) for entry in report.requirements]
    index = {entry.id: number for number, entry in enumerate(report.requirements)}
    failed = report.exit_code not in (None, 0)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "streamchat-conformance",
                "version": report.version,
                "informationUri": PROJECT,
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"streamchat-conformance/{report.dialect}/"},
        "invocations": [
            {
                "executionSuccessful": report.verdict not in ("not-testable", "undecided"),
                **({"exitCode": report.exit_code} if report.exit_code is not None else {}),
                **({"exitCodeDescription": report.verdict} if failed else {}),
            }
        ],
        "results": [_result(report, entry, index[entry.id]) for entry in shown_failures(report)],
        "properties": {
            "target": report.url,
            "verdict": report.verdict,
            "rules": report.rule_set,
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(entry: ReportedRequirement) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": entry.id,
        "shortDescription": {"text": entry.title},
        "defaultConfiguration": {"level": _LEVELS[entry.level]},
        "properties": {"tags": [entry.area, entry.layer.value], "level": entry.level_text},
    }
    if page := rule_page(entry.id):
        rule["helpUri"] = page
    if (texts := texts_of(entry.id)) is not None:
        rule["fullDescription"] = {"text": texts.why}
        rule["help"] = {"text": f"{texts.why} {texts.fix}"}
    return rule


def _result(report: Report, entry: ReportedRequirement, index: int) -> dict[str, Any]:
    place = location(report)
    result: dict[str, Any] = {
        "ruleId": entry.id,
        "ruleIndex": index,
        "level": _LEVELS[entry.level],
        "message": {"text": message(report, entry)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(place)},
                    "region": {"startLine": 1},
                }
            }
        ],
        "partialFingerprints": {
            "requirement/v1": hashlib.sha256(f"{place} {entry.id}".encode()).hexdigest()
        },
    }
    if entry.outcome is Outcome.KNOWN_FAILURE:
        result["suppressions"] = _KNOWN
    replay = [finding.replay for finding in entry.findings[:1] if finding.replay]
    if replay:
        result["properties"] = {"replay": replay[0]}
    return result


def _uri(path: str) -> str:
    """Return a path as a relative URI reference."""
    from urllib.parse import quote

    return quote(path.replace("\\", "/"), safe="/~")

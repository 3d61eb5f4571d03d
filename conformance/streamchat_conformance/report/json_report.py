"""The report as JSON: keyed on requirement ids, versioned, complete enough to judge again."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from streamchat_conformance import __version__
from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.report.layers import headline
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.replay import in_clear, replay
from streamchat_conformance.report.server_name import server_name
from streamchat_conformance.rule_sets.choosing import missing
from streamchat_conformance.suite.verdicts.results import Results

SCHEMA = 1


def build_report(
    results: Results,
    *,
    started: str,
    duration_s: float,
    headers: Sequence[tuple[str, str]] = (),
    bases: Mapping[bytes, str] | None = None,
) -> dict[str, Any]:
    """Return the report as a JSON-ready dict.

    `started` is an ISO 8601 time in UTC. `headers` are the user's own field lines: secrets
    among them are redacted everywhere. `bases` has, for a request, the URL of the server that
    it went to, where that is not the target.
    """
    redactor = Redactor(headers)
    facts = results.facts
    name = server_name(facts.server, str(facts.process.get("command", "")))
    exchanges: list[Exchange] = []
    requirements = []
    for result in results.by_id.values():
        entry: dict[str, Any] = {
            "id": result.requirement.id,
            "level": result.requirement.level.value,
            "layer": result.requirement.layer.value,
            "title": result.requirement.title,
            "source": result.requirement.source,
            "outcome": result.outcome.value,
            "examples": result.examples,
            "findings": [],
        }
        if result.broken:
            entry["broken"] = result.broken
        if (change := result.requirement.change) is not None:
            entry["level_change"] = {
                "declared": change.declared.value,
                "by": redactor.text(change.by),
                "newer": change.newer,
            }
        if result.reason:
            entry["reason"] = redactor.text(result.reason)
        if result.cause:
            entry["cause"] = result.cause
        for finding, exchange in result.findings:
            number = None
            replayed = shown = ""
            if exchange is not None:
                number = _number(exchanges, exchange)
                base = (bases or {}).get(exchange.request) or _base(facts.url)
                request = redactor.data(exchange.request)
                replayed, shown = replay(request, base), in_clear(request)
            entry["findings"].append(
                {
                    "message": redactor.text(finding.message),
                    "expected": redactor.text(finding.expected),
                    "received": redactor.text(finding.received),
                    "offset": finding.offset,
                    "replay": replayed,
                    "request": shown,
                    "exchange": number,
                }
            )
        requirements.append(entry)
    return {
        "schema": SCHEMA,
        "suite": {"name": "streamchat-conformance", "version": __version__},
        "rules": {"set": results.rules.rule_set, "withdrawn": missing(results.rules)},
        "target": {
            "url": facts.url,
            "dialect": results.rules.dialect.name,
            "server": redactor.text(facts.server),
            "http_server": redactor.text(name),
            "capabilities": facts.capabilities,
            "times_s": facts.times,
        },
        "started": started,
        "duration_s": round(duration_s, 3),
        "generated_requests": facts.generated,
        "recorded_exchanges": facts.exchanges,
        "requests": facts.requests,
        "summary": {
            "verdict": results.verdict().value,
            **_why(results, redactor),
            "headline": headline(results.count, redactor.text(name)),
            **_counts(results),
            "layers": {layer.value: _counts(results, layer) for layer in Layer},
        },
        "requirements": requirements,
        "exchanges": [redactor.exchange(exchange).to_json() for exchange in exchanges],
    }


def _counts(results: Results, layer: Layer | None = None) -> dict[str, dict[str, int]]:
    return {
        level.value.lower(): {
            outcome.value: number for outcome, number in results.count(level, layer).items()
        }
        for level in Level
    }


def _why(results: Results, redactor: Redactor) -> dict[str, str]:
    """Return the members that explain the verdict: why there is none, or which part ran."""
    facts = results.facts
    if facts.not_testable:
        return {"reason": redactor.text(facts.not_testable), "hint": facts.hint}
    reasons = [results.undecided(), results.part()]
    layer = {"layer": results.layer.value} if results.layer is not None else {}
    reason = "; ".join(filter(None, reasons))
    return {"reason": reason, **layer} if reason else layer


def _number(exchanges: list[Exchange], exchange: Exchange) -> int:
    """Return the exchange's place in the report, entering it if it is new."""
    for number, known in enumerate(exchanges):
        if known is exchange or known == exchange:
            return number
    exchanges.append(exchange)
    return len(exchanges) - 1


def _base(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}"


def write_whole(file: Path, text: str) -> None:
    """Write a file so that it is never seen half-written. Raises OSError.

    A link keeps pointing where it does. What is no regular file, such as /dev/stdout, is
    written to as it is: putting a file in its place would break it for everybody.
    """
    if file.exists() and (not file.is_file() or Path("/dev") in file.absolute().parents):
        with file.open("w", encoding="utf-8") as stream:
            stream.write(text)
        return
    file = file.resolve()
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_report(file: Path, report: dict[str, Any]) -> None:
    """Write the report. Raises OSError."""
    write_whole(file, json.dumps(report, indent=1, ensure_ascii=True) + "\n")

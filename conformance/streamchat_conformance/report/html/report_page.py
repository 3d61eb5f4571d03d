"""The report as one HTML file that opens from disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.report.html.documents import PAGES
from streamchat_conformance.report.html.exchange_view import ExchangeView
from streamchat_conformance.report.html.requirement_view import LABELS, LAYERS, RequirementView
from streamchat_conformance.report.layers import layer_name
from streamchat_conformance.report.levels import changed_levels
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_ORDER = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.UNEXPECTED_PASS,
    Outcome.BLOCKED,
    Outcome.KNOWN_FAILURE,
    Outcome.NOT_RUN,
    Outcome.NOT_APPLICABLE,
    Outcome.PASS,
)
_LEVELS = tuple(Level)


def html_report(report: Report) -> str:
    """Return a report as a whole HTML document."""
    present = [outcome for outcome in _ORDER if report.count()[outcome]]
    return PAGES.document(
        "report.html",
        title=f"{report.verdict}: {report.url or 'no target'}",
        script="page.js",
        report=report,
        facts=_facts(report),
        present=present,
        labels=LABELS,
        counts=tuple(_counts(report)),
        choices=_choices(report, present),
        requirements=tuple(_requirements(report)),
        exchanges=tuple(_exchanges(report)),
    )


def _facts(report: Report) -> Mapping[str, str]:
    """Return what is known of the run; what is empty is not shown."""
    made = (
        f"{report.generated_requests} generated requests, "
        f"{report.recorded_exchanges} exchanges recorded"
    )
    return {
        "target": report.url + (f" ({report.server})" if report.server else ""),
        "suite": f"streamchat-conformance {report.version}",
        "started": f"{report.started}, took {report.duration_s:.1f} s",
        "run": made,
        "capabilities": ", ".join(f"{name} {how}" for name, how in report.capabilities.items()),
        "times": ", ".join(f"{n.replace('_', ' ')} {s:g} s" for n, s in report.times_s.items()),
        "layers": report.headline() if report.verdict != "not-testable" else "",
        "rules": report.rule_set,
        "levels": changed_levels(report),
        "why": report.reason,
        "what to do": report.hint,
    }


def _counts(report: Report) -> Iterator[Mapping[str, Mapping[Outcome, int]]]:
    """Yield the groups of rows of the table: how many requirements had each outcome."""
    yield {level.value: report.count(level=level) for level in _LEVELS}
    yield {layer_name(layer, report.http_server): report.count(layer=layer) for layer in Layer}
    yield {area: report.count(area=area) for area in report.areas()}


def _choices(report: Report, present: list[Outcome]) -> Mapping[str, list[tuple[str, str]]]:
    """Return what each filter of the page offers: values and labels."""
    outcomes = [(outcome.value, LABELS[outcome]) for outcome in present]
    if any(entry.failing for entry in report.requirements):
        outcomes.insert(0, ("fail blocked error", "every failure"))
    return {
        "outcome": outcomes,
        "level": [(level.value, level.value) for level in _LEVELS],
        "layer": [(layer.value, LAYERS[layer]) for layer in Layer],
        "area": [(area, area) for area in report.areas()],
    }


def _requirements(report: Report) -> Iterator[RequirementView]:
    blocks: dict[str, list[str]] = {}
    for entry in report.requirements:
        if entry.cause:
            blocks.setdefault(entry.cause, []).append(entry.id)
    for entry in sorted(report.requirements, key=_rank):
        yield RequirementView(report, entry, blocks.get(entry.id, ()))


def _rank(entry: ReportedRequirement) -> tuple[int, int, str]:
    return _ORDER.index(entry.outcome), _LEVELS.index(entry.level), entry.id


def _exchanges(report: Report) -> Iterator[ExchangeView]:
    for number, exchange in enumerate(report.exchanges):
        offsets, ids = [], []
        for entry in report.requirements:
            for finding in entry.findings:
                if finding.exchange == number:
                    ids.append(entry.id)
                    offsets += [] if finding.offset is None else [finding.offset]
        yield ExchangeView(number, exchange, offsets, list(dict.fromkeys(ids)))

"""One HTML page with everything: no scripts, no other files, every text escaped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamchat_conformance.report.html.documents import Documents

from streamchat_load.faults import MEANINGS, StreamFault
from streamchat_load.metrics.labels import TIME_LABELS, count_rows, metric_label
from streamchat_load.metrics.summary import QUANTILES
from streamchat_load.report.charts import Chart, ChartLine
from streamchat_load.verdict.verdict import ExitCode, LoadVerdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PAGES = Documents("streamchat_load.report", "streamchat_conformance.report.html")
"""The page is made like the suite's reports, and has their style."""


def render(
    summary: Mapping[str, Any], verdict: LoadVerdict, *, refresh_s: int | None = None
) -> str:
    """Return the page. With `refresh_s` a browser reloads it at that interval: the live view."""
    PAGES.environment.filters["number"] = _number
    return PAGES.document(
        "load.html",
        title=f"Load of {summary['target']}",
        styles=["load.css"],
        refresh_s=refresh_s,
        summary=summary,
        verdict=verdict,
        good=verdict.exit is ExitCode.GOOD,
        facts=_facts(summary),
        evidence=tuple(_evidence(summary)),
        requests=tuple(count_rows(summary)),
        times=_times(summary["times_ms"]),
        precision=f"{summary['quantile_relative_error']:.2%}",
        charts=tuple(filter(None, _charts(summary))),
        phases=_phases(summary["phases"]),
        checks=_checks(verdict),
    )


def _facts(summary: Mapping[str, Any]) -> Mapping[str, str]:
    parameters = "".join(f" {name}={value}" for name, value in summary["parameters"].items())
    return {
        "target": summary["target"],
        "profile": f"{summary['profile']}{parameters}",
        "run": f"{summary['elapsed_s']:.1f} s of {summary['planned_s']:.1f} s",
        "generator": f"{summary['processes']} process(es)",
        "seed": f"{summary['seed']}",
    }


def _number(value: object) -> object:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else value


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Mapping[str, object]:
    return {"heads": heads, "rows": rows}


def _times(times: Mapping[str, Mapping[str, Any]]) -> Mapping[str, object]:
    labels = ["count", "mean", *(label for label, _ in QUANTILES), "max"]
    return _table(
        ("", *labels),
        [
            (title, *(times[name][label] for label in labels))
            for name, title in TIME_LABELS.items()
            if times[name]["count"]
        ],
    )


def _phases(phases: Sequence[Mapping[str, Any]]) -> Mapping[str, object]:
    heads = ("phase", "started", "verified", "faulty", "refused", "failed", "events a second")
    more = ("first event p95", "first text p50", "first text p95", "between events p99")
    return _table(
        (*heads, *more),
        [
            (
                phase["phase"],
                *(phase[name] for name in ("started", "verified", "faulty", "refused", "failed")),
                phase["events_per_s"],
                phase["first_event_ms"]["p95"],
                phase["first_text_ms"]["p50"],
                phase["first_text_ms"]["p95"],
                phase["gap_ms"]["p99"],
            )
            for phase in phases
        ],
    )


def _checks(verdict: LoadVerdict) -> list[tuple[object, ...]]:
    return [
        (
            metric_label(check.metric),
            check.value,
            f"{'at least' if check.least else 'at most'} {check.limit:g}",
            "met" if check.met else "missed",
        )
        for check in verdict.checks
    ]


def _evidence(summary: Mapping[str, Any]) -> Iterator[Mapping[str, object]]:
    for found in summary["evidence"]:
        fault = StreamFault(found["fault"])
        times = summary["faults"].get(fault.value, 0)
        received = json.dumps(found["excerpt"], ensure_ascii=False)
        title = f"{fault.value} x {times}: {MEANINGS[fault]}"
        yield {**found, "title": title, "received": received}


def _charts(summary: Mapping[str, Any]) -> Iterator[Chart]:
    series: Sequence[Mapping[str, Any]] = summary["series"]
    at_s = [row["at_s"] for row in series]

    def line(name: str, key: str) -> ChartLine:
        return ChartLine(name, [row.get(key) for row in series])

    def quantiles(key: str, *names: str) -> list[ChartLine]:
        return [line(name, f"{key}_{name}_ms") for name in names]

    trouble = [line("faulty", "faulty"), line("refused or failed", "turned_away")]
    yield Chart("Open streams", "streams", at_s, [line("open", "open")])
    yield Chart("Events", "a second", at_s, [line("events", "events_per_s")])
    yield Chart("First event", "ms", at_s, quantiles("first_event", "p50", "p95"))
    yield Chart("First text", "ms", at_s, quantiles("first_text", "p50", "p95"))
    yield Chart("Between events", "ms", at_s, quantiles("gap", "p50", "p99"))
    yield Chart("Trouble", "requests", at_s, trouble)
    resources: Mapping[str, Sequence[Sequence[float]]] = summary["resources"]
    for name, rows in resources.items():
        if len(rows) > 1:
            megabytes = ChartLine(name, [row[2] / 1e6 for row in rows])
            at_s = [row[0] - rows[0][0] for row in rows]
            yield Chart("Resident memory", "MB", at_s, [megabytes])

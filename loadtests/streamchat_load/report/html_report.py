"""One HTML page with everything: no scripts, no other files, every text escaped."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from streamchat_load.faults import MEANINGS, StreamFault
from streamchat_load.metrics.labels import TIME_LABELS, count_rows, metric_label
from streamchat_load.metrics.summary import QUANTILES
from streamchat_load.report.charts import ChartLine, chart
from streamchat_load.report.text_report import printable
from streamchat_load.verdict.verdict import ExitCode, LoadVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_STYLE = """
:root{color-scheme:light dark}
body{font:14px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #8884;
font-variant-numeric:tabular-nums}
th:first-child,td:first-child{text-align:left}
pre{overflow:auto;padding:.6rem;background:#8881;white-space:pre-wrap;overflow-wrap:anywhere}
.good{color:#1a7f37}.bad{color:#d1242f}
figure{margin:1rem 0}svg{width:100%}polyline{stroke-width:1.5}
.grid{stroke:#8884}.tick{font-size:10px;fill:#888}
figcaption span{margin-left:1rem}
figcaption i{display:inline-block;width:.7em;height:.7em;margin-right:.3em}
"""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(
    summary: Mapping[str, Any], verdict: LoadVerdict, *, refresh_s: int | None = None
) -> str:
    """Return the page. With `refresh_s` a browser reloads it at that interval: the live view."""
    refresh = f'<meta http-equiv="refresh" content="{refresh_s}">' if refresh_s else ""
    shade = "good" if verdict.exit is ExitCode.GOOD else "bad"
    reasons = "".join(f"<li>{_text(reason)}</li>" for reason in verdict.reasons)
    parameters = " ".join(f"{name}={value}" for name, value in summary["parameters"].items())
    notes = "".join(f"<li>{_text(note)}</li>" for note in summary["notes"])
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">{refresh}
<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">
<meta name="viewport" content="width=device-width">
<title>Load of {_text(summary["target"])}</title><style>{_STYLE}</style></head><body>
<h1>Load of {_text(summary["target"])}</h1>
<p>profile <b>{_text(summary["profile"])}</b> {_text(parameters)}; {summary["elapsed_s"]:.1f} s of
{summary["planned_s"]:.1f} s; {summary["processes"]} process(es); seed {summary["seed"]}</p>
<ul>{notes}</ul>
<h2 class="{shade}">{_text(verdict.headline)}</h2><ul>{reasons}</ul>
{_evidence(summary)}
<h2>Requests</h2>{_table(("what", "how many"), count_rows(summary))}
<h2>Times (milliseconds)</h2>{_times(summary["times_ms"])}
<p>Quantiles are within {summary["quantile_relative_error"]:.2%} of the true value.</p>
<h2>Over time</h2>{_charts(summary["series"])}{_resources(summary["resources"])}
<h2>Phases</h2>{_phases(summary["phases"])}<p>{_text(summary["knee"] or "")}</p>
<h2>Thresholds</h2>{_checks(verdict)}
</body></html>
"""


def _text(value: object) -> str:
    return escape(printable(str(value)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(_number(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _number(value: object) -> object:
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else value


def _times(times: Mapping[str, Mapping[str, Any]]) -> str:
    labels = ["count", "mean", *(label for label, _ in QUANTILES), "max"]
    return _table(
        ("", *labels),
        [
            (title, *(times[name][label] for label in labels))
            for name, title in TIME_LABELS.items()
            if times[name]["count"]
        ],
    )


def _phases(phases: Sequence[Mapping[str, Any]]) -> str:
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


def _checks(verdict: LoadVerdict) -> str:
    return _table(
        ("metric", "measured", "required", ""),
        [
            (
                metric_label(check.metric),
                check.value,
                f"{'at least' if check.least else 'at most'} {check.limit:g}",
                "met" if check.met else "missed",
            )
            for check in verdict.checks
        ],
    )


def _evidence(summary: Mapping[str, Any]) -> str:
    parts = []
    for found in summary["evidence"]:
        fault = StreamFault(found["fault"])
        shown = json.dumps(found["excerpt"], ensure_ascii=False)
        parts.append(
            f"<h3>{_text(fault.value)} x {summary['faults'].get(fault.value, 0)}: "
            f"{_text(MEANINGS[fault])}</h3>"
            f"<p>First in the stream of {_text(found['nonce'])}, event {_text(found['event'])}, "
            f"byte {_text(found['offset'])}: {_text(found['message'])}</p>"
        )
        if found["expected"]:
            parts.append(f"<p>Expected:</p><pre>{_text(found['expected'])}</pre>")
        parts.append(f"<p>Received:</p><pre>{_text(shown)}</pre>")
    return "".join(parts)


def _charts(series: Sequence[Mapping[str, Any]]) -> str:
    at_s = [row["at_s"] for row in series]

    def line(name: str, key: str) -> ChartLine:
        return ChartLine(name, [row.get(key) for row in series])

    return "".join(
        (
            chart("Open streams", "streams", at_s, [line("open", "open")]),
            chart("Events", "a second", at_s, [line("events", "events_per_s")]),
            chart(
                "First event",
                "ms",
                at_s,
                [line("p50", "first_event_p50_ms"), line("p95", "first_event_p95_ms")],
            ),
            chart(
                "First text",
                "ms",
                at_s,
                [line("p50", "first_text_p50_ms"), line("p95", "first_text_p95_ms")],
            ),
            chart(
                "Between events",
                "ms",
                at_s,
                [line("p50", "gap_p50_ms"), line("p99", "gap_p99_ms")],
            ),
            chart(
                "Trouble",
                "requests",
                at_s,
                [line("faulty", "faulty"), line("refused or failed", "turned_away")],
            ),
        )
    )


def _resources(resources: Mapping[str, Sequence[Sequence[float]]]) -> str:
    parts = []
    for name, rows in resources.items():
        if len(rows) < 2:
            continue
        at_s = [row[0] - rows[0][0] for row in rows]
        megabytes = ChartLine(name, [row[2] / 1e6 for row in rows])
        parts.append(chart("Resident memory", "MB", at_s, [megabytes]))
    return "".join(parts)

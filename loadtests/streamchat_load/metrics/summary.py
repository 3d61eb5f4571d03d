"""The figures of a run: derived once from the ledger, for all reports."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.metrics.goodput import LEFT_OUT, goodput_ratio
from streamchat_load.metrics.histogram import RELATIVE_ERROR, Histogram
from streamchat_load.metrics.knee import FIRST_STREAMS, WHOLE_STREAMS, StaircaseStep, describe_knee
from streamchat_load.metrics.labels import TIME_LABELS
from streamchat_load.metrics.ledger import PHASE_TIMES, TIMES, LoadLedger, PhaseMetrics

QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999))


@dataclass(frozen=True)
class RunInfo:
    """What a report says of a run, apart from the figures."""

    target: str
    profile: str
    parameters: dict[str, Any]
    seed: int
    processes: int
    planned_s: float
    started_epoch_s: float
    elapsed_s: float
    notes: tuple[str, ...] = ()
    phase_lengths_s: dict[str, float] = field(default_factory=dict)
    preflight_streams: int = 0
    """How many streams were read before the load."""
    limits_ms: dict[str, float] = field(default_factory=dict)
    """Limits of the times of a stream, for the goodput."""
    planned_users: float | None = None
    """How many users the plan has active on average; None for a plan of arrivals."""


def quantiles_ms(histogram: Histogram) -> dict[str, float | int | None]:
    """Return count, mean, quantiles and extremes of a histogram (milliseconds)."""
    figures: dict[str, float | int | None] = {"count": histogram.count, "mean": histogram.mean_ms}
    for name, quantile in QUANTILES:
        figures[name] = histogram.quantile_ms(quantile)
    figures["max"] = histogram.max_ms
    return figures


def metrics(ledger: LoadLedger, info: RunInfo) -> dict[str, float]:
    """Return every figure that a threshold can name; those without data are left out."""
    found: dict[str, float] = {}
    for name in (*TIMES, *PHASE_TIMES):
        for key, value in quantiles_ms(ledger.total(name)).items():
            if value is not None and key != "count":
                found[f"{name}_{key.replace('.', '_')}_ms"] = float(value)
    started = ledger.counts["started"]
    elapsed_s = max(info.elapsed_s, 1e-9)
    for outcome in StreamOutcome:
        key = outcome.value.replace("-", "_")
        found[f"{key}_count"] = float(ledger.outcomes[outcome.value])
        found[f"{key}_ratio"] = ledger.outcomes[outcome.value] / started if started else 0.0
    found["started_count"] = float(started)
    found["events_count"] = float(ledger.counts["events"])
    found["events_per_s"] = ledger.counts["events"] / elapsed_s
    found["bytes_per_s"] = ledger.counts["body_bytes"] / elapsed_s
    found["open_mean"] = ledger.counts["open_ms"] / 1000 / elapsed_s
    found |= _of_answers(ledger, elapsed_s)
    found["streams_per_s"] = ledger.outcomes[StreamOutcome.VERIFIED.value] / elapsed_s
    if ledger.counts["events"]:
        used_us = ledger.counts["generator_cpu_us"]
        found["generator_cpu_us_per_event"] = used_us / ledger.counts["events"]
    found["achieved_ratio"] = achieved_ratio(ledger)
    for name in ("first_event", "first_text"):
        if (drift := latency_drift(ledger, name)) is not None:
            found[f"{name}_drift_ratio"] = drift
    if (growth := server_growth(ledger)) is not None:
        found["server_memory_growth_ratio"] = growth
    return found


def _of_answers(ledger: LoadLedger, elapsed_s: float) -> dict[str, float]:
    """Return how many answers were good enough, and how much they said, where that is known."""
    within = ledger.counts["within_limits"]
    left_out = [ledger.outcomes[outcome.value] for outcome in LEFT_OUT]
    found = {
        "goodput_ratio": goodput_ratio(within, ledger.counts["started"], left_out),
        "goodput_per_s": within / elapsed_s,
    }
    for name, count in (("tokens", "completion_tokens"), ("texts", "text_events")):
        if ledger.counts[count]:
            found[f"{name}_per_s"] = ledger.counts[count] / elapsed_s
    return found


def achieved_ratio(ledger: LoadLedger) -> float:
    """Return the share of the offered arrivals that were started in time; 1 if none are offered.

    In time is within `run.LATE_LIMIT_S` of the instant that an arrival was due.
    """
    offered = ledger.counts["offered"]
    late = ledger.counts["dropped"] + ledger.counts["late"]
    return 1.0 if not offered else (offered - late) / offered


def latency_drift(ledger: LoadLedger, name: str) -> float | None:
    """Return last-quarter over first-quarter median of a phase's histogram, for a soak."""
    first, last = ledger.phases.get("first quarter"), ledger.phases.get("last quarter")
    if first is None or last is None:
        return None
    before = first.histogram(name).quantile_s(0.5)
    after = last.histogram(name).quantile_s(0.5)
    return after / before if before and after else None


def server_growth(ledger: LoadLedger) -> float | None:
    """Return the server's resident memory at the end over that after the first quarter."""
    rows = ledger.resources.get("server", [])
    if len(rows) < 4:
        return None
    early = rows[len(rows) // 4][2]
    return rows[-1][2] / early if early else None


def phase_rows(ledger: LoadLedger, info: RunInfo) -> list[dict[str, Any]]:
    """Return the figures of each phase, in the order of the plan."""
    names = [name for name in info.phase_lengths_s if name in ledger.phases]
    names += [name for name in ledger.phases if name not in names]
    rows = []
    for name in names:
        phase = ledger.phases[name]
        length_s = info.phase_lengths_s.get(name)
        rows.append(
            {
                "phase": name,
                "seconds": length_s,
                "started": phase.counts["started"],
                "verified": phase.counts[StreamOutcome.VERIFIED.value],
                "faulty": phase.counts[StreamOutcome.FAULTY.value],
                "refused": phase.counts[StreamOutcome.REFUSED.value],
                "failed": phase.counts[StreamOutcome.FAILED.value],
                "events": phase.counts["events"],
                "events_per_s": phase.counts["events"] / length_s if length_s else None,
                "first_event_ms": quantiles_ms(phase.first_event),
                "first_text_ms": quantiles_ms(phase.first_text),
                "gap_ms": quantiles_ms(phase.gap),
                "whole_ms": quantiles_ms(phase.whole),
            }
        )
    return rows


def knee(ledger: LoadLedger) -> str | None:
    """Return where a staircase's knee is, in words, or None for other profiles."""
    phases = [(name, phase) for name, phase in ledger.phases.items() if name.endswith(" users")]
    if len(phases) < 2:
        return None
    phases.sort(key=lambda item: int(item[0].split()[0]))
    return describe_knee([_step(name, phase) for name, phase in phases])


def _step(name: str, phase: PhaseMetrics) -> StaircaseStep:
    # Where no event has text, the first event is all there is.
    first = phase.first_text if phase.first_text.count else phase.first_event
    counts = phase.counts
    return StaircaseStep(
        name,
        started=counts["started"],
        turned_away=counts[StreamOutcome.REFUSED.value] + counts[StreamOutcome.FAILED.value],
        first_ms=first.quantile_ms(0.95) if first.count >= FIRST_STREAMS else None,
        whole_ms=phase.whole.quantile_ms(0.5) if phase.whole.count >= WHOLE_STREAMS else None,
    )


def series(ledger: LoadLedger) -> list[dict[str, Any]]:
    """Return the run over time: a row for each cell of the timeline, the first at 0 s."""
    timeline = ledger.timeline
    if not timeline.cells:
        return []
    first = min(timeline.cells)
    open_streams = 0
    rows: list[dict[str, float | None]] = []
    for number in range(first, max(timeline.cells) + 1):
        cell = timeline.cells.get(number)
        if cell is None:
            rows.append({"at_s": (number - first) * timeline.width_s, "open": open_streams})
            continue
        open_streams += cell.counts["opened"] - cell.counts["closed"]
        rows.append(
            {
                "at_s": (number - first) * timeline.width_s,
                "open": open_streams,
                "events_per_s": cell.counts["events"] / timeline.width_s,
                "verified_per_s": cell.counts[StreamOutcome.VERIFIED.value] / timeline.width_s,
                "faulty": cell.counts[StreamOutcome.FAULTY.value],
                "turned_away": cell.counts[StreamOutcome.REFUSED.value]
                + cell.counts[StreamOutcome.FAILED.value],
                "first_event_p50_ms": cell.first_event.quantile_ms(0.5),
                "first_event_p95_ms": cell.first_event.quantile_ms(0.95),
                "first_text_p50_ms": cell.first_text.quantile_ms(0.5),
                "first_text_p95_ms": cell.first_text.quantile_ms(0.95),
                "gap_p50_ms": cell.gap.quantile_ms(0.5),
                "gap_p99_ms": cell.gap.quantile_ms(0.99),
            }
        )
    return rows


def summarize(ledger: LoadLedger, info: RunInfo) -> dict[str, Any]:
    """Return everything that the JSON report says of the run, but for the verdict."""
    return {
        "target": info.target,
        "profile": info.profile,
        "parameters": info.parameters,
        "seed": info.seed,
        "processes": info.processes,
        "planned_s": info.planned_s,
        "elapsed_s": info.elapsed_s,
        "started_epoch_s": info.started_epoch_s,
        "notes": list(info.notes),
        "preflight_streams": info.preflight_streams,
        "planned_users": info.planned_users,
        "limits_ms": info.limits_ms,
        "quantile_relative_error": RELATIVE_ERROR,
        "outcomes": {outcome.value: ledger.outcomes[outcome.value] for outcome in StreamOutcome},
        "counts": dict(sorted(ledger.counts.items())),
        "faults": dict(ledger.faults),
        "evidence": [found.dump() for found in ledger.evidence.values()],
        "statuses": dict(sorted(ledger.statuses.items())),
        "failures": dict(ledger.failures.most_common(20)),
        "times_ms": {name: quantiles_ms(ledger.total(name)) for name in TIME_LABELS},
        "phases": phase_rows(ledger, info),
        "knee": knee(ledger),
        "metrics": metrics(ledger, info),
        "series": series(ledger),
        "resources": ledger.resources,
    }

"""Names for people: of what is counted, of outcomes, and of the metrics of thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamchat_load.client.outcome import StreamOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TIME_LABELS: dict[str, str] = {
    "connect": "connect",
    "head": "response head",
    "first_event": "first event",
    "first_text": "first text",
    "gap": "between events",
    "longest_gap": "longest gap of a stream",
    "whole": "whole stream",
    "refusal": "refusal",
    "start_lag": "start after due",
    "generator_lag": "generator's own lag",
}
"""Histograms in the order of the table."""

OUTCOME_LABELS: dict[str, str] = {
    StreamOutcome.VERIFIED: "verified",
    StreamOutcome.FAULTY: "faulty",
    StreamOutcome.REFUSED: "refused",
    StreamOutcome.FAILED: "failed",
    StreamOutcome.ABANDONED: "abandoned by the client",
    StreamOutcome.OPEN_AT_END: "still open at the end",
    StreamOutcome.REJECTED: "rejected as invalid",
}

COUNT_LABELS: dict[str, tuple[str, float, str]] = {
    "started": ("requests started", 1, ""),
    "streams_with_events": ("streams with an event", 1, ""),
    "streams_with_text": ("streams with text", 1, ""),
    "events": ("events", 1, ""),
    "text_events": ("events with text", 1, ""),
    "prompt_tokens": ("tokens of prompts", 1, ""),
    "completion_tokens": ("tokens of answers", 1, ""),
    "within_limits": ("streams within all limits", 1, ""),
    "body_bytes": ("bytes of streams", 1, ""),
    "connections": ("connections opened", 1, ""),
    "reused": ("requests on a connection that was open already", 1, ""),
    "retries": ("requests sent again after an idle connection was closed", 1, ""),
    "offered": ("arrivals due", 1, ""),
    "late": ("arrivals started late", 1, ""),
    "dropped": ("arrivals never started", 1, ""),
    "generator_faults": ("requests that the generator itself could not send", 1, ""),
    "open_ms": ("time that streams were open, summed", 1e-3, " s"),
    "generator_cpu_us": ("CPU time of the generator", 1e-6, " s"),
}
"""Counts of the ledger: the name, what to multiply by, and the unit."""

_METRIC_LABELS: dict[str, str] = {
    "started_count": "requests started",
    "events_count": "events",
    "events_per_s": "events a second",
    "bytes_per_s": "bytes a second",
    "tokens_per_s": "tokens of answers a second",
    "texts_per_s": "events with text a second",
    "goodput_ratio": "share of requests within all limits",
    "goodput_per_s": "streams within all limits a second",
    "streams_per_s": "verified streams a second",
    "open_mean": "open streams on average",
    "achieved_ratio": "share of arrivals started in time",
    "generator_cpu_us_per_event": "generator's CPU time for an event (µs)",
    "first_event_drift_ratio": "first event, last quarter over first quarter",
    "first_text_drift_ratio": "first text, last quarter over first quarter",
    "server_memory_growth_ratio": "server's memory, end over first quarter",
}


def count_rows(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what was counted of a run, and how much, in the words of the report."""
    for outcome, count in summary["outcomes"].items():
        if count:
            yield OUTCOME_LABELS[outcome], str(count)
    counts = summary["counts"]
    for name, (label, factor, unit) in COUNT_LABELS.items():
        if name in counts:
            value = counts[name] * factor
            yield label, f"{value:.2f}{unit}" if unit else f"{value:.0f}"
    for status, count in summary["statuses"].items():
        yield f"answers with status {status}", str(count)
    for failure, count in summary["failures"].items():
        yield f"failed: {failure}", str(count)


def metric_label(name: str) -> str:
    """Return a metric's name in words."""
    if name in _METRIC_LABELS:
        return _METRIC_LABELS[name]
    for key, label in OUTCOME_LABELS.items():
        stem = key.replace("-", "_")
        if name == f"{stem}_count":
            return f"{label} (requests)"
        if name == f"{stem}_ratio":
            return f"{label} (share of the requests)"
    for key, label in TIME_LABELS.items():
        if name.startswith(f"{key}_") and name.endswith("_ms"):
            quantile = name.removeprefix(f"{key}_").removesuffix("_ms").replace("_", ".")
            if "." not in quantile or quantile == "p99.9":
                return f"{label}, {quantile} (ms)"
    return name

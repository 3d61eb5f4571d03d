"""The table at the end of a run, for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamchat_load.faults import MEANINGS, StreamFault
from streamchat_load.metrics.labels import OUTCOME_LABELS, TIME_LABELS
from streamchat_load.metrics.summary import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streamchat_load.verdict.verdict import LoadVerdict

SHOWN_EXCERPT_CHARACTERS = 160


def printable(text: str) -> str:
    """Return text that cannot control a terminal: unprintable characters are escaped."""
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "surrogatepass").decode("ascii")
        for character in text
    )


def render(summary: Mapping[str, Any], verdict: LoadVerdict) -> str:
    """Return the report as lines of text."""
    parameters = " ".join(f"{name}={value}" for name, value in summary["parameters"].items())
    lines = [
        "",
        f"Load of {printable(summary['target'])}",
        f"profile {summary['profile']} {printable(parameters)}",
        _length(summary),
        *(printable(f"  {note}") for note in summary["notes"]),
        "",
        *_outcomes(summary),
        "",
        *_times(summary["times_ms"]),
    ]
    if len(summary["phases"]) > 1:
        lines += ["", *_phases(summary["phases"])]
    if summary["knee"]:
        lines.append(summary["knee"])
    lines += ["", *_faults(summary), f"verdict: {verdict.headline}"]
    lines += [f"  {printable(reason)}" for reason in verdict.reasons]
    return "\n".join(lines)


def _length(summary: Mapping[str, Any]) -> str:
    took = f"{summary['elapsed_s']:.1f} s of {summary['planned_s']:.1f} s"
    return f"{took}, {summary['processes']} process(es), seed {summary['seed']}"


def _outcomes(summary: Mapping[str, Any]) -> list[str]:
    counts = summary["counts"]
    ended = ", ".join(
        f"{count} {OUTCOME_LABELS[outcome]}"
        for outcome, count in summary["outcomes"].items()
        if count
    )
    metrics = summary["metrics"]
    rates = f"{metrics['events_per_s']:.1f} a second; {metrics['bytes_per_s'] / 1000:.1f} kB"
    reuse = f"{counts.get('reused', 0)} times used again"
    retries = f"{counts.get('retries', 0)} requests sent again"
    lines = [
        f"requests: {counts.get('started', 0)} started; {ended or 'none ended'}",
        f"events: {counts.get('events', 0)}; {rates} a second",
        f"streams: {metrics['streams_per_s']:.2f} verified a second",
        f"connections: {counts.get('connections', 0)} opened, {reuse}, {retries}",
    ]
    if "tokens_per_s" in metrics:
        tokens = f"{counts['completion_tokens']} in answers, {metrics['tokens_per_s']:.1f} a second"
        lines.append(f"tokens: {tokens}; {counts['prompt_tokens']} in prompts, as the server says")
    if "texts_per_s" in metrics:
        texts = f"{counts['text_events']}; {metrics['texts_per_s']:.1f} a second"
        lines.append(f"events with text: {texts}")
    if summary["limits_ms"]:
        limits = ", ".join(f"{name}_ms={ms:g}" for name, ms in summary["limits_ms"].items())
        share = f"{metrics['goodput_ratio']:.1%} of requests"
        per_s = f"{metrics['goodput_per_s']:.2f} a second"
        lines.append(f"goodput: {share} within {limits}; {per_s}")
    if summary["planned_users"] is not None:
        planned = f"{summary['planned_users']:.1f} users planned"
        lines.append(f"open streams: {metrics['open_mean']:.1f} on average; {planned}")
    if counts.get("offered"):
        lines.append(
            f"arrivals: {counts['offered']} offered, {counts.get('late', 0)} late, "
            f"{counts.get('dropped', 0)} dropped: {metrics['achieved_ratio']:.1%} in time"
        )
    lines += [
        printable(f"failed {count} x: {failure}") for failure, count in summary["failures"].items()
    ]
    return lines


def _times(times: Mapping[str, Mapping[str, Any]]) -> list[str]:
    labels = [label for label, _ in QUANTILES]
    lines = [_row("milliseconds", ["count", *labels, "max"])]
    for name, title in TIME_LABELS.items():
        figures = times[name]
        if figures["count"]:
            shown = [_number(figures[label]) for label in (*labels, "max")]
            lines.append(_row(title, [str(figures["count"]), *shown]))
    return lines


def _phases(phases: Iterable[Mapping[str, Any]]) -> list[str]:
    heads = [
        "started",
        "verified",
        "faulty",
        "refused",
        "events/s",
        "event p95",
        "text p50",
        "text p95",
        "gap p99",
    ]
    lines = [_row("phase", heads)]
    for phase in phases:
        rate = phase["events_per_s"]
        shown = [
            *(str(phase[name]) for name in ("started", "verified", "faulty", "refused")),
            _number(rate),
            _number(phase["first_event_ms"]["p95"]),
            _number(phase["first_text_ms"]["p50"]),
            _number(phase["first_text_ms"]["p95"]),
            _number(phase["gap_ms"]["p99"]),
        ]
        lines.append(_row(printable(phase["phase"]), shown))
    return lines


def _row(title: str, cells: Iterable[str]) -> str:
    return f"{title:<24}" + "".join(f"{cell:>10}" for cell in cells)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if value < 1000 else f"{value:.0f}"


def _faults(summary: Mapping[str, Any]) -> list[str]:
    lines = []
    for found in summary["evidence"]:
        fault = StreamFault(found["fault"])
        lines.append(f"{fault.value} x {summary['faults'].get(fault.value, 0)}: {MEANINGS[fault]}")
        lines.append(
            printable(
                f"    first in the stream of {found['nonce']}, event {found['event']}, "
                f"byte {found['offset']}: {found['message']}"
            )
        )
        if found["expected"]:
            lines.append(f"    expected {printable(found['expected'][:SHOWN_EXCERPT_CHARACTERS])}")
        shown = repr(found["excerpt"][-SHOWN_EXCERPT_CHARACTERS:])
        lines.append(f"    received {printable(shown)}")
    return [*lines, ""] if lines else []

"""Findings of the preflight, in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Ending, Exchange

from streamchat_load.client.outcome import StreamOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streamchat_load.client.reading import StreamReading
    from streamchat_load.dialects.dialect import LoadDialect
    from streamchat_load.verification.oracle import Oracle

JUDGED_LIMIT_BYTES = 1024 * 1024
"""Larger streams are not given to the suite's judges, which are slow."""


def findings_of(
    reading: StreamReading, dialect: LoadDialect, *, echo: bool, exclude: Iterable[str]
) -> list[str]:
    """Return what the dialect finds wrong with a single stream, each finding only once."""
    recording = reading.recording or []
    if sum(len(read.data) for read in recording) > JUDGED_LIMIT_BYTES or reading.request is None:
        return []
    ended = reading.outcome is not StreamOutcome.OPEN_AT_END
    exchange = Exchange(
        request=reading.request,
        reads=tuple(recording),
        ending=Ending.COMPLETE if ended else Ending.ABANDONED,
        ended_at_s=reading.ended_s - reading.sent_s,
    )
    findings = dialect.findings(exchange, echo=echo)
    found = [f"a single stream breaks {finding}" for finding in findings]
    return [note for note in found if note not in exclude]


def describe(oracle: Oracle) -> str:
    """Return what can be verified of a shape's streams, in a line."""
    if oracle.length is not None:
        parts = [f"streams of {oracle.length} events"]
    elif oracle.read_events is not None:
        parts = [f"endless or long streams: each is read for {oracle.read_events} events"]
    else:
        parts = ["streams of varying length: a missing tail is found only by its missing end"]
    parts.append("events repeat the request" if oracle.echo else "no echo")
    if oracle.template is not None:
        distinct, total = oracle.template.distinct, len(oracle.template.events)
        what = "every byte" if oracle.expected_body is not None else "every text"
        if oracle.by_content and oracle.expected_body is None:
            what = "what every event says"
        elif oracle.expected_body is not None and oracle.expected_body.own:
            what = "every byte but each stream's own id and time"
        if distinct == 1 and total > 1:
            parts.append(f"{what} is predictable (all are the same: another order looks the same)")
        else:
            parts.append(f"{what} is predictable ({distinct} of {total} events differ)")
    elif oracle.said is not None:
        parts.append("what each stream says is predictable, not how it is cut into events")
    elif oracle.numbered:
        parts.append("texts vary; order is judged by ids")
    else:
        parts.append("texts vary: lost, repeated or reordered events are not found")
    return "; ".join(parts)


def faults(readings: Iterable[StreamReading]) -> list[str]:
    """Return what is wrong with the first faulty stream, if any is."""
    return [
        f"before the load a single stream was already faulty: {found.fault}: {found.message}"
        for reading in readings
        if (found := reading.evidence) is not None
    ][:1]

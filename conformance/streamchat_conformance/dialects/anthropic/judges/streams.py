"""anthropic: what a transcript decides, requirement by requirement."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from streamchat_conformance.catalogue import FAULT, Capability
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.anthropic.capabilities import THINKING, TOOLS
from streamchat_conformance.dialects.anthropic.machine import Breach
from streamchat_conformance.dialects.anthropic.rules import JUDGES
from streamchat_conformance.dialects.anthropic.stream_rows import (
    OF_EVENTS,
    OF_FAULTS,
    OF_THOUGHTS,
    OF_TOOLS,
    StreamRow,
)
from streamchat_conformance.dialects.anthropic.transcript import MessageTranscript, transcript_of
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.payload import block_finding
from streamchat_conformance.judges.reading import Reading


def transcript(reading: Reading) -> MessageTranscript | None:
    """Return what a streamed answer said; None for any other exchange."""
    return reading.derived(_transcript)


def _transcript(reading: Reading) -> MessageTranscript | None:
    options = reading.asked.values.get("options", {})
    if not reading.judges_stream or options.get("stream") is not True:
        return None
    return transcript_of(reading.events, reading.payloads, whole=reading.ended_well)


def findings(reading: Reading, problems: Iterable[Breach]) -> list[Finding]:
    """Return problems as findings, with their places in what was received."""
    return [
        block_finding(reading, each.event.block, each.row, each.message, each.expected)
        for each in problems
    ]


def _decided(id_: str, reading: Reading) -> Verdict:
    found = transcript(reading)
    if found is None:
        return None
    problems = found.problems.get(id_, [])
    if problems:
        return findings(reading, problems)
    return [] if id_ in found.decided else None


def _declare(rows: Iterable[StreamRow], *needs: Capability) -> None:
    for id_, level, title, source in rows:
        declared = JUDGES.judge(
            id_, level, title, source=source, needs=needs, evidence=Evidence.PART
        )
        declared(partial(_decided, id_))


_declare(OF_EVENTS)
_declare(OF_TOOLS, TOOLS)
_declare(OF_THOUGHTS, THINKING)
_declare(OF_FAULTS, FAULT)

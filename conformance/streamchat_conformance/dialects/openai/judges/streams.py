"""openai: what a transcript decides, requirement by requirement."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.openai.chunk_shape import Problem
from streamchat_conformance.dialects.openai.rules import JUDGES
from streamchat_conformance.dialects.openai.stream_rows import OF_CHUNKS, OF_STREAMS, StreamRow
from streamchat_conformance.dialects.openai.transcript import Transcript, transcript_of, wanted_of
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.payload import block_finding
from streamchat_conformance.judges.reading import Reading


def transcript(reading: Reading) -> Transcript | None:
    """Return what a valid, streamed answer said; None for any other exchange."""
    return reading.derived(_transcript)


def _transcript(reading: Reading) -> Transcript | None:
    wanted = wanted_of(reading.asked.values.get("options", {}))
    if not reading.judges_stream or not wanted.streams:
        return None
    return transcript_of(reading.events, reading.payloads, wanted, whole=reading.ended_well)


def findings(reading: Reading, problems: Iterable[Problem]) -> list[Finding]:
    """Return problems as findings, with their places in what was received."""
    return [
        block_finding(reading, each.datum.block, each.row, each.message, each.expected)
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


def _declare(rows: Iterable[StreamRow], evidence: Evidence) -> None:
    for id_, level, title, source in rows:
        declared = JUDGES.judge(id_, level, title, source=source, evidence=evidence)
        declared(partial(_decided, id_))


_declare(OF_CHUNKS, Evidence.PART)
_declare(OF_STREAMS, Evidence.WHOLE)

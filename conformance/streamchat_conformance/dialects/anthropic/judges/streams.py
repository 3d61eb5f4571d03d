"""anthropic: what a transcript decides, requirement by requirement."""

from __future__ import annotations

from collections.abc import Mapping

from streamchat_conformance.catalogue import FAULT, Capability
from streamchat_conformance.dialects.anthropic.capabilities import THINKING, TOOLS
from streamchat_conformance.dialects.anthropic.rules import JUDGES
from streamchat_conformance.dialects.anthropic.stream_rows import (
    OF_EVENTS,
    OF_FAULTS,
    OF_THOUGHTS,
    OF_TOOLS,
)
from streamchat_conformance.dialects.anthropic.transcript import MessageTranscript, transcript_of
from streamchat_conformance.judges.judge import Evidence
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.record import declare_rows

STREAM_ROWS = (*OF_EVENTS, *OF_TOOLS, *OF_THOUGHTS, *OF_FAULTS)
NEEDS: Mapping[str, Capability] = {
    **{row[0]: TOOLS for row in OF_TOOLS},
    **{row[0]: THINKING for row in OF_THOUGHTS},
    **{row[0]: FAULT for row in OF_FAULTS},
}
"""The capability without which a requirement does not apply."""


def transcript(reading: Reading) -> MessageTranscript | None:
    """Return what a streamed answer said; None for any other exchange."""
    return reading.derived(_transcript)


def _transcript(reading: Reading) -> MessageTranscript | None:
    options = reading.asked.values.get("options", {})
    if not reading.judges_stream or options.get("stream") is not True:
        return None
    return transcript_of(reading.events, reading.payloads, whole=reading.ended_well)


declare_rows(JUDGES, transcript, STREAM_ROWS, needs=NEEDS, evidence=Evidence.PART)

"""openai: what a transcript decides, requirement by requirement."""

from __future__ import annotations

from collections.abc import Mapping

from streamchat_conformance.catalogue import FAULT, Capability
from streamchat_conformance.dialects.openai.capabilities import (
    SEVERAL,
    TOOLS,
    TOOLS_PARALLEL,
    USAGE,
)
from streamchat_conformance.dialects.openai.rules import JUDGES
from streamchat_conformance.dialects.openai.stream_rows import (
    CHOICES,
    FAULTS,
    OF_CHUNKS,
    OF_STREAMS,
    TOOL_ROWS,
    USAGE_ROWS,
)
from streamchat_conformance.dialects.openai.transcript import Transcript, transcript_of
from streamchat_conformance.dialects.openai.wanted import as_it_came, wanted_of
from streamchat_conformance.judges.judge import Evidence
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.record import declare_rows

ASKED_FOR = ("openai.usage-honoured", "openai.usage-unasked")
"""Requirements about usage that say whether it comes at all."""
NEEDS: Mapping[str, Capability] = {
    **{row[0]: USAGE for row in USAGE_ROWS if row[0] not in ASKED_FOR},
    **{row[0]: TOOLS for row in TOOL_ROWS},
    "openai.tool-index-distinct": TOOLS_PARALLEL,
    **{row[0]: SEVERAL for row in CHOICES},
    **{row[0]: FAULT for row in FAULTS},
}
"""The capability without which a requirement does not apply."""


def transcript(reading: Reading) -> Transcript | None:
    """Return what a valid, streamed answer said; None for any other exchange."""
    return reading.derived(_transcript)


def _transcript(reading: Reading) -> Transcript | None:
    wanted = wanted_of(reading.asked.values.get("options", {}))
    if reading.assumed:
        wanted = as_it_came(wanted, (payload.value for _, payload in reading.payloads))
    # How a stream with empty options goes wrong is openai.stream-options-empty.
    if not reading.judges_stream or not wanted.streams or wanted.stream_options == {}:
        return None
    return transcript_of(
        reading.events,
        reading.payloads,
        wanted,
        whole=reading.ended_well,
        torn=_has_error_field(reading),
    )


def _has_error_field(reading: Reading) -> bool:
    """Return whether a failure stands in a field `error:`; sse.fields reports it."""
    lines = (line for block in reading.stream.blocks for line in block.lines)
    return any(line.name == "error" for line in lines)


declare_rows(JUDGES, transcript, OF_CHUNKS, needs=NEEDS, evidence=Evidence.PART)
declare_rows(JUDGES, transcript, OF_STREAMS, needs=NEEDS, evidence=Evidence.WHOLE)

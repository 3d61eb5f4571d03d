"""Hypothesis strategies: what clients of every kind may send, as plain values and raw bytes.

Each yields what its docstring promises and nothing else, is quick to draw from, and shrinks
to something that a person reads at a glance.
"""

from streamchat_conformance.strategies.framings import byte_splits, chunked, chunkings
from streamchat_conformance.strategies.json_grammar import is_json
from streamchat_conformance.strategies.malformed_chunks import (
    MalformedChunks,
    chunks_with_bare_line_feeds,
    malformed_chunks,
)
from streamchat_conformance.strategies.malformed_heads import (
    doubtful_heads,
    malformed_heads,
    ungrammatical_heads,
)
from streamchat_conformance.strategies.media_types import media_types_json, media_types_not_json
from streamchat_conformance.strategies.spoiling import (
    Malformation,
    MalformedHead,
    RefusalStrength,
    RequestParts,
    well_formed_request,
)

__all__ = [
    "Malformation",
    "MalformedChunks",
    "MalformedHead",
    "RefusalStrength",
    "RequestParts",
    "byte_splits",
    "chunked",
    "chunkings",
    "chunks_with_bare_line_feeds",
    "doubtful_heads",
    "is_json",
    "malformed_chunks",
    "malformed_heads",
    "media_types_json",
    "media_types_not_json",
    "ungrammatical_heads",
    "well_formed_request",
]

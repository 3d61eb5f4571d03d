"""Hypothesis strategies: what clients of every kind may send, as plain values and raw bytes.

Each yields what its docstring promises and nothing else, is quick to draw from, and shrinks
to something that a person reads at a glance.
"""

from streamchat_conformance.strategies.bodies import (
    NON_FINITE,
    arbitrary_bodies,
    deep_nesting,
    huge_number,
    lone_surrogate_bodies,
    non_finite_bodies,
    not_object_bodies,
    not_utf8_bodies,
    out_of_range_bodies,
)
from streamchat_conformance.strategies.corruptions import corrupted_bodies
from streamchat_conformance.strategies.framings import byte_splits, chunked, chunkings
from streamchat_conformance.strategies.json_grammar import is_json
from streamchat_conformance.strategies.json_texts import json_text, json_texts, raw_json_texts
from streamchat_conformance.strategies.json_values import (
    any_json,
    exact_numbers,
    extra_members,
    json_values_within_doubles,
    out_of_range_numbers,
)
from streamchat_conformance.strategies.malformations import malformed_bodies
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
from streamchat_conformance.strategies.prompts import (
    LINE_SEPARATORS,
    SPOKEN_FOR,
    astral_prompts,
    injection_prompts,
    line_separator_prompts,
    prompts,
    scalar_values,
)
from streamchat_conformance.strategies.spoiling import (
    Malformation,
    MalformedHead,
    RefusalStrength,
    RequestParts,
    well_formed_request,
)

__all__ = [
    "LINE_SEPARATORS",
    "NON_FINITE",
    "SPOKEN_FOR",
    "Malformation",
    "MalformedChunks",
    "MalformedHead",
    "RefusalStrength",
    "RequestParts",
    "any_json",
    "arbitrary_bodies",
    "astral_prompts",
    "byte_splits",
    "chunked",
    "chunkings",
    "chunks_with_bare_line_feeds",
    "corrupted_bodies",
    "deep_nesting",
    "doubtful_heads",
    "exact_numbers",
    "extra_members",
    "huge_number",
    "injection_prompts",
    "is_json",
    "json_text",
    "json_texts",
    "json_values_within_doubles",
    "line_separator_prompts",
    "lone_surrogate_bodies",
    "malformed_bodies",
    "malformed_chunks",
    "malformed_heads",
    "media_types_json",
    "media_types_not_json",
    "non_finite_bodies",
    "not_object_bodies",
    "not_utf8_bodies",
    "out_of_range_bodies",
    "out_of_range_numbers",
    "prompts",
    "raw_json_texts",
    "scalar_values",
    "ungrammatical_heads",
    "well_formed_request",
]

"""Hypothesis strategies for requests of this endpoint: prompts, histories and bodies."""

from streamchat_conformance.dialects.stream_chat.strategies.bodies import (
    arbitrary_bodies,
    bodies_missing,
    bodies_with,
    deep_nesting,
    huge_number,
    lone_surrogate_bodies,
    non_finite_bodies,
    not_object_bodies,
    not_utf8_bodies,
    out_of_range_bodies,
    raw_body,
    valid_bodies,
)
from streamchat_conformance.dialects.stream_chat.strategies.corruptions import corrupted_bodies
from streamchat_conformance.dialects.stream_chat.strategies.histories import (
    NAMED_LIKE_PROTOTYPES,
    ODDLY_NAMED,
    any_histories,
    any_json,
    exact_numbers,
    extra_members,
    histories,
    json_values_within_doubles,
    out_of_range_numbers,
)
from streamchat_conformance.dialects.stream_chat.strategies.json_texts import (
    json_text,
    json_texts,
    raw_json_texts,
)
from streamchat_conformance.dialects.stream_chat.strategies.malformations import malformed_bodies
from streamchat_conformance.dialects.stream_chat.strategies.prompts import (
    LINE_SEPARATORS,
    SPOKEN_FOR,
    astral_prompts,
    injection_prompts,
    line_separator_prompts,
    prompts,
    scalar_values,
)

__all__ = [
    "LINE_SEPARATORS",
    "NAMED_LIKE_PROTOTYPES",
    "ODDLY_NAMED",
    "SPOKEN_FOR",
    "any_histories",
    "any_json",
    "arbitrary_bodies",
    "astral_prompts",
    "bodies_missing",
    "bodies_with",
    "corrupted_bodies",
    "deep_nesting",
    "exact_numbers",
    "extra_members",
    "histories",
    "huge_number",
    "injection_prompts",
    "json_text",
    "json_texts",
    "json_values_within_doubles",
    "line_separator_prompts",
    "lone_surrogate_bodies",
    "malformed_bodies",
    "non_finite_bodies",
    "not_object_bodies",
    "not_utf8_bodies",
    "out_of_range_bodies",
    "out_of_range_numbers",
    "prompts",
    "raw_body",
    "raw_json_texts",
    "scalar_values",
    "valid_bodies",
]

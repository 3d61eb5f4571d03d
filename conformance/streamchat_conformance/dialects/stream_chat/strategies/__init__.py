"""Hypothesis strategies for requests of this endpoint: histories, and bodies of its own."""

from streamchat_conformance.dialects.stream_chat.strategies.bodies import (
    bodies_missing,
    bodies_with,
    raw_body,
    valid_bodies,
)
from streamchat_conformance.dialects.stream_chat.strategies.histories import (
    NAMED_LIKE_PROTOTYPES,
    ODDLY_NAMED,
    any_histories,
    any_json,
    histories,
    json_values_within_doubles,
)

__all__ = [
    "NAMED_LIKE_PROTOTYPES",
    "ODDLY_NAMED",
    "any_histories",
    "any_json",
    "bodies_missing",
    "bodies_with",
    "histories",
    "json_values_within_doubles",
    "raw_body",
    "valid_bodies",
]

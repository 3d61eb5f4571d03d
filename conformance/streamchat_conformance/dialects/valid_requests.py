"""What a valid request asks: which shared requirements say that it is accepted, or survived."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.core.json_value import walk
from streamchat_conformance.core.sent_request import SentRequest
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.asking import (
    VERY_LARGE_BYTES,
    has_number,
    has_unicode,
    is_long,
    is_out_of_range,
    special_transfer,
)
from streamchat_conformance.dialects.interface import Asked

_SPOKEN_FOR = re.compile(
    r"<[|/<!]|[|>]>|<[\w=]+>|\[/?[A-Z_]{2,}\]|\{[{%#}]|\$[{(]|#\{|%[sdn(]|<%|\x1b|###|\\[ngxNU\d]|"
    r"\{\w*\}|STOP"
)
"""Text that means something to a tokenizer, a template or a formatter."""


def of_valid(
    sent: SentRequest,
    reading: JsonReading,
    values: Mapping[str, Any],
    *,
    unsure: Sequence[str] = (),
    sure: Sequence[str] = (),
    not_json: tuple[str, ...] = (),
) -> Asked:
    """Return what a valid request asks, with every requirement that says that it is accepted.

    `values` are what the user wrote. `unsure` and `sure` are the dialect's own requirements that
    the request exercises: those that a server is less likely, and most likely to keep. `not_json`
    are the error texts that also fit text which JSON readers may refuse.
    """
    if reading.lone_surrogates:
        rows = ("request.lone-surrogate",)
        return Asked(Expectation.EITHER, rows, not_json, sent, values)
    if has_number(reading.value, is_long):
        return Asked(Expectation.EITHER, ("request.huge-number",), (), sent)
    large = len(sent.body) >= VERY_LARGE_BYTES
    shown = [
        *(["request.very-large-prompt"] if large else []),
        *unsure,
        *(_media_type_parameters(sent)),
        *special_transfer(sent),
        *(["request.prompt-unicode"] if has_unicode(sent) or is_spoken_for(values) else []),
        *sure,
    ]
    # A number out of a double's range may be refused (RFC 8259 section 6 lets a reader set
    # limits), and so may a very large body (413).
    either = large or has_number(reading.value, is_out_of_range)
    return Asked(
        Expectation.EITHER if either else Expectation.ACCEPT,
        tuple(shown) or ("request.valid-accepted",),
        (),
        sent,
        values,
    )


def _media_type_parameters(sent: SentRequest) -> list[str]:
    other = sent.first("content-type") != JSON_MEDIA_TYPE
    return ["request.media-type-parameters"] if other else []


def is_spoken_for(values: Mapping[str, Any]) -> bool:
    """Return whether some text means something to what a server may hand it to."""
    texts = (inner for _, inner in walk([*values.values()]))
    return any(isinstance(text, str) and speaks_for_others(text) for text in texts)


def speaks_for_others(text: str) -> bool:
    """Return whether a text means something to a tokenizer, a template or a formatter."""
    return bool(_SPOKEN_FOR.search(text))

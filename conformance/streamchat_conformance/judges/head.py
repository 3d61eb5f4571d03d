"""The head that the judges of a stream's header look at."""

from __future__ import annotations

import functools
from collections.abc import Callable

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http1 import ResponseHead
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges.judge import Decision, Verdict
from streamchat_conformance.judges.reading import Reading

LARGE_BYTES = 64 * 1024
"""A body of this size is no report of an error."""


def stream_head(reading: Reading) -> ResponseHead | None:
    """Return the head of an accepted valid request, or None when this is something else."""
    if reading.asked.expectation is not Expectation.ACCEPT or not reading.accepted:
        return None
    return None if reading.derived(_is_refusal_in_band) else reading.head


def _is_refusal_in_band(reading: Reading) -> bool:
    """Return whether an answer with 200 is no stream, and says that the request failed."""
    if reading.is_stream or len(reading.body) >= LARGE_BYTES:
        return False
    return reading.dialect.refusals.reports_error(read_json(reading.body).value)


def of_stream_head(decide: Callable[[ResponseHead], Verdict]) -> Decision:
    """Let a function decide on the head of an accepted valid request, and on nothing else."""

    @functools.wraps(decide)
    def decided(reading: Reading) -> Verdict:
        head = stream_head(reading)
        return None if head is None else decide(head)

    return decided


def show_field(head: ResponseHead, name: str) -> str:
    """Return a field's lines as text, or that there is none."""
    values = head.values(name)
    return "; ".join(f"{name}: {value}" for value in values) if values else f"no {name} field"

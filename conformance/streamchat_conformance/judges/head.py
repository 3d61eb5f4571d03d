"""The head that the judges of a stream's header look at."""

from __future__ import annotations

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http1 import ResponseHead
from streamchat_conformance.judges.reading import Reading


def stream_head(reading: Reading) -> ResponseHead | None:
    """Return the head of an accepted valid request, or None when this is something else."""
    if reading.asked.expectation is not Expectation.ACCEPT:
        return None
    return reading.head if reading.accepted else None


def show_field(head: ResponseHead, name: str) -> str:
    """Return a field's lines as text, or that there is none."""
    values = head.values(name)
    return "; ".join(f"{name}: {value}" for value in values) if values else f"no {name} field"

"""Judges: pure functions that say what one exchange proves about each requirement."""

from streamchat_conformance.judges import (
    error,
    headers,
    payload,
    persistence,
    request,
    sse,
    stream,
    transport,
)
from streamchat_conformance.judges.judge import JUDGES, Judge, judge_all
from streamchat_conformance.judges.reading import Reading

__all__ = [
    "JUDGES",
    "Judge",
    "Reading",
    "error",
    "headers",
    "judge_all",
    "payload",
    "persistence",
    "request",
    "sse",
    "stream",
    "transport",
]

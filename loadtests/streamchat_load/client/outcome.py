"""Outcomes of requests."""

from __future__ import annotations

from enum import StrEnum


class StreamOutcome(StrEnum):
    """How a started request ended. Each has exactly one, so that their counts add up."""

    VERIFIED = "verified"
    """A good stream, read to its end (or as far as the plan reads endless streams)."""
    FAULTY = "faulty"
    """Faulty: see its fault."""
    REFUSED = "refused"
    """Answered 429 or 503: an answer, not a fault."""
    FAILED = "failed"
    """No stream: no connection, no answer, or another status."""
    ABANDONED = "abandoned"
    """Cut off by the client as the profile says; no fault until then."""
    OPEN_AT_END = "open-at-end"
    """Still open when the run's time was over; no fault until then."""
    REJECTED = "rejected"
    """An invalid request, refused properly."""

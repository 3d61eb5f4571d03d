"""A judge's finding: one sentence about one requirement, with the place it was seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One observed breach of one requirement.

    `offset` counts bytes from the start of the exchange's received bytes; None when the
    finding is not about one place.
    """

    requirement: str
    message: str
    expected: str = ""
    received: str = ""
    offset: int | None = None

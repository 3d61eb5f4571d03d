"""What is wrong with an exchange: what a judge returns, and with the requirement that it breaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Nonconformity:
    """One way in which an exchange breaks the requirement that its judge declares.

    `offset` counts bytes from the start of the exchange's received bytes; None when it is not
    about one place.
    """

    message: str
    expected: str = ""
    received: str = ""
    offset: int | None = None
    timed: bool = False
    """Whether it is about how long something took: a busy machine may be the reason, once."""

    def of(self, requirement: str) -> Finding:
        """Return this as a finding on a requirement."""
        return Finding(
            requirement, self.message, self.expected, self.received, self.offset, self.timed
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One observed breach of one requirement, as the ledger and reports have it."""

    requirement: str
    message: str
    expected: str = ""
    received: str = ""
    offset: int | None = None
    timed: bool = False
    """Whether it is about how long something took (see `Nonconformity`)."""

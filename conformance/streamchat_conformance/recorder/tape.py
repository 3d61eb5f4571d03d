"""Received bytes with their times, kept up to the recording limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from streamchat_conformance.recorder.limits import Limits

__all__ = ["OVERFLOW_FURTHER_BYTES", "OVERFLOW_FURTHER_S", "Stamped", "Tape"]

OVERFLOW_FURTHER_BYTES: Final = 256 * 1024
"""How many bytes beyond the recording limit are counted at most."""

OVERFLOW_FURTHER_S: Final = 0.1
"""How long bytes beyond the recording limit are counted at most (seconds)."""


class Stamped(NamedTuple):
    """Received bytes with the clock's time of their arrival."""

    at: float
    data: bytes


class Tape:
    """What one exchange received. Once a recording limit is reached, bytes are only counted.

    Counting ends at `counted_until`, or with `full`, whichever comes first: enough to distinguish
    a response a little too long from one without end, and soon enough to stop a flood.
    """

    def __init__(self, limits: Limits) -> None:
        self.reads: list[Stamped] = []
        self.unrecorded_bytes = 0
        self.limit: str | None = None
        """The recording limit that was reached, as `name=value`."""
        self.counted_until: float | None = None
        """The clock's time at which counting ends; None before a limit is reached."""
        self._limits = limits
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether enough was counted beyond the limit."""
        return self.unrecorded_bytes >= OVERFLOW_FURTHER_BYTES

    def keep(self, read: Stamped) -> bytes:
        """Take a read; return as much of it as was kept."""
        if self.limit is None and len(self.reads) >= self._limits.recording_reads:
            self._overflow("recording_reads", read.at)
        room = 0 if self.limit is not None else self._limits.recording_bytes - self._bytes
        kept = read.data[:room]
        if kept:
            self._bytes += len(kept)
            self.reads.append(Stamped(read.at, kept))
        if len(kept) < len(read.data):
            self._overflow("recording_bytes", read.at)
            self.unrecorded_bytes += len(read.data) - len(kept)
        return kept

    def split(self, offset: int) -> tuple[list[Stamped], list[Stamped]]:
        """Return the reads before and after that offset; a read across it is divided."""
        before: list[Stamped] = []
        after: list[Stamped] = []
        for at, data in self.reads:
            first, rest = data[:offset], data[offset:]
            offset -= len(first)
            if first:
                before.append(Stamped(at, first))
            if rest:
                after.append(Stamped(at, rest))
        return before, after

    def _overflow(self, name: str, at: float) -> None:
        if self.limit is None:
            self.limit = self._limits.named(name)
            self.counted_until = at + OVERFLOW_FURTHER_S

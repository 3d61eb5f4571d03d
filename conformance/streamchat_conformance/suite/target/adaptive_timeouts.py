"""Timeouts that adapt to a target: the less it answers, the shorter they are."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder.limits import Limits

RECORDING_BYTES = 512 * 1024
"""What is recorded of one exchange, unless the request itself is large."""
PATIENT_WAITS = 3
"""After this many unanswered waits the suite waits for less time."""
GIVE_UP_WAITS = 8
"""After this many, a target that never brought a stream is not asked any more."""
LEAST_LIMITS_S = ((0.0, 4.0), (20.0, 2.0), (40.0, 1.0), (70.0, 0.5))
"""(seconds of unanswered waits, the least limit from then on in seconds)"""
SHORTEN_AFTER_S = 60.0
"""After this many seconds of unanswered waits few requests are generated."""
PATIENT_FLOODS = 3
"""After this many answers that were longer than is recorded, less is recorded."""
FLOOD_KEPT_BYTES = 16 * 1024
"""What is then recorded of one exchange, unless the request itself is large."""


class AdaptiveTimeouts:
    """Counts the unanswered waits, and sets the limits of those to come."""

    def __init__(self) -> None:
        self.waits = 0
        self.waited_s = 0.0
        self.floods = 0

    def note(self, reading: Reading) -> None:
        """Count an exchange, if it was not answered in time."""
        self.floods += reading.exchange.ending is Ending.OVERFLOW
        if _waited_out(reading):
            self.waits += 1
            self.waited_s += reading.exchange.ended_at_s

    def take_back(self, reading: Reading) -> None:
        """Count an exchange no more: the same request is answered in time."""
        if _waited_out(reading):
            self.waits -= 1
            self.waited_s -= reading.exchange.ended_at_s

    @property
    def recording_bytes(self) -> int:
        """How much is recorded of the answer to a small request."""
        return RECORDING_BYTES if self.floods < PATIENT_FLOODS else FLOOD_KEPT_BYTES

    @property
    def shortens_properties(self) -> bool:
        """Whether unanswered waits took enough time that properties are to be short."""
        return self.waited_s >= SHORTEN_AFTER_S

    @property
    def gives_up(self) -> bool:
        """Whether a target that brings no streams need not be asked any more."""
        return self.waits >= GIVE_UP_WAITS

    def limits(self, limits: Limits, baseline_s: float) -> Limits:
        """Return the limits for the next wait; `baseline_s` is what the target takes alone.

        What a target answers at all, it has answered in a fraction of them.
        """
        if self.waits < PATIENT_WAITS:
            return limits
        least_s = min(least_s for from_s, least_s in LEAST_LIMITS_S if self.waited_s >= from_s)
        patience_s = min(limits.head_s, max(least_s, 5 * baseline_s))
        idle_s = min(limits.idle_s, patience_s)
        return replace(limits, head_s=patience_s, first_event_s=patience_s, idle_s=idle_s)


def _waited_out(reading: Reading) -> bool:
    """Return whether an exchange was not answered in time."""
    exchange = reading.exchange
    stalled = (
        exchange.ending is Ending.ABANDONED
        and reading.status >= 400
        and not reading.response.complete
    )
    return exchange.ending is Ending.TIMED_OUT or stalled

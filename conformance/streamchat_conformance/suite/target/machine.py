"""Whether the machine is so busy that a server that is late may only be held up.

The bound on what a server may take next to others is relative to what it took alone. Where the
machine became busy in between, every server is late. So before lateness counts, the suite computes
for a moment: what that takes longer than the processor time it uses was spent waiting for a
processor. Where that is much, and single requests are about as quick as before, what was late by a
few times its bound is not judged: to clear away many streams takes that much longer there, too.
What is later, is not served at all, or has become slow for single requests as well is the server's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading

COMPUTED_S = 0.02
"""How much processor time is used to see how busy the machine is (seconds)."""
COMPUTING_LIMIT_S = 2.0
"""How long that may take (seconds)."""
BUSY = 2.0
"""A machine on which work takes this many times as long as alone is busy."""
MOST = 4.0
"""What takes more than this many times its bound is not excused by any machine."""
WAITING_S = 0.5
"""How long the quickest of some short answers may wait for a processor there (seconds)."""
SPREAD = 3.0
"""How many times as long as typically the quickest of them may take."""
SINGLE_REQUESTS = 5
"""How many requests show what the server takes alone on a busy machine."""


class TooBusy(NotApplicable):
    """A server was late on a machine that may be the reason."""

    def __init__(self, factor: float) -> None:
        super().__init__(
            f"not judged: it was late, and the machine is too busy (work takes {factor:.0f} times "
            "as long as alone); run it again when less goes on"
        )


def slowdown(
    clock: Callable[[], float] = time.monotonic,
    processor: Callable[[], float] = time.thread_time,
) -> float:
    """Return how many times as long as alone this process takes for computing now; 1 or more.

    `clock` and `processor` return the time, and the processor time of this thread (seconds).
    """
    began_at, used_s = clock(), processor()
    computed_s = took_s = 0.0
    while computed_s < COMPUTED_S and took_s < COMPUTING_LIMIT_S:
        computed_s, took_s = processor() - used_s, clock() - began_at
    return max(1.0, took_s / max(computed_s, 0.001))


def require_calm(
    factor: float, took_s: float, bound_s: float, alone: Callable[[], Reading], typical_s: float
) -> None:
    """Raise TooBusy where a machine may have made a server late, and not the server itself.

    Something took longer than its bound (seconds). `factor` is the machine's `slowdown`; `alone`
    sends a single request, of which `typical_s` is what it took before: where not one of some is
    about as quick any more, the server has become slow.
    """
    if factor < BUSY or took_s > min(factor, MOST) * bound_s:
        return
    quickest_s = min(_taken_s(alone()) for _ in range(SINGLE_REQUESTS))
    if quickest_s <= WAITING_S + SPREAD * typical_s:
        raise TooBusy(factor)


def _taken_s(reading: Reading) -> float:
    """Return when the first event of an answer came, or its end without one (seconds)."""
    first = reading.events[0].event if reading.events else None
    return reading.exchange.ended_at_s if first is None else first.at_s

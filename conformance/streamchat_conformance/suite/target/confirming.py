"""What took too long is asked for again: a busy machine makes any server late, but not each time.

That costs nothing where all is in time, and on a server that hangs two more waits for each
requirement that this breaks: what is red already is not confirmed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from streamchat_conformance.suite.verdicts.ledger import place
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotRun, NotTestable

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.config.settings import Settings
    from streamchat_conformance.suite.target.bounds import RunBounds
    from streamchat_conformance.suite.target.knowledge import TargetKnowledge
    from streamchat_conformance.suite.verdicts.ledger import Ledger

REPEATS = 2
"""How many more exchanges have to show what rests on how long something took."""

NOTICED_S = 1.0
"""In less, no requirement that rests on time is broken (seconds)."""


class DoubtedTarget(Protocol):
    """What is needed of a target to confirm an answer."""

    settings: Settings
    ledger: Ledger
    known: TargetKnowledge
    bounds: RunBounds


def confirmed(target: DoubtedTarget, reading: Reading, ask_again: Callable[[], Reading]) -> Reading:
    """Return an answer; one that comes to the same request in time, where the first did not.

    Where none does, what the answer shows counts.
    """
    ledger = target.ledger
    if reading.exchange.ended_at_s < min(NOTICED_S, target.settings.gap_limit_s):
        return reading
    if not (news := ledger.timed_news(reading)):
        return reading
    for _ in range(REPEATS):
        try:
            again = ask_again()
        except (Blocked, NotRun, NotTestable):
            # It serves no more, or it may not be asked.
            break
        if not news & ledger.timed_news(again):
            ledger.doubts.refute(news)
            target.bounds.timeouts.take_back(reading)
            target.known.open_ends.take_back(reading)
            return again
    ledger.doubts.confirm(place(reading.exchange))
    return reading

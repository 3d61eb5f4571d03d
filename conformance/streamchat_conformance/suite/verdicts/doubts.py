"""Findings about how long something took, until something has confirmed them.

A busy machine, or one that was suspended, may hold up any server once, for as long as it likes. So
what did not come, or came late, is asked for again, and counts where that shows it, too.
Where it cannot be asked again, it counts from the third time on. What other clients of the suite's
own were served next to was the machine's business as well: there it shows nothing of the server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.judges.stream import WITH_OTHER_CLIENTS

if TYPE_CHECKING:
    from streamchat_conformance.core.exchange import Exchange
    from streamchat_conformance.core.finding import Finding
    from streamchat_conformance.judges import Reading

ENOUGH = 3
"""What shows so often in a run is no machine's, though each time it did not when it was repeated.
"""


def longest_pause_s(exchange: Exchange) -> float:
    """Return the longest time of an exchange in which nothing came (seconds)."""
    longest_s, before_s = 0.0, exchange.sent_at_s
    for at_s in (*(read.at_s for read in exchange.reads), exchange.ended_at_s):
        longest_s = max(longest_s, at_s - before_s)
        before_s = at_s
    return longest_s


def waited_out(reading: Reading) -> bool:
    """Return whether an answer, or the rest of a refusal, did not come."""
    ending = reading.exchange.ending
    stalled = reading.status >= 400 and not (reading.response.complete or reading.response.broken)
    return ending is Ending.TIMED_OUT or (ending is Ending.ABANDONED and stalled)


def rests_on_time(reading: Reading, finding: Finding) -> bool:
    """Return whether a finding is about how long something took, or did not come."""
    return finding.timed or (not reading.events and waited_out(reading))


class Doubts:
    """The findings of a run that rest on time, and are not confirmed."""

    def __init__(self) -> None:
        self._confirmed: set[tuple[int, int]] = set()
        """The exchanges whose findings were seen again, by their places."""
        self._doubted: Counter[str] = Counter()
        """How often a requirement seemed to be broken, by its id."""

    def confirm(self, place: tuple[int, int]) -> None:
        """Take note that what an exchange shows was seen again."""
        self._confirmed.add(place)

    def refute(self, ids: Iterable[str]) -> None:
        """Take note that what an exchange showed was not seen again."""
        self._doubted.update(ids)

    def certain(self, id_: str) -> bool:
        """Return whether the next finding on a requirement counts as it is."""
        return self._doubted[id_] >= ENOUGH - 1

    def apply_to(self, id_: str, place: tuple[int, int], reading: Reading) -> bool:
        """Return whether findings on a requirement that rest on time do not count, so far."""
        if place in self._confirmed:
            return False
        if WITH_OTHER_CLIENTS in reading.exchange.notes:
            return True
        if self.certain(id_):
            return False
        self._doubted[id_] += 1
        return True

"""Whether work grows with its size as it should, measured by the CPU time of this thread.

Sizes are so far apart that work which grows too fast exceeds the bound several times over, and
work that does not stays several times below it: no other process can make that difference.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_ROUNDS, MOST_ROUNDS = 3, 40
UNRELATED_S = 0.001
"""What else the machine may have to do, even in the least of many rounds."""


def within(times: float, small: Callable[[], None], large: Callable[[], None]) -> bool:
    """Return whether the large work takes at most `times` the CPU time of the small one.

    Other work on the machine can only add to a round, so the least of each side counts, and
    rounds go on until they agree with the bound. Work that grows faster never does.
    """
    small_s = large_s = float("inf")
    for number in range(1, MOST_ROUNDS + 1):
        small_s = min(small_s, _cpu_s(small))
        large_s = min(large_s, _cpu_s(large))
        if number >= LEAST_ROUNDS and large_s <= times * small_s + UNRELATED_S:
            return True
    return False


def _cpu_s(work: Callable[[], None]) -> float:
    begun_s = time.thread_time()
    work()
    return time.thread_time() - begun_s

"""Whether streams that were opened together were late because of each other, or by chance.

A server that thinks for a random time is late by itself now and then, and of many streams one
nearly always is. Two kinds of evidence exclude that.

If streams opened together took as long as single ones do, the latest of all would be single ones
as often as their numbers say; that nearly all of the latest were opened together is improbable.
Where single streams hardly differ, a stream in each group that is late by a multiple of their
differences is not one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import comb
from typing import TYPE_CHECKING

from streamchat_conformance.suite.scenarios.concurrency import StreamGroup, late_streams
from streamchat_conformance.suite.target.latency_samples import LEAST_SAMPLES

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.target import Target

CHANCE_PROBABILITY = 0.002
"""What is less probable than this is not taken for chance."""
OUTLIERS = 2
"""A busy machine may have held up this many single streams."""
MOST_GROUPS = 10
"""No more groups are opened where the first ones may be late by chance."""
DOUBT_S = 30.0
"""How long more of them are opened (seconds)."""
SPREADS = 3.0
"""Streams may be later than all single ones by this many times what those differ by."""


def probability(late: int, together: int, single: int, outliers: int) -> float:
    """Return how probable it is that this many of the latest streams were opened together.

    Of `together` streams that were, and `single` ones that were not, all alike, the latest are
    `late` of the first kind and no more than `outliers` of the second.
    """
    latest = late + outliers
    if latest > together + single:
        return 1.0
    ways = sum(comb(single, few) * comb(together, latest - few) for few in range(outliers + 1))
    return ways / comb(together + single, latest)


def beyond_chance(target: Target, groups: Sequence[StreamGroup]) -> bool:
    """Return whether streams of some groups waited for others, and not by chance."""
    times_s = target.known.latency.first_events_s
    together = sum(len(group.readings) for group in groups)
    for outliers, later_than_s in enumerate(times_s[: OUTLIERS + 1]):
        late = sum(len(late_streams(target, group, later_than_s)) for group in groups)
        if probability(late, together, len(times_s), outliers) <= CHANCE_PROBABILITY / (
            OUTLIERS + 1
        ):
            return True
    if target.known.latency.streams < LEAST_SAMPLES:
        return False
    slack_s = max(0.15, 0.4 * target.baseline.duration_s)
    bound_s = times_s[0] + SPREADS * target.known.latency.spread_s + slack_s
    return all(late_streams(target, group, bound_s) for group in groups)


def late_beyond_chance(
    target: Target, groups: list[StreamGroup], another: Callable[[], StreamGroup]
) -> list[tuple[Reading, str]]:
    """Return the streams that were late in the best of some groups, if that is not by chance.

    Where it may be, `another` group is opened, which is added to the others, until one is served
    as single streams are, or too many were late for that.
    """
    ends_at = time.monotonic() + DOUBT_S
    while late := min((late_streams(target, group) for group in groups), key=len):
        if beyond_chance(target, groups):
            return late
        if len(groups) >= MOST_GROUPS or time.monotonic() >= ends_at:
            return []
        groups.append(another())
    return []

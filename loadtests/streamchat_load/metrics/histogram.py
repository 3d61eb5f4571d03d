"""Mergeable log-linear histograms of durations.

A duration is kept in whole microseconds. Below 128 microseconds every value has its own
bucket; above, each power of two is cut into 64 buckets of equal width. A value is reported as
the middle of its bucket, so that it is wrong by at most half a bucket: 1 part in 128, which is
under 0.8 per cent. Buckets do not depend on the data, so histograms of many processes add up
exactly: merging is the addition of counts.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RELATIVE_ERROR = 1 / 128
"""Greatest relative error of a reported quantile."""

_SUB_BUCKET_BITS = 6
_LINEAR_LIMIT = 1 << (_SUB_BUCKET_BITS + 1)
MICROSECONDS_PER_SECOND = 1_000_000


def bucket_of(value_us: int) -> int:
    """Return the number of the bucket that holds a duration (microseconds, not negative)."""
    if value_us < _LINEAR_LIMIT:
        return value_us
    shift = value_us.bit_length() - _SUB_BUCKET_BITS - 1
    return (shift << _SUB_BUCKET_BITS) + (value_us >> shift)


def bucket_range_us(bucket: int) -> tuple[int, int]:
    """Return the smallest and the greatest whole microsecond that a bucket holds."""
    if bucket < _LINEAR_LIMIT:
        return bucket, bucket
    shift = (bucket >> _SUB_BUCKET_BITS) - 1
    low = ((bucket & ((1 << _SUB_BUCKET_BITS) - 1)) + (1 << _SUB_BUCKET_BITS)) << shift
    return low, low + (1 << shift) - 1


_TABLE_LIMIT = 1 << 16
_TABLE = [bucket_of(value_us) for value_us in range(_TABLE_LIMIT)]
"""The buckets of durations up to 65 ms."""


class Histogram:
    """Counts of durations by bucket, with the exact count, sum, least and greatest."""

    __slots__ = ("buckets", "count", "max_us", "min_us", "total_us")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.total_us = 0
        self.min_us: int | None = None
        self.max_us: int | None = None

    def record(self, duration_s: float) -> None:
        """Count one duration (seconds). A negative one counts as 0."""
        value_us = int(duration_s * MICROSECONDS_PER_SECOND + 0.5) if duration_s > 0.0 else 0
        bucket = bucket_of(value_us)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1
        self.count += 1
        self.total_us += value_us
        self.min_us = value_us if self.min_us is None else min(self.min_us, value_us)
        self.max_us = value_us if self.max_us is None else max(self.max_us, value_us)

    def record_all(self, durations_s: Iterable[float]) -> None:
        """Count durations (seconds)."""
        record_in_all(durations_s, (self,))

    def record_gaps(self, stamps_s: list[float]) -> None:
        """Count the time between each two neighbours of a rising list of instants (seconds)."""
        self.record_all([later - earlier for earlier, later in pairwise(stamps_s)])

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one's. Exact."""
        for bucket, count in other.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count
        self.count += other.count
        self.total_us += other.total_us
        if other.min_us is not None:
            self.min_us = other.min_us if self.min_us is None else min(self.min_us, other.min_us)
        if other.max_us is not None:
            self.max_us = other.max_us if self.max_us is None else max(self.max_us, other.max_us)

    def quantile_s(self, quantile: float) -> float | None:
        """Return the value (seconds) that a share of the durations do not exceed.

        `quantile` is within 0..1; None for an empty histogram. The rank is the nearest one
        that covers the share; the value is wrong by at most `RELATIVE_ERROR`.
        """
        if not 0.0 <= quantile <= 1.0:
            raise ValueError(f"a quantile is within 0 and 1, not {quantile}")
        if self.min_us is None or self.max_us is None:
            return None
        rank = max(1, -int(-quantile * self.count // 1))
        seen = 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= rank:
                low, high = bucket_range_us(bucket)
                middle = (low + high) / 2
                value_us = min(max(middle, self.min_us), self.max_us)
                return value_us / MICROSECONDS_PER_SECOND
        return self.max_us / MICROSECONDS_PER_SECOND

    def quantile_ms(self, quantile: float) -> float | None:
        """Return `quantile_s` in milliseconds."""
        value_s = self.quantile_s(quantile)
        return None if value_s is None else value_s * 1000

    @property
    def mean_ms(self) -> float | None:
        """The exact mean (milliseconds), or None when empty."""
        return self.total_us / self.count / 1000 if self.count else None

    @property
    def max_ms(self) -> float | None:
        """The exact greatest value (milliseconds), or None when empty."""
        return None if self.max_us is None else self.max_us / 1000

    @property
    def min_ms(self) -> float | None:
        """The exact least value (milliseconds), or None when empty."""
        return None if self.min_us is None else self.min_us / 1000

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        return {
            "buckets": [number for pair in sorted(self.buckets.items()) for number in pair],
            "total_us": self.total_us,
            "min_us": self.min_us,
            "max_us": self.max_us,
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore a histogram from `dump`'s form."""
        histogram = cls()
        flat = dumped["buckets"]
        histogram.buckets = dict(zip(flat[::2], flat[1::2], strict=True))
        histogram.count = sum(flat[1::2])
        histogram.total_us = dumped["total_us"]
        histogram.min_us = dumped["min_us"]
        histogram.max_us = dumped["max_us"]
        return histogram

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Histogram) and self.dump() == other.dump()

    __hash__ = None  # type: ignore[assignment]  # mutable: equal by content, so not hashable


def record_in_all(durations_s: Iterable[float], histograms: Sequence[Histogram]) -> None:
    """Count durations (seconds) in several histograms; each is converted only once."""
    values_us = [
        int(duration_s * MICROSECONDS_PER_SECOND + 0.5) if duration_s > 0.0 else 0
        for duration_s in durations_s
    ]
    if not values_us:
        return
    # Counting is what a load test does most: a table and the C of Counter do it.
    counts = Counter(
        [
            _TABLE[value_us] if value_us < _TABLE_LIMIT else bucket_of(value_us)
            for value_us in values_us
        ]
    )
    count, total_us = len(values_us), sum(values_us)
    least, greatest = min(values_us), max(values_us)
    for histogram in histograms:
        buckets = histogram.buckets
        for bucket, times in counts.items():
            buckets[bucket] = buckets.get(bucket, 0) + times
        histogram.count += count
        histogram.total_us += total_us
        known = histogram.min_us
        histogram.min_us = least if known is None else min(known, least)
        histogram.max_us = max(histogram.max_us or 0, greatest)

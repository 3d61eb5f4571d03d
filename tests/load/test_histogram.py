from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.metrics.histogram import RELATIVE_ERROR, Histogram, bucket_of, bucket_range_us

if TYPE_CHECKING:
    from collections.abc import Sequence

durations_s = st.lists(st.floats(0, 10_000), max_size=200)
instants_s = st.lists(st.floats(0, 1e6), min_size=1, max_size=100).map(sorted)


def filled(values_s: Sequence[float]) -> Histogram:
    histogram = Histogram()
    histogram.record_all(values_s)
    return histogram


@given(st.integers(0, 10**13))
def test_a_bucket_holds_its_values_and_is_narrower_than_the_stated_error(value_us: int) -> None:
    low, high = bucket_range_us(bucket_of(value_us))
    assert low <= value_us <= high
    middle = (low + high) / 2
    assert abs(middle - value_us) <= value_us * RELATIVE_ERROR


@given(st.integers(0, 10**12))
def test_buckets_are_numbered_without_a_gap(value_us: int) -> None:
    _, high = bucket_range_us(bucket_of(value_us))
    assert bucket_of(high + 1) == bucket_of(value_us) + 1


@given(durations_s.filter(bool), st.floats(0, 1))
def test_a_quantile_is_within_the_stated_error_of_the_exact_one(
    values_s: list[float], quantile: float
) -> None:
    rank = max(1, -int(-quantile * len(values_s) // 1))
    exact_s = sorted(values_s)[rank - 1]
    measured_s = filled(values_s).quantile_s(quantile)
    assert measured_s is not None
    # Half a microsecond is lost to rounding before any bucket is chosen.
    assert abs(measured_s - exact_s) <= exact_s * RELATIVE_ERROR + 1e-6


@given(durations_s, durations_s)
def test_merging_is_the_same_as_recording_everything_in_one(
    one: list[float], other: list[float]
) -> None:
    merged = filled(one)
    merged.merge(filled(other))
    assert merged == filled([*one, *other])


@given(durations_s)
def test_a_dump_is_restored_equal(values_s: list[float]) -> None:
    assert Histogram.load(filled(values_s).dump()) == filled(values_s)


@given(durations_s.filter(bool))
def test_count_least_and_greatest_are_exact(values_s: list[float]) -> None:
    histogram = filled(values_s)
    assert histogram.count == len(values_s)
    assert histogram.max_ms == pytest.approx(max(values_s) * 1000, abs=1e-3)
    assert histogram.min_ms == pytest.approx(min(values_s) * 1000, abs=1e-3)


@given(instants_s)
def test_gaps_are_one_fewer_than_instants_and_add_up(stamps_s: list[float]) -> None:
    histogram = Histogram()
    histogram.record_gaps(stamps_s)
    assert histogram.count == len(stamps_s) - 1
    assert histogram.total_us == pytest.approx(
        (stamps_s[-1] - stamps_s[0]) * 1e6, abs=len(stamps_s)
    )


def test_an_empty_histogram_has_no_quantiles() -> None:
    assert Histogram().quantile_s(0.5) is None
    assert Histogram().mean_ms is None


def test_a_negative_duration_counts_as_zero() -> None:
    assert filled([-1.0]).max_ms == 0


def test_a_quantile_beyond_one_is_refused() -> None:
    with pytest.raises(ValueError, match="within 0 and 1"):
        Histogram().quantile_s(1.5)

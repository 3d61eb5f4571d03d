"""Synthetic staircases: a knee is a rise that lasts, beyond noise and a floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.metrics.knee import (
    FIRST_FACTOR,
    FLOOR_MS,
    StaircaseStep,
    describe_knee,
    largest_fall,
    lasting_rise,
    least_share,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

times_ms = st.floats(1, 1000)


def steps_of(values_ms: Sequence[float | None]) -> list[StaircaseStep]:
    return [
        StaircaseStep(f"{10 * number} users", 100, 0, value_ms, None)
        for number, value_ms in enumerate(values_ms, start=1)
    ]


@pytest.mark.parametrize("values_ms", [(6, 17, 12), (6, 7, 17, 12, 13), (5, 30, 40, 50)])
def test_a_few_milliseconds_are_no_knee(values_ms: tuple[float, ...]) -> None:
    assert describe_knee(steps_of(values_ms)) == f"no knee up to {10 * len(values_ms)} users"


@given(times_ms, st.lists(st.floats(0, FLOOR_MS), min_size=2, max_size=12))
def test_nothing_within_the_floor_is_a_knee(least_ms: float, above_ms: list[float]) -> None:
    assert lasting_rise([least_ms + above for above in above_ms], 1.0) is None


@given(times_ms, st.lists(st.floats(1, FIRST_FACTOR), min_size=2, max_size=12))
def test_nothing_within_the_factor_is_a_knee(least_ms: float, factors: list[float]) -> None:
    assert lasting_rise([least_ms * factor for factor in factors], FIRST_FACTOR) is None


@given(st.lists(times_ms, min_size=3, max_size=12), st.floats(1, 1e6), st.data())
def test_one_slow_step_is_no_knee_wherever_it_is(
    values_ms: list[float], slow_ms: float, data: st.DataObject
) -> None:
    quiet = [100 + value_ms / 20 for value_ms in values_ms]
    at = data.draw(st.integers(0, len(quiet) - 1))
    quiet[at] += slow_ms
    assert lasting_rise(quiet, FIRST_FACTOR) is None


@given(
    base_ms=times_ms,
    before=st.lists(st.floats(1, 1.2), min_size=1, max_size=6),
    after=st.lists(st.floats(1, 3), min_size=2, max_size=6),
)
def test_a_rise_that_lasts_is_found_where_it_begins(
    base_ms: float, before: list[float], after: list[float]
) -> None:
    high_ms = base_ms * 1.2 * FIRST_FACTOR + 2 * FLOOR_MS
    values_ms = [base_ms * factor for factor in before] + [high_ms * factor for factor in after]
    rise = lasting_rise(values_ms, FIRST_FACTOR)
    assert rise is not None
    assert rise.at == len(before)
    found = describe_knee(steps_of(values_ms))
    assert found.startswith(
        f"the knee is between {10 * len(before)} users and {10 * len(before) + 10} users: "
        "the first text comes later (p95 "
    )


@given(st.lists(st.none() | times_ms, min_size=2, max_size=12), st.floats(1, 4))
def test_a_rise_is_always_beyond_factor_floor_and_noise_on_every_later_step(
    values_ms: list[float | None], factor: float
) -> None:
    rise = lasting_rise(values_ms, factor)
    if rise is None:
        return
    before = [value for value in values_ms[: rise.at] if value is not None]
    after = [value for value in values_ms[rise.at :] if value is not None]
    assert len(after) >= 2
    assert min(after) == rise.level_ms > rise.base_ms * factor
    assert rise.level_ms - rise.base_ms > max(FLOOR_MS, largest_fall(before))


@given(st.lists(st.integers(0, 1), min_size=2, max_size=12))
def test_a_single_refusal_on_a_step_is_no_knee(refused: list[int]) -> None:
    steps = [StaircaseStep(f"{at} users", 50, count) for at, count in enumerate(refused)]
    assert describe_knee(steps).startswith("no knee")


@given(st.integers(1, 5), st.integers(1, 5), st.integers(10, 100))
def test_refusals_that_last_are_a_knee_also_on_the_last_step(
    good: int, full: int, refused: int
) -> None:
    steps = [
        StaircaseStep(f"{at} users", 100, refused if at >= good else 0) for at in range(good + full)
    ]
    assert describe_knee(steps) == (
        f"the knee is between {good - 1} users and {good} users: requests are refused or fail"
    )


def test_a_rise_on_the_last_step_is_a_hint() -> None:
    found = describe_knee(steps_of([10, 11, 12, 300]))
    assert found == (
        "no knee up to 40 users; on the last step the first text comes later "
        "(p95 300 ms or more, 11 ms before): more steps would show whether that lasts"
    )


def test_steps_of_few_streams_are_not_compared() -> None:
    found = describe_knee(steps_of([None, None, None]))
    assert found == (
        "no knee up to 30 users; times are not compared: fewer than 20 streams on each step"
    )


@given(st.integers(0, 200), st.integers(0, 200))
def test_the_least_share_is_a_share_below_the_one_that_was_seen(count: int, more: int) -> None:
    total = count + more
    least = least_share(count, total)
    assert 0 <= least <= (count / total if total else 0) + 1e-12

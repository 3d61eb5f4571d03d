"""A property ends when its time is over, and says how many examples it has run."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.suite.scenarios import generated as subject
from streamchat_conformance.suite.scenarios.generated import ROUND_EXAMPLES, generated
from streamchat_conformance.suite.target.target import (
    CONCURRENT_REQUESTS,
    SLOW_FIRST_EVENT_S,
    Target,
)
from streamchat_conformance.suite.verdicts.barred_requests import BARRED_ENOUGH
from streamchat_conformance.suite.verdicts.outcomes import Barred, Blocked, NotApplicable, Violation

from .targets import prepared

TIMED_S = 0.3


@pytest.fixture
def target() -> Iterator[Target]:
    """A target whose properties are bounded by time alone."""
    with prepared("one-event-alone") as target:
        target.settings = replace(target.settings, fuzz_seconds=TIMED_S)
        target.bounds.spent_s = 1000.0
        yield target


def run(target: Target, case: Callable[[Target, Any], None], **how: Any) -> float:
    """Run a property and return how long it took (seconds)."""
    began_at = time.monotonic()
    generated(st.integers(), **how)(case)(target)
    return time.monotonic() - began_at


def broken(number: int) -> Violation:
    return Violation((Finding("payload.json", f"{number}", "", ""), Exchange(request=b"")))


def test_a_property_ends_soon_after_its_time_is_over(target: Target) -> None:
    tried = []

    def property_holds(target: Target, value: int) -> None:
        tried.append(value)
        target.pause(0.001)

    took_s = run(target, property_holds)
    assert TIMED_S <= took_s < TIMED_S + 5.0
    assert target.bounds.tried["property_holds"] == target.bounds.generated == len(tried) > 0


def test_time_that_is_over_ends_a_property_without_a_further_example(target: Target) -> None:
    calls = []

    def property_holds(target: Target, value: int) -> None:
        calls.append(value)
        target.pause(1.5)

    run(target, property_holds)
    assert len(calls) == 1


def test_each_round_draws_other_values(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: list[list[int]] = []
    one_round = subject._one_round

    def noted(*arguments: Any) -> None:
        rounds.append([])
        one_round(*arguments)

    monkeypatch.setattr(subject, "_one_round", noted)
    target.settings = replace(target.settings, fuzz_seconds=5.0)

    def property_holds(_: Target, value: int) -> None:
        rounds[-1].append(value)
        if len(rounds) == 3:
            raise Blocked("payload.json", "three rounds are enough")

    with pytest.raises(Blocked):
        run(target, property_holds)
    assert [len(values) for values in rounds[:2]] == [ROUND_EXAMPLES] * 2
    assert rounds[0] != rounds[1]


def test_a_round_that_draws_all_there_is_is_the_last_one(target: Target) -> None:
    target.settings = replace(target.settings, fuzz_seconds=60.0)
    tried = []
    generated(st.booleans())(lambda _, value: tried.append(value))(target)
    assert sorted(tried) == [False, True]


def test_a_failure_is_reported_though_time_ran_out_while_it_was_made_smaller(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "SHRINK_S", 0.0)
    monkeypatch.setattr(subject, "REPEATS_S", 0.0)

    def property_holds(_: Target, value: int) -> None:
        raise broken(value)

    with pytest.raises(Violation):
        run(target, property_holds)
    assert target.bounds.tried["property_holds"] == 1


def test_a_failure_is_made_smaller(target: Target) -> None:
    def property_holds(_: Target, value: int) -> None:
        if abs(value) > 5:
            raise broken(value)

    target.settings = replace(target.settings, fuzz_seconds=20.0)
    with pytest.raises(Violation) as caught:
        run(target, property_holds)
    assert caught.value.findings[0][0].message == "6"


def test_a_slow_target_is_tried_until_time_is_over_too(target: Target) -> None:
    target.baseline.first_event_s = SLOW_FIRST_EVENT_S

    def property_holds(target: Target, value: int) -> None:
        del value
        target.pause(0.01)

    took_s = run(target, property_holds)
    assert TIMED_S <= took_s < TIMED_S + 5.0
    assert target.bounds.tried["property_holds"] > CONCURRENT_REQUESTS


def test_an_interruption_that_was_lost_ends_a_property_and_every_request(target: Target) -> None:
    def property_holds(target: Target, value: int) -> None:
        del value
        # Raised in a callback of the garbage collector, KeyboardInterrupt would be dropped.
        target.bounds.interrupted.set()

    with pytest.raises(KeyboardInterrupt):
        run(target, property_holds)
    with pytest.raises(KeyboardInterrupt):
        target.chat(target.plain())


def filtered(share: int, *, fails: int | None = None) -> Callable[[Target, int], None]:
    """Return a property of which one value in `share` decides nothing, and one may fail."""

    def property_holds(_: Target, value: int) -> None:
        if value % share == 0:
            raise Barred("refused because of a filter")
        if fails is not None and value >= fails:
            raise broken(value)

    return property_holds


def numbers(target: Target, count: int, case: Callable[[Target, int], None]) -> None:
    """Run a property on the first numbers, and on one that is drawn."""
    target.settings = replace(target.settings, fuzz_seconds=0.0)
    target.bounds.spent_s = 0.0
    generated(st.just(1), examples=range(1, count + 1))(case)(target)


def test_a_request_that_decides_nothing_is_left_out(target: Target) -> None:
    numbers(target, 60, filtered(5))
    assert target.bounds.tried["property_holds"] > 60


def test_a_failure_behind_requests_that_decide_nothing_is_found(target: Target) -> None:
    with pytest.raises(Violation) as caught:
        numbers(target, 60, filtered(5, fails=41))
    assert caught.value.findings[0][0].message == "41"


@pytest.mark.parametrize("slow", [False, True])
def test_a_property_most_of_whose_requests_decide_nothing_does_not_apply(
    target: Target, *, slow: bool
) -> None:
    if slow:
        target.baseline.first_event_s = SLOW_FIRST_EVENT_S
    with pytest.raises(NotApplicable, match=r"requests decide nothing: .* because of a filter"):
        numbers(target, 200, filtered(1))
    assert target.bounds.tried["property_holds"] <= BARRED_ENOUGH + CONCURRENT_REQUESTS


@pytest.mark.parametrize("first_event_s", [0.0, SLOW_FIRST_EVENT_S])
def test_listed_examples_are_all_tried_where_they_need_more_than_the_time_of_the_property(
    target: Target, first_event_s: float
) -> None:
    target.settings = replace(target.settings, fuzz_seconds=0.0)
    target.baseline.first_event_s = first_event_s
    listed = [-number for number in range(1, 9)]
    tried = []

    def property_holds(target: Target, value: int) -> None:
        target.pause(0.6)
        tried.append(value)

    run(target, property_holds, examples=listed)
    assert sorted(tried) == sorted(listed)


def slow(seconds: float) -> tuple[Callable[[Target, int], None], list[int]]:
    """Return a property that takes that time for each example, and the list of its examples."""
    tried: list[int] = []

    def property_holds(target: Target, value: int) -> None:
        target.pause(seconds)
        tried.append(value)

    return property_holds, tried


def test_many_listed_examples_have_more_time(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "LISTED_EXAMPLES_LIMIT_S", 0.1)
    target.settings = replace(target.settings, fuzz_seconds=0.0)
    property_holds, tried = slow(0.1)
    run(target, property_holds, examples=list(range(30)))
    assert len(tried) == 30


def test_listed_examples_have_an_end_too(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LISTED_EXAMPLES_LIMIT_S", 1.0)
    monkeypatch.setattr(subject, "LISTED_EXAMPLE_S", 0.02)
    target.settings = replace(target.settings, fuzz_seconds=0.0)
    property_holds, tried = slow(0.6)
    run(target, property_holds, examples=list(range(50)))
    assert 1 <= len(tried) < 10

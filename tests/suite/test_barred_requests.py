"""A request that something else stands in the way of decides nothing; the others of its case do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.target.target import SLOW_FIRST_EVENT_S
from streamchat_conformance.suite.verdicts.barred_requests import BARRED_ENOUGH, one_by_one
from streamchat_conformance.suite.verdicts.judged import settled
from streamchat_conformance.suite.verdicts.outcomes import Barred, NotApplicable, Violation

from .targets import prepared

if TYPE_CHECKING:
    from collections.abc import Callable


def filtered(*barred: int, broken: int | None = None) -> Callable[[int], int]:
    """Return work of which some values decide nothing, and one finds something."""

    def work(value: int) -> int:
        if value in barred:
            raise Barred("refused because of a filter")
        if value == broken:
            raise Violation
        return value

    return work


def test_what_is_barred_is_left_out() -> None:
    assert one_by_one(filtered(0, 2), range(4)) == [1, 3]


def test_a_failure_behind_what_is_barred_is_found() -> None:
    with pytest.raises(Violation):
        one_by_one(filtered(0, 1, 2, broken=3), range(4))


def test_a_case_most_of_whose_requests_are_barred_does_not_apply() -> None:
    with pytest.raises(NotApplicable, match="2 of 3 requests decide nothing: refused because of a"):
        one_by_one(filtered(0, 2), range(3))


def test_nothing_more_is_sent_where_enough_requests_are_barred() -> None:
    sent: list[int] = []

    def work(value: int) -> None:
        sent.append(value)
        raise Barred("refused because of a filter")

    with pytest.raises(NotApplicable, match=f"{BARRED_ENOUGH} of {BARRED_ENOUGH} requests"):
        one_by_one(work, range(100))
    assert len(sent) == BARRED_ENOUGH


def test_a_case_without_a_request_decides_nothing_and_fails_nothing() -> None:
    assert one_by_one(filtered(), ()) == []


@pytest.mark.parametrize("slow", [False, True])
def test_side_by_side_a_barred_request_is_left_out_too(*, slow: bool) -> None:
    with prepared("one-event-alone") as target:
        target.baseline.refusal_s = SLOW_FIRST_EVENT_S if slow else 0.0
        assert sorted(for_each(target, filtered(0, 2), range(5))) == [1, 3, 4]
        with pytest.raises(Violation):
            for_each(target, filtered(0, 1, 2, broken=3), range(5))
        with pytest.raises(NotApplicable):
            for_each(target, filtered(0, 1, 2), range(5))


def test_a_case_that_does_not_apply_hides_no_breach_in_other_exchanges() -> None:
    id_, outcome = "headers.cache-control", NotApplicable("its own requests were refused")
    with prepared("no-cache-control") as target:
        assert isinstance(settled(target, id_, outcome), Violation)
    with prepared("one-event-alone") as target:
        assert settled(target, id_, outcome) is outcome
        assert settled(target, id_, None) is None

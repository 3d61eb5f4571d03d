"""The same work for several requests, side by side where the target bears it.

Most of the hostile cases send requests that are refused, one after the other. Where each refusal
takes a second, or is watched for what follows it, that is minutes of waiting, during which nothing
else goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from streamchat_conformance.suite.scenarios.overlap import can_overlap
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_FIRST_EVENT_S
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.outcomes import Barred
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlapping

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target

Value = TypeVar("Value")
Result = TypeVar("Result")


def for_each(
    target: Target, work: Callable[[Value], Result], values: Iterable[Value]
) -> list[Result]:
    """Return what the work returns for each value, without those that are barred.

    It uses connections of its own.

    On a slow target as many are done at once as every target has to serve. So are they on one
    that was seen to serve many, where nothing is found then; if anything is, all is done again one
    after the other. Raises the exception of the first value that has one, and NotApplicable where
    most requests are barred.
    """

    def attempt(value: Value) -> Result | Barred:
        try:
            return work(value)
        except Barred as outcome:
            return outcome

    values = list(values)
    slow = target.known.refusal_s >= SLOW_FIRST_EVENT_S and not target.serial
    if slow and not target.bounds.sequential:
        return one_by_one(_settled, run_together(attempt, values, at_once=CERTAIN_REQUESTS))
    if can_overlap(target):
        with suppress(Exception, Disturbed), overlapping():
            return one_by_one(_settled, run_together(attempt, values, at_once=CERTAIN_REQUESTS))
    return one_by_one(work, values)


def _settled(outcome: Result | Barred) -> Result:
    """Return what some work has returned. Raises Barred where it was."""
    if isinstance(outcome, Barred):
        raise outcome
    return outcome

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
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_S
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlapping

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target

Value = TypeVar("Value")
Result = TypeVar("Result")


def for_each(
    target: Target, work: Callable[[Value], Result], values: Iterable[Value]
) -> list[Result]:
    """Return what the work returns for each value; it uses connections of its own.

    On a slow target as many are done at once as every target has to serve. So are they on one
    that was seen to serve many, where nothing is found then; if anything is, all is done again one
    after the other. Raises the exception of the first value that has one.
    """
    values = list(values)
    slow = target.known.refusal_s >= SLOW_S and not target.serial
    if slow and not target.bounds.sequential:
        return run_together(work, values, at_once=CERTAIN_REQUESTS)
    if can_overlap(target):
        with suppress(Exception, Disturbed), overlapping():
            return run_together(work, values, at_once=CERTAIN_REQUESTS)
    return [work(value) for value in values]

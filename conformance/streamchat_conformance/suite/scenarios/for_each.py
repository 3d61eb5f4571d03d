"""The same work for several requests, side by side on a target that is slow to refuse.

Most of the hostile cases send requests that are refused, one after the other. Where each refusal
takes a second, that is minutes of waiting, during which nothing else goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_S

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target

Value = TypeVar("Value")
Result = TypeVar("Result")


def for_each(
    target: Target, work: Callable[[Value], Result], values: Iterable[Value]
) -> list[Result]:
    """Return what the work returns for each value; it uses connections of its own.

    On a slow target as many are done at once as every target has to serve. Raises the exception
    of the first value that has one.
    """
    slow = target.known.refusal_s >= SLOW_S
    if not slow or target.bounds.sequential or target.red("resilience.concurrent"):
        return [work(value) for value in values]
    return run_together(work, values, at_once=CERTAIN_REQUESTS)

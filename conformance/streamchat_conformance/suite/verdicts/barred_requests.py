"""The requests of a case that decide nothing, because something else than they is in the way.

A filter of texts or a limit of the account refuses some requests of a case, and the others may
still decide. So each case goes on with the rest, and decides nothing only where most of its
requests were refused like that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from streamchat_conformance.suite.verdicts.outcomes import Barred, NotApplicable

Value = TypeVar("Value")
Result = TypeVar("Result")

BARRED_ENOUGH: Final = 10
"""After this many barred requests a case ends, if they are most of those that were sent."""


class BarredRequests:
    """The requests of one case that decide nothing. Several threads may add to it."""

    def __init__(self) -> None:
        self._outcomes: list[Barred] = []

    def add(self, outcome: Barred, tried: int) -> NotApplicable | None:
        """Add what became of the last of `tried` requests; return why to send no more, or None."""
        self._outcomes.append(outcome)
        return self.most_of(tried) if len(self._outcomes) >= BARRED_ENOUGH else None

    def most_of(self, tried: int) -> NotApplicable | None:
        """Return that most of `tried` requests decide nothing, and why; None if enough decide."""
        count = len(self._outcomes)
        if 2 * count <= tried:
            return None
        return NotApplicable(f"{count} of {tried} requests decide nothing: {self._outcomes[-1]}")


def one_by_one(work: Callable[[Value], Result], values: Iterable[Value]) -> list[Result]:
    """Return what the work returns for each value in turn, without those that are barred.

    Raises NotApplicable where most of them are.
    """
    barred, results, tried = BarredRequests(), [], 0
    for tried, value in enumerate(values, start=1):
        try:
            results.append(work(value))
        except Barred as outcome:
            if (enough := barred.add(outcome, tried)) is not None:
                raise enough from None
    if (enough := barred.most_of(tried)) is not None:
        raise enough
    return results

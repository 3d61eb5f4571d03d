"""Cases that neither disturb others nor are disturbed by them: they may run at the same time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Case = TypeVar("Case", bound=Callable[..., object])

_MARK = "__independent__"


def independent(*, at_once: int = 1) -> Callable[[Case], Case]:
    """Declare that a case may overlap with others.

    It sends well-formed requests, judges nothing by the clock, and leaves the server as it was.
    `at_once` is how many requests it has under way at the same time, on a slow target.
    """

    def declare(case: Case) -> Case:
        setattr(case, _MARK, at_once)
        return case

    return declare


def requests_at_once(case: Callable[..., object]) -> int:
    """Return how many requests an independent case has under way; 0 for any other case."""
    return int(getattr(case, _MARK, 0))

"""Cases that neither disturb others nor are disturbed by them: they may run at the same time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Case = TypeVar("Case", bound=Callable[..., object])

_MARK = "__independent__"


@dataclass(frozen=True, slots=True)
class Independence:
    """How a case may overlap with others."""

    at_once: int = 1
    """How many requests it has under way at the same time, on a slow target."""
    hostile: bool = False
    """Whether it sends what a server has to survive: it overlaps after the others."""
    perilous: bool = False
    """Whether it sends what many servers fail at: nothing hostile overlaps with it."""


def independent(
    *, at_once: int = 1, hostile: bool = False, perilous: bool = False
) -> Callable[[Case], Case]:
    """Declare that a case may overlap with others.

    That it passes does not depend on what else goes on, and it leaves a sound server as it was.
    """

    def declare(case: Case) -> Case:
        setattr(case, _MARK, Independence(at_once, hostile, perilous))
        return case

    return declare


def independence_of(case: Callable[..., object]) -> Independence | None:
    """Return how a case may overlap with others; None where it may not."""
    known: Independence | None = getattr(case, _MARK, None)
    return known

"""The cost of a case: declared above it, and the basis of a run's estimate and plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

Case = TypeVar("Case", bound=Callable[..., object])

SHORT_BYTES = 4096
"""A request that is not larger counts as short."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a case sends to a target that gives it no reason to send more."""

    requests: int = 2
    """Requests, those of each example of a property not included."""
    examples: int = 0
    """Examples that a property always tries."""
    generated: float = 0.0
    """The share of the thoroughness' examples that a property generates; 0 for other cases."""
    each: int = 1
    """Requests for each example."""
    largest_bytes: int = 0
    """The size of its largest request, if that is not short."""
    together: bool = False
    """Whether it needs several connections at the same time."""
    seconds: float = 0.0
    """How long it waits by itself, whatever the target (seconds)."""
    sequential: int | None = None
    """Requests, where they are sent one after the other; None for as many."""

    def one_after_the_other(self) -> Cost:
        """Return what it sends in a run that opens no connections side by side."""
        return self if self.sequential is None else replace(self, requests=self.sequential)

    @property
    def is_property(self) -> bool:
        """Whether it tries as many examples as it is given."""
        return bool(self.examples or self.generated)

    @property
    def least(self) -> int:
        """The fewest requests with which it decides anything."""
        return self.requests + (self.each if self.is_property else 0)

    def most(self, generated: int) -> int:
        """Return how many requests it sends where a full share of examples is `generated`."""
        drawn = max(3, round(generated * self.generated)) if self.generated else 0
        return self.requests + self.each * (self.examples + drawn)


def costs(
    requests: int = 2,
    *,
    each: int = 1,
    largest_bytes: int = 0,
    together: bool = False,
    seconds: float = 0.0,
    sequential: int | None = None,
) -> Callable[[Case], Case]:
    """Declare what a case sends, where that is not one or two short requests.

    Of a property, `requests` are those that come before its examples; `each` are those of each
    example.
    """

    def declare(case: Case) -> Case:
        case.__cost__ = replace(  # type: ignore[attr-defined]  # read back by the plan
            cost_of(case),
            requests=requests,
            each=each,
            largest_bytes=largest_bytes,
            together=together,
            seconds=seconds,
            sequential=sequential,
        )
        return case

    return declare


def cost_of(case: Callable[..., object]) -> Cost:
    """Return what a case sends."""
    known: Cost | None = getattr(case, "__cost__", None)
    return known or Cost()

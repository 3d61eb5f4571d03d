"""Bounds on the cost of a run: the thoroughness, and what is set in addition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from streamchat_conformance.suite.budget.rate import Rate


class Thoroughness(StrEnum):
    """How much a run sends."""

    SMOKE = "smoke"
    """A few short requests, one after the other: is anything plainly wrong?"""
    QUICK = "quick"
    DEFAULT = "default"
    THOROUGH = "thorough"

    @property
    def examples(self) -> int:
        """Generated requests a property, when time allows."""
        return {"smoke": 3, "quick": 10, "default": 60, "thorough": 1000}[self.value]

    @property
    def seconds(self) -> float:
        """Time that one property may take, when its examples are slow (seconds)."""
        return {"smoke": 1.5, "quick": 1.5, "default": 3.0, "thorough": 60.0}[self.value]

    @property
    def total_s(self) -> float:
        """Time that all properties together may take, when they are slow (seconds)."""
        return {"smoke": 10.0, "quick": 20.0, "default": 40.0, "thorough": 1800.0}[self.value]

    @property
    def max_requests(self) -> int | None:
        """All requests of a run, unless another limit is set; None for any number."""
        return {"smoke": 30, "quick": 120}.get(self.value)


LEAST_REQUESTS = 5
"""With fewer a run may not even know what a plain request gets."""
ROOMY = 100
"""With this many requests some may be spent on what decides nothing by itself."""


@dataclass(frozen=True, slots=True)
class CostLimits:
    """What bounds the requests of a run."""

    max_requests: int | None = None
    """All of them; None for any number."""
    rate: Rate | None = None
    short: bool = False
    """Whether only short requests are sent, one after the other."""
    generated: int = Thoroughness.DEFAULT.examples
    """Examples that a property generates, if nothing else bounds them."""

    @property
    def learns_texts(self) -> bool:
        """Whether there is room for requests that only make later findings more exact."""
        return not self.short and (self.max_requests is None or self.max_requests >= ROOMY)

"""The knee of a staircase: the step from which on a server is clearly worse.

One slow step proves nothing, and on a fast server a few milliseconds more are a large ratio. So
a rise counts only if it lasts over all further steps, two at least, is more than people notice,
and is larger than the noise: a server does not become faster under more load, so whatever falls
from one step to a later one before the rise is noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FLOOR_MS = 50.0
"""A rise of no more than this is no knee, whatever its ratio."""

FIRST_FACTOR = 2.0
"""How many times longer the first text takes (p95) beyond the knee, at least."""

WHOLE_FACTOR = 1.25
"""How many times longer whole streams take (p50) beyond the knee, at least."""

FIRST_STREAMS = 20
"""Streams of a step that its p95 needs, at least."""

WHOLE_STREAMS = 10
"""Streams of a step that its p50 needs, at least."""

LASTING_STEPS = 2
"""How many steps a rise must last, at least."""

TURNED_AWAY_SHARE = 0.01
"""Beyond the knee more than this share of the requests is refused or fails."""

_CONFIDENCE = 2.0
"""Standard deviations that a share must be away from the limit."""


@dataclass(frozen=True, slots=True)
class StaircaseStep:
    """What was measured on one step of a staircase. Times are None without enough streams."""

    name: str
    started: int = 0
    turned_away: int = 0
    first_ms: float | None = None
    whole_ms: float | None = None


@dataclass(frozen=True, slots=True)
class LastingRise:
    """A rise that begins with the step of a number: from and to which value (milliseconds)."""

    at: int
    base_ms: float
    level_ms: float


def describe_knee(steps: Sequence[StaircaseStep]) -> str:
    """Return where the knee of a staircase is, in words. There are two steps or more."""
    found: list[tuple[int, str]] = []
    hints: list[str] = []
    if (refusing := _refusing_from(steps)) is not None:
        found.append((refusing, "requests are refused or fail"))
    kinds = (
        ("the first text comes later", "p95", [step.first_ms for step in steps], FIRST_FACTOR),
        ("streams take longer", "p50", [step.whole_ms for step in steps], WHOLE_FACTOR),
    )
    for what, quantile, values, factor in kinds:
        rise = lasting_rise(values, factor)
        if rise is not None:
            found.append((rise.at, f"{what} ({quantile} {_change(rise)})"))
            continue
        rise = lasting_rise(values, factor, steps=1)
        if rise is not None:
            hints.append(
                f"; on the last step {what} ({quantile} {_change(rise)}): "
                f"more steps would show whether that lasts"
            )
    if found:
        at, why = min(found)
        return f"the knee is between {steps[at - 1].name} and {steps[at].name}: {why}"
    if all(step.first_ms is None for step in steps):
        hints.append(f"; times are not compared: fewer than {FIRST_STREAMS} streams on each step")
    return f"no knee up to {steps[-1].name}{''.join(hints)}"


def lasting_rise(
    values_ms: Sequence[float | None], factor: float, *, steps: int = LASTING_STEPS
) -> LastingRise | None:
    """Return the first rise that lasts to the end, for `steps` steps at least, or None.

    Steps without a value are ignored.
    """
    known = [(at, value) for at, value in enumerate(values_ms) if value is not None]
    values = [value for _, value in known]
    for number in range(1, len(values) - steps + 1):
        before, after = values[:number], values[number:]
        base_ms, level_ms = median(before), min(after)
        if level_ms <= base_ms * factor:
            continue
        if level_ms - base_ms > max(FLOOR_MS, largest_fall(before)):
            return LastingRise(known[number][0], base_ms, level_ms)
    return None


def largest_fall(values: Sequence[float]) -> float:
    """Return the largest difference of a value and a later, smaller one; 0 if none is."""
    highest = accumulate(values, max)
    return max((high - value for high, value in zip(highest, values, strict=True)), default=0.0)


def _refusing_from(steps: Sequence[StaircaseStep]) -> int | None:
    """Return the first step from which on requests are turned away on every step, or None."""
    for at in range(1, len(steps)):
        certain = least_share(steps[at].turned_away, steps[at].started) > TURNED_AWAY_SHARE
        lasting = all(step.turned_away > step.started * TURNED_AWAY_SHARE for step in steps[at:])
        if certain and lasting:
            return at
    return None


def least_share(count: int, total: int) -> float:
    """Return the lower limit of a share (Wilson's confidence interval)."""
    if not total:
        return 0.0
    share, spread = count / total, _CONFIDENCE**2 / total
    middle = share + spread / 2
    around = math.sqrt(share * (1 - share) * spread + spread**2 / 4)
    return max(0.0, (middle - around) / (1 + spread))


def _change(rise: LastingRise) -> str:
    return f"{rise.level_ms:.0f} ms or more, {rise.base_ms:.0f} ms before"

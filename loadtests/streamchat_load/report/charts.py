"""Line charts, for a page without scripts or other files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup
from streamchat_conformance.report.html import svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FRAME = svg.Frame(width=720, height=200, left=56, right=12, top=12, bottom=24)
SHARES = (0.0, 0.5, 1.0)
"""The heights at which the scale is written, as shares of the whole."""


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One line of a chart: its name, and a value for each instant; None leaves a gap."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same instants, with two scales."""

    title: str
    unit: str
    at_s: Sequence[float]
    """The instants (seconds)."""
    lines: Sequence[ChartLine]

    def __bool__(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.at_s) and any(
            value is not None for line in self.lines for value in line.values
        )

    @property
    def picture(self) -> Markup:
        """The chart as a picture."""
        known = [value for line in self.lines for value in line.values if value is not None]
        top = svg.round_up(max(known)) if max(known) > 0 else 1.0
        end_s = max(self.at_s[-1], 1.0)
        parts = [*_scales(top, end_s)]
        for number, line in enumerate(self.lines):
            for stretch in _stretches(self.at_s, line.values):
                points = [
                    (FRAME.x(second / end_s), FRAME.y(value / top)) for second, value in stretch
                ]
                kind = f"line-{number}"
                parts.append(
                    svg.polyline(points, kind) if len(points) > 1 else svg.dot(*points[0], kind)
                )
        return svg.picture(FRAME, self.title, parts)


def _scales(top: float, end_s: float) -> Iterator[Markup]:
    for share in SHARES:
        level = FRAME.y(share)
        yield svg.line(FRAME.x(0), level, FRAME.x(1), level, "grid")
        yield svg.text(FRAME.left - 6, level + 4, f"{top * share:g}", anchor="end")
    for second in svg.ticks(end_s, most=6):
        x = FRAME.x(second / end_s)
        # What stands at an end of the axis stays clear of the other scale and of the edge.
        last = x > FRAME.width - FRAME.left / 2
        anchor = "start" if second == 0 else "end" if last else "middle"
        yield svg.text(x, FRAME.height - 6, f"{second:g} s", anchor=anchor)


def _stretches(
    at_s: Sequence[float], values: Sequence[float | None]
) -> list[list[tuple[float, float]]]:
    """Return the points between gaps, stretch by stretch."""
    stretches: list[list[tuple[float, float]]] = [[]]
    for second, value in zip(at_s, values, strict=True):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append((second, value))
    return [stretch for stretch in stretches if stretch]

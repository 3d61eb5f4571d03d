"""Line charts as SVG, for a page without scripts or other files."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 720, 200
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 24
COLOURS = ("#1f6feb", "#d1242f", "#8250df", "#1a7f37")


@dataclass(frozen=True, slots=True)
class ChartLine:
    """One line of a chart: its name, and a value for each instant; None leaves a gap."""

    name: str
    values: Sequence[float | None]


def chart(title: str, unit: str, at_s: Sequence[float], lines: Sequence[ChartLine]) -> str:
    """Return a chart of lines over the same instants (seconds), with a legend and two scales."""
    known = [value for line in lines for value in line.values if value is not None]
    if not known or not at_s:
        return ""
    top = _round_up(max(known)) or 1.0
    end_s = max(at_s[-1], 1.0)

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * second / end_s

    def y(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)

    parts = []
    for share in (0.0, 0.5, 1.0):
        level = y(top * share)
        parts.append(
            f'<line class="grid" x1="{LEFT}" y1="{level:.1f}" x2="{WIDTH - RIGHT}" '
            f'y2="{level:.1f}"/><text class="tick" x="{LEFT - 6}" y="{level + 4:.1f}" '
            f'text-anchor="end">{top * share:g}</text>'
        )
        parts.append(
            f'<text class="tick" x="{x(end_s * share):.1f}" y="{HEIGHT - 6}" '
            f'text-anchor="middle">{round(end_s * share, 1):g} s</text>'
        )
    for line, colour in zip(lines, COLOURS, strict=False):
        for stretch in _stretches(at_s, line.values):
            if len(stretch) == 1:
                second, value = stretch[0]
                parts.append(
                    f'<circle cx="{x(second):.1f}" cy="{y(value):.1f}" r="2" fill="{colour}"/>'
                )
                continue
            points = " ".join(f"{x(second):.1f},{y(value):.1f}" for second, value in stretch)
            parts.append(f'<polyline fill="none" stroke="{colour}" points="{points}"/>')
    legend = " ".join(
        f'<span><i style="background:{colour}"></i>{escape(line.name)}</span>'
        for line, colour in zip(lines, COLOURS, strict=False)
    )
    return (
        f"<figure><figcaption>{escape(title)} ({escape(unit)}) {legend}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></figure>"
    )


def _round_up(value: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below a value."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (len(str(int(value))) - 1) if value >= 1 else 0.001
    while True:
        for factor in (1.0, 2.0, 5.0):
            if step * factor >= value:
                return step * factor
        step *= 10


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

"""Pictures as inline SVG: a frame, its scales, and the shapes in it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from streamchat_conformance.report.html.documents import shown

_FACTORS = (1, 2, 5, 10)
"""Round numbers are these times a power of ten."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The size of a picture, and the margins around what is drawn to scale."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int

    def x(self, share: float) -> float:
        """Return the place of a share of the width: 0 is left, 1 is right."""
        return self.left + _bounded(share) * (self.width - self.left - self.right)

    def y(self, share: float) -> float:
        """Return the place of a share of the height: 0 is at the bottom, 1 at the top."""
        return self.top + (1 - _bounded(share)) * (self.height - self.top - self.bottom)


def _bounded(share: float) -> float:
    return min(1.0, max(0.0, share))


def round_up(value: float) -> float:
    """Return the least of 1, 2, 5 times a power of ten that is not below a positive value."""
    # The powers of ten end before the floats do: below the least normal one there is 0.
    power = 10.0 ** math.floor(math.log10(max(value, sys.float_info.min)))
    # A product of floats may end a hair below what it equals.
    return next(power * each for each in _FACTORS if power * each >= value * (1 - 1e-9))


def ticks(end: float, *, most: int) -> Iterator[float]:
    """Yield round numbers from 0 to a positive end, at equal distances, `most` + 1 or fewer."""
    step = round_up(end / most)
    number = 0
    while number * step <= end * (1 + 1e-4):
        yield number * step
        number += 1


def picture(frame: Frame, label: str, parts: Iterable[Markup], *, kind: str = "") -> Markup:
    """Return a picture. The label says in words what it shows."""
    return _element(
        "svg",
        _element("title", shown(label)),
        *parts,
        class_=kind,
        viewBox=f"0 0 {frame.width} {frame.height}",
        role="img",
        aria_label=label,
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """Return a straight line."""
    return _element("line", class_=kind, x1=x1, y1=y1, x2=x2, y2=y2)


def polyline(points: Iterable[tuple[float, float]], kind: str) -> Markup:
    """Return a line through points."""
    written = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
    return _element("polyline", class_=kind, points=written)


def dot(x: float, y: float, kind: str) -> Markup:
    """Return a small disc."""
    return _element("circle", class_=kind, cx=x, cy=y, r=2)


def bar(x: float, y: float, width: float, height: float, kind: str, label: str = "") -> Markup:
    """Return a rectangle. A label is shown where it is pointed at."""
    title = (_element("title", shown(label)),) if label else ()
    return _element("rect", *title, class_=kind, x=x, y=y, width=width, height=height)


def text(x: float, y: float, written: str, *, anchor: str, kind: str = "") -> Markup:
    """Return a text that begins, has its middle, or ends at a place."""
    return _element("text", shown(written), class_=kind, x=x, y=y, text_anchor=anchor)


def _element(name: str, *children: Markup, **attributes: str | float) -> Markup:
    """Return an element. An attribute that is an empty text is left out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(
            key.rstrip("_").replace("_", "-"),
            shown(value if isinstance(value, str) else _number(value)),
        )
        for key, value in attributes.items()
        if value != ""
    )
    if not children:
        return Markup("<{}{}/>").format(name, written)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, Markup("").join(children))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

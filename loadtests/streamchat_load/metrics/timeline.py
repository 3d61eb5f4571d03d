"""A timeline of a run: counts and histograms by second, for charts.

Cells are aligned to the wall clock, so that timelines of several processes add up. When a run
grows long the cells are made twice as wide, so that memory stays bounded. Everything in a cell
adds up: open streams are the difference of those opened and closed, not a level or a peak.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Self

from streamchat_load.metrics.histogram import Histogram

CELL_LIMIT = 600
"""Beyond this many cells the width is doubled."""

SERIES = ("first_event", "first_text", "gap")
"""Names of the histograms of a cell."""


class TimelineCell:
    """One stretch of time: counters by name, and histograms."""

    __slots__ = ("counts", *SERIES)

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first_event = Histogram()
        self.first_text = Histogram()
        self.gap = Histogram()

    def merge(self, other: TimelineCell) -> None:
        """Add another cell."""
        self.counts.update(other.counts)
        self.first_event.merge(other.first_event)
        self.first_text.merge(other.first_text)
        self.gap.merge(other.gap)


class LoadTimeline:
    """Cells by number; cell n covers the epoch seconds n*width_s up to (n+1)*width_s."""

    __slots__ = ("cells", "width_s")

    def __init__(self, width_s: int = 1) -> None:
        self.width_s = width_s
        self.cells: dict[int, TimelineCell] = {}

    def at(self, epoch_s: float) -> TimelineCell:
        """Return the cell of an instant, a new one if there is none yet."""
        number = int(epoch_s) // self.width_s
        cell = self.cells.get(number)
        if cell is None:
            if len(self.cells) >= CELL_LIMIT:
                self.widen(self.width_s * 2)
                return self.at(epoch_s)
            cell = self.cells[number] = TimelineCell()
        return cell

    def widen(self, width_s: int) -> None:
        """Make cells wider: `width_s` is a multiple of the present width."""
        if width_s == self.width_s:
            return
        factor, rest = divmod(width_s, self.width_s)
        if rest or factor < 1:
            raise ValueError(f"cells of {self.width_s} s cannot be joined to {width_s} s")
        cells, self.cells, self.width_s = self.cells, {}, width_s
        for number in sorted(cells):
            joined = self.cells.setdefault(number // factor, TimelineCell())
            joined.merge(cells[number])

    def merge(self, other: LoadTimeline) -> None:
        """Add another process's timeline, at the wider width of the two."""
        self.widen(max(self.width_s, other.width_s))
        other.widen(self.width_s)
        for number, cell in other.cells.items():
            self.cells.setdefault(number, TimelineCell()).merge(cell)
        while len(self.cells) > CELL_LIMIT:
            self.widen(self.width_s * 2)

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        return {
            "width_s": self.width_s,
            "cells": [
                [number, dict(cell.counts), *(getattr(cell, name).dump() for name in SERIES)]
                for number, cell in sorted(self.cells.items())
            ],
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore a timeline from `dump`'s form."""
        timeline = cls(dumped["width_s"])
        for number, counts, first_event, first_text, gap in dumped["cells"]:
            cell = timeline.cells[number] = TimelineCell()
            cell.counts = Counter(counts)
            cell.first_event = Histogram.load(first_event)
            cell.first_text = Histogram.load(first_text)
            cell.gap = Histogram.load(gap)
        return timeline

"""A picture of one exchange in time: reads, chunks and events on one axis, as inline SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from streamchat_conformance.core.eventstream import read_event_stream
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.report.html.markup import Markup, element

WIDTH, LEFT, RIGHT = 960, 84, 16
LANES = (("sent", 18), ("reads", 46), ("chunks", 74), ("events", 102))
AXIS_Y, HEIGHT = 126, 150
MARK_HEIGHT = 18
GAP_SHARE = 0.25
"""A silence is coloured when it takes this share of the whole time …"""
GAP_S = 0.25
"""… and at least this long (seconds)."""
BURST_EVENTS = 3
BURST_S = 0.01
"""How many events within how short a time (seconds), after a silence, are called a burst."""

_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Course:
    """The course of one exchange: times in seconds since the request began."""

    reads: tuple[tuple[float, int], ...]
    """When each read returned, and how many bytes."""
    chunks: tuple[float, ...]
    events: tuple[float, ...]
    sent_s: float
    end_s: float
    ending: Ending

    @property
    def longest_silence(self) -> tuple[float, float]:
        """The longest time without a byte, from and to."""
        times = [0.0, *(at for at, _ in self.reads), self.end_s]
        return max(pairwise(times), key=lambda pair: pair[1] - pair[0])

    @property
    def bursts(self) -> list[tuple[float, int]]:
        """Bursts of events: when each began, and how many events it had."""
        found: list[tuple[float, int]] = []
        count, began = 0, 0.0
        for at in self.events:
            if count and at - began <= BURST_S:
                count += 1
                continue
            if count >= BURST_EVENTS:
                found.append((began, count))
            began, count = at, 1
        if count >= BURST_EVENTS:
            found.append((began, count))
        return found

    def sentence(self) -> str:
        """Return the course in words, for those who cannot see the picture."""
        counts = (
            _many(len(self.reads), "read"),
            _many(len(self.chunks), "chunk"),
            _many(len(self.events), "event"),
        )
        parts = [f"{', '.join(counts)} in {seconds(self.end_s)}"]
        if self.events:
            parts.append(f"first event at {seconds(self.events[0])}")
        low, high = self.longest_silence
        if high - low >= GAP_S:
            parts.append(f"longest silence {seconds(high - low)}, from {seconds(low)}")
        parts += [f"{count} events at once at {seconds(at)}" for at, count in self.bursts[:3]]
        return "; ".join(parts) + f"; ending: {self.ending.value}"


def course_of(exchange: Exchange) -> Course:
    """Return the course of a recorded exchange."""
    reader = read_response(exchange)
    events: tuple[float, ...] = ()
    if reader.head is not None and reader.head.status == 200:
        ended = exchange.ending in (Ending.COMPLETE, Ending.CLOSED, Ending.RESET)
        stream = read_event_stream(reader.body_reads, ended=ended)
        events = tuple(event.at_s for event in stream.events)
    reads = tuple((read.at_s, len(read.data)) for read in exchange.reads)
    last = max([exchange.ended_at_s, exchange.sent_at_s, *(at for at, _ in reads)])
    return Course(
        reads=reads,
        chunks=tuple(chunk.at_s for chunk in reader.chunks),
        events=events,
        sent_s=exchange.sent_at_s,
        end_s=max(last, 1e-6),
        ending=exchange.ending,
    )


def timeline(course: Course) -> Markup:
    """Return the picture."""
    scale = _Scale(course.end_s)
    parts: list[Markup] = []
    low, high = course.longest_silence
    if high - low >= max(GAP_S, GAP_SHARE * course.end_s):
        parts.append(_silence(scale, low, high))
    for name, y in LANES:
        parts.append(_text(LEFT - 10, y + 5, name, anchor="end"))
        parts.append(element("line", x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y, class_="lane"))
    sent = f"request sent in {seconds(course.sent_s)}"
    width = max(3.0, scale.x(course.sent_s) - LEFT)
    parts.append(_bar(LEFT, LANES[0][1], width, "sent", sent))
    parts.extend(_marks(scale, LANES[1][1], "read", [at for at, _ in course.reads]))
    parts.extend(_marks(scale, LANES[2][1], "chunk", course.chunks))
    parts.extend(_marks(scale, LANES[3][1], "event", course.events))
    for at, count in course.bursts[:3]:
        right = scale.x(at) > WIDTH * 0.75
        x, anchor = scale.x(at) + (-8 if right else 8), "end" if right else "start"
        parts.append(_text(x, LANES[3][1] - 10, f"{count} at once", anchor=anchor, name="note"))
    end = scale.x(course.end_s)
    parts.append(element("line", x1=end, y1=6, x2=end, y2=AXIS_Y, class_="end"))
    parts.extend(_axis(scale))
    return element(
        "svg",
        element("title", course.sentence()),
        *parts,
        class_="timeline",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=course.sentence(),
    )


def seconds(value: float) -> str:
    """Return a time as a person reads it."""
    if value < 0.0095:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s"


class _Scale:
    """Turns seconds into places on the axis."""

    def __init__(self, end_s: float) -> None:
        self.end_s = end_s

    def x(self, at_s: float) -> float:
        share = min(1.0, max(0.0, at_s / self.end_s))
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> Iterator[float]:
        """Yield round times, four to ten of them."""
        power = 1e-9
        step = power
        while step * 10 < self.end_s:
            for factor in _STEPS:
                step = power * factor
                if step * 10 >= self.end_s:
                    break
            power *= 10
        number = 0
        while number * step <= self.end_s * 1.0001:
            yield number * step
            number += 1


def _marks(scale: _Scale, y: int, kind: str, times: Sequence[float]) -> Iterator[Markup]:
    """Yield the marks of a lane; those that would share a place are drawn as one."""
    for x, group in _grouped(scale, times):
        label = f"{_many(len(group), kind)} at {seconds(group[0])}"
        yield _bar(x - 1, y, 2.5, f"{kind} many" if len(group) > 1 else kind, label)


def _grouped(scale: _Scale, times: Iterable[float]) -> list[tuple[float, list[float]]]:
    groups: list[tuple[float, list[float]]] = []
    for at in times:
        x = scale.x(at)
        if groups and x - groups[-1][0] < 2:
            groups[-1][1].append(at)
        else:
            groups.append((x, [at]))
    return groups


def _silence(scale: _Scale, low: float, high: float) -> Markup:
    x, width = scale.x(low), scale.x(high) - scale.x(low)
    label = f"{seconds(high - low)} without a byte"
    return element(
        "g",
        element("rect", x=x, y=32, width=round(width, 1), height=AXIS_Y - 32, class_="silence"),
        _text(x + width / 2, 66, label, anchor="middle", name="note"),
    )


def _bar(x: float, y: int, width: float, kind: str, label: str) -> Markup:
    top = y - MARK_HEIGHT / 2
    title = element("title", label)
    return element(
        "rect", title, x=round(x, 1), y=top, width=round(width, 1), height=MARK_HEIGHT, class_=kind
    )


def _axis(scale: _Scale) -> Iterator[Markup]:
    yield element("line", x1=LEFT, y1=AXIS_Y, x2=WIDTH - RIGHT, y2=AXIS_Y, class_="axis")
    for at in scale.ticks():
        x = scale.x(at)
        yield element("line", x1=x, y1=AXIS_Y, x2=x, y2=AXIS_Y + 5, class_="axis")
        anchor = "end" if x > WIDTH - 50 else "middle"
        yield _text(x, AXIS_Y + 19, _tick(at, scale.end_s), anchor=anchor)


def _tick(at_s: float, end_s: float) -> str:
    return f"{at_s:g} s" if end_s >= 1 else f"{at_s * 1000:g} ms"


def _text(x: float, y: float, text: str, *, anchor: str, name: str | None = None) -> Markup:
    return element("text", text, x=round(x, 1), y=y, text_anchor=anchor, class_=name)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""A picture of one exchange in time: reads, chunks and events on one axis, as inline SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from streamchat_conformance.core.eventstream import read_event_stream
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.report.html import svg

FRAME = svg.Frame(width=960, height=150, left=84, right=16, top=0, bottom=24)
LANES = {"sent": 18, "reads": 46, "chunks": 74, "events": 102}
"""What is drawn, and the height of each lane's middle."""
AXIS_Y = 126
MARK_HEIGHT = 18
NAMED_BURSTS = 3
"""Of more bursts only the first are named."""
GAP_SHARE = 0.25
"""A silence is coloured when it takes this share of the whole time …"""
GAP_S = 0.25
"""… and at least this long (seconds)."""
BURST_EVENTS = 3
"""From how many events at once on they are a burst."""
BURST_S = 0.01
"""How many events within how short a time (seconds), after a silence, are called a burst."""


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
        parts += [
            f"{count} events at once at {seconds(at)}" for at, count in self.bursts[:NAMED_BURSTS]
        ]
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
        parts.extend(_silence(scale, low, high))
    for name, y in LANES.items():
        parts.append(svg.text(FRAME.left - 10, y + 5, name, anchor="end"))
        parts.append(svg.line(FRAME.x(0), y, FRAME.x(1), y, "lane"))
    sent = f"request sent in {seconds(course.sent_s)}"
    width = max(3.0, scale.x(course.sent_s) - FRAME.left)
    parts.append(_bar(FRAME.left, LANES["sent"], width, "sent", sent))
    parts.extend(_marks(scale, LANES["reads"], "read", [at for at, _ in course.reads]))
    parts.extend(_marks(scale, LANES["chunks"], "chunk", course.chunks))
    parts.extend(_marks(scale, LANES["events"], "event", course.events))
    for at, count in course.bursts[:NAMED_BURSTS]:
        right = scale.x(at) > FRAME.width * 0.75
        x, anchor = scale.x(at) + (-8 if right else 8), "end" if right else "start"
        label = f"{count} at once"
        parts.append(svg.text(x, LANES["events"] - 10, label, anchor=anchor, kind="note"))
    end = scale.x(course.end_s)
    parts.append(svg.line(end, 6, end, AXIS_Y, "end"))
    parts.extend(_axis(scale))
    return svg.picture(FRAME, course.sentence(), parts, kind="timeline")


def seconds(value: float) -> str:
    """Return a time as a person reads it."""
    if value < 0.0095:
        return f"{value * 1000:.1f} ms"
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s"


@dataclass(frozen=True, slots=True)
class _Scale:
    """Turns seconds into places on the axis."""

    end_s: float

    def x(self, at_s: float) -> float:
        return round(FRAME.x(at_s / self.end_s), 1)


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


def _silence(scale: _Scale, low: float, high: float) -> Iterator[Markup]:
    x, width = scale.x(low), scale.x(high) - scale.x(low)
    yield svg.bar(x, 32, width, AXIS_Y - 32, "silence")
    label = f"{seconds(high - low)} without a byte"
    yield svg.text(x + width / 2, 66, label, anchor="middle", kind="note")


def _bar(x: float, y: int, width: float, kind: str, label: str) -> Markup:
    return svg.bar(x, y - MARK_HEIGHT / 2, width, MARK_HEIGHT, kind, label)


def _axis(scale: _Scale) -> Iterator[Markup]:
    yield svg.line(FRAME.x(0), AXIS_Y, FRAME.x(1), AXIS_Y, "axis")
    for at in svg.ticks(scale.end_s, most=10):
        x = scale.x(at)
        yield svg.line(x, AXIS_Y, x, AXIS_Y + 5, "axis")
        anchor = "end" if x > FRAME.width - 50 else "middle"
        yield svg.text(x, AXIS_Y + 19, _tick(at, scale.end_s), anchor=anchor)


def _tick(at_s: float, end_s: float) -> str:
    return f"{at_s:g} s" if end_s >= 1 else f"{at_s * 1000:g} ms"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

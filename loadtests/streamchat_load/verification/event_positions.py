"""The position of an event in a body: needed for evidence only, so it need not be fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.core.eventstream import Event, EventStreamParser

from streamchat_load.faults import EXCERPT_LIMIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamchat_load.verification.retained_body import RetainedBody

    Content = Callable[[str, str], str | None]


def events_of(body: bytes) -> Sequence[Event]:
    """Return the events of a body."""
    return EventStreamParser().receive(body)


def counts(event: Event, content: Content) -> bool:
    """Return whether an event is counted: errors are, and what has content."""
    return event.type == "error" or content(event.type, event.data) is not None


def start_of(body: bytes, event: Event, number: int, content: Content) -> int | None:
    """Return the offset of the first line of the event that follows `number` counted events."""
    parser = EventStreamParser(keep_lines=True)
    seen = 0
    for found in parser.receive(body):
        if seen == number and (found.type, found.data) == (event.type, event.data):
            return parser.blocks[found.block].lines[0].offset
        seen += counts(found, content)
    return line_with(body, event.data)


def line_with(body: bytes, data: str) -> int | None:
    """Return the offset of the last line that has the beginning of an event's data."""
    needle = data.partition("\n")[0].encode("utf-8", "surrogatepass")
    at = body.rfind(needle) if needle else -1
    return None if at < 0 else max(body.rfind(b"\n", 0, at), body.rfind(b"\r", 0, at)) + 1


def lines_of(
    body: RetainedBody, event: Event, number: int, content: Content
) -> tuple[int | None, bytes]:
    """Return where in a body the event of a number is, and its bytes from its first line on."""
    known = bytes(body)
    if body.dropped_bytes:
        start = line_with(known, event.data)
    else:
        start = start_of(known, event, number, content)
    if start is None:
        return None, b""
    return body.dropped_bytes + start, known[start : start + EXCERPT_LIMIT_BYTES]


def events_before(body: RetainedBody, offset: int, content: Content) -> int | None:
    """Return how many events a body has before an offset; None if its beginning is gone."""
    if body.dropped_bytes:
        return None
    return sum(counts(event, content) for event in events_of(bytes(body)[:offset]))

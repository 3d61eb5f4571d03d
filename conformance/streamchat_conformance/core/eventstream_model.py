"""Parts of an event stream: lines, blocks and events (WHATWG HTML 9.2.5, 9.2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

CR: Final = 0x0D
LF: Final = 0x0A

BOM: Final = b"\xef\xbb\xbf"
"""The byte order mark in UTF-8. One at the very start of a stream is no part of it."""

KNOWN_FIELDS: Final = frozenset({"data", "event", "id", "retry"})
"""The names of fields that the standard knows."""

ODDITIES: Final = {
    "unknown-field": "a field that is not data, event, id or retry; clients ignore it",
    "retry-not-digits": "a retry whose value is not one or more ASCII digits; clients ignore it",
    "id-nul": "an id with a NUL in it; clients ignore it",
    "bom-inside": "a byte order mark begins the line; it becomes part of the field name",
    "not-utf8": "bytes that are not UTF-8; clients read U+FFFD there",
    "nul": "a NUL somewhere in the line",
    "cut": "the line is longer than the limit; what is beyond it was counted and dropped",
}
"""Every code in `Line.oddities`, and what it means."""


class Event(NamedTuple):
    """One dispatched event. A tuple, because load tests make millions of them."""

    type: str
    """`message` unless the block named another."""
    data: str
    last_event_id: str
    """The stream's last event ID when the event was dispatched: ids stick to later events."""
    at_s: float = 0.0
    """When the read arrived that completed the event's blank line (seconds)."""
    block: int = -1
    """Index of its block; -1 when the parser keeps no lines."""
    cut: bool = False
    """Whether a field of the block was cut at the parser's limit."""


class LineKind(StrEnum):
    """What a line is, by the grammar of WHATWG HTML 9.2.5."""

    BLANK = "blank"
    COMMENT = "comment"
    FIELD = "field"
    INCOMPLETE = "incomplete"
    """The stream ended before the line did: clients never look at it."""


class Line(NamedTuple):
    """One line, with its place in the body and its time. A tuple, because there are many."""

    offset: int
    """Where it begins (bytes of the body)."""
    content: bytes
    """The line without its end; of a line beyond the limit only the part within."""
    ending: bytes
    """`b"\\n"`, `b"\\r"`, `b"\\r\\n"`, or nothing when the line is incomplete."""
    at_s: float
    """When the first byte of its end arrived; of an incomplete line, its last byte (seconds)."""
    kind: LineKind
    name: str = ""
    """The field name; empty for blank lines and comments."""
    value: bytes = b""
    """What follows the first colon, less one leading space."""
    oddities: tuple[str, ...] = ()
    """Codes from `ODDITIES`."""
    cut_bytes: int = 0
    """How many bytes beyond the limit were dropped from `content`."""

    @property
    def end_offset(self) -> int:
        """Offset just after the line's end (bytes of the body)."""
        return self.offset + len(self.content) + self.cut_bytes + len(self.ending)


class Block(NamedTuple):
    """Lines up to a blank line: an event, or nothing but comments, ids and the like.

    A tuple, because there are many.
    """

    index: int  # type: ignore[assignment]  # its place, and not what a tuple has under this name
    lines: tuple[Line, ...]
    """At least one line; the blank line is not among them."""
    event: Event | None
    """What it dispatched; None for a block without data, and for an incomplete one."""
    complete: bool
    """Whether a blank line ended it."""
    end_offset: int
    """Offset just after its blank line, or after what there is of it (bytes of the body)."""

    @property
    def dataless_name(self) -> str | None:
        """The name that it gives an event without any data, which the standard drops; or None."""
        if any(line.name == "data" for line in self.lines):
            return None
        names = [line.value for line in self.lines if line.name == "event"]
        return names[-1].decode("utf-8", "replace") or None if names else None


@dataclass(frozen=True, slots=True)
class EventStream:
    """A whole recorded event stream, or as much of it as came."""

    events: tuple[Event, ...]
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    """All blocks in order, those that dispatch nothing included; only the last is incomplete."""
    bom: bool
    """Whether it began with a byte order mark."""
    retry_ms: int | None
    """The reconnection time it asked for last (milliseconds)."""
    last_event_id: str
    incomplete: bool
    """Whether it left a block with fields in it that no blank line ended."""
    body: bytes

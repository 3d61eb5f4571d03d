"""Malformed lines of an event stream: clients ignore them, and lose what they said."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from streamchat_conformance.core.eventstream import EventStreamParser, Line, LineKind
from streamchat_conformance.core.eventstream_model import BOM

from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from collections.abc import Iterable

LINE_LIMIT_BYTES = 8 * 1024 * 1024
"""A line longer than this is a fault: memory stays bounded whatever a server sends."""


MAY_BE_A_LINE = frozenset(
    {
        StreamFault.LOST,
        StreamFault.TRUNCATED,
        StreamFault.PAYLOAD,
        StreamFault.ALTERED,
        StreamFault.STALL,
    }
)
"""What a malformed line may look like. A chunk that is too short for its size swallows the end
of the body, so that the stream never ends, and its lines show that."""

_UNUSUAL_LINE = re.compile(rb"^(?!(?:data|id)(?::|$)|retry: ?[0-9]+$|:|$)", re.MULTILINE)
"""Where a line begins that is no known field, no comment and not blank. `event` lines match."""

_FIELD_NAMES = (b"data", b"event", b"id", b"retry")


def malformed_line(
    body: bytes, *, limit_bytes: int, ended: bool, dataless: frozenset[str] = frozenset()
) -> tuple[int, str] | None:
    """Return the offset of a body's first malformed line and what is wrong with it, or None.

    `ended`: the body is whole, so that its last line counts even if no line end came; unless a
    field that was cut in its name looks just so. `dataless` are names of events that have no data.
    """
    if not _may_have_malformed_lines(body):
        return None
    parser = EventStreamParser(keep_lines=True, line_limit_bytes=limit_bytes)
    parser.receive(body, 0.0)
    parser.close()
    return _first_malformed(parser.lines, ended=ended, dataless=dataless)


def _first_malformed(
    lines: Iterable[Line], *, ended: bool, dataless: frozenset[str]
) -> tuple[int, str] | None:
    named: Line | None = None
    data = False
    for line in lines:
        # WHATWG HTML 9.2.6: other names are ignored by clients.
        if line.kind is LineKind.FIELD and line.oddities:
            return line.offset, ", ".join(line.oddities)
        if ended and line.kind is LineKind.INCOMPLETE and _is_no_field(line.content):
            return line.offset, "unknown-field"
        if line.kind is LineKind.BLANK:
            # The same section: without data nothing is dispatched, whatever the name.
            name = named.value.decode("utf-8", "replace") if named is not None else ""
            if named is not None and not data and name not in dataless:
                return named.offset, "a named event without data"
            named, data = None, False
        elif line.name == "event" and line.value:
            named = line
        data = data or line.name == "data"
    return None


def _may_have_malformed_lines(body: bytes) -> bool:
    """Return quickly whether a body's lines may be malformed; False is certain."""
    if b"\0" in body:
        return True
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if _is_data_alone(body):
        return False
    return _UNUSUAL_LINE.search(body.removeprefix(BOM)) is not None


def _is_data_alone(body: bytes) -> bool:
    """Return whether each line is a `data` line or the one blank line behind it."""
    if not (body.startswith(b"data:") and body.endswith(b"\n\n")):
        return False
    # Then no line end is left for a line of another kind.
    return body.count(b"\n") == 2 * body.count(b"\n\ndata:") + 2


def _is_no_field(start: bytes) -> bool:
    """Return whether no field or comment begins with these bytes."""
    name, colon, _ = start.partition(b":")
    if colon:
        return bool(name) and name not in _FIELD_NAMES
    return not any(known.startswith(name) for known in _FIELD_NAMES)

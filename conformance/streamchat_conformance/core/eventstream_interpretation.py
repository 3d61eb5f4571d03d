"""The meaning of an event stream's lines: WHATWG HTML 9.2.6."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.eventstream_model import Event

if TYPE_CHECKING:
    from collections.abc import Iterable

RETRY_LIMIT_MS: Final = 2**63 - 1
"""Reconnection times beyond this are read as this: the standard knows no limit, memory does."""


class Interpretation:
    """The buffers of a client: lines go in, blank ones may bring events out."""

    __slots__ = ("_data", "_id", "_type", "block", "cut", "last_event_id", "retry_ms")

    def __init__(self) -> None:
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self.block = -1
        """Index of the block at hand; it becomes its event's."""
        self.cut = False
        """Whether a field of the block at hand was cut; set by who cuts, cleared at its end."""
        self._data: list[str] = []
        self._type = ""
        self._id = ""

    def read(self, lines: Iterable[str], at_s: float) -> list[Event]:
        """Process lines (without their ends); return what is dispatched, stamped `at_s`."""
        events = []
        data = self._data
        for line in lines:
            # Most fields have a known name and a space: short ways for these.
            if line.startswith("data: "):
                data.append(line[6:])
            elif not line:
                # The id sticks even when the block has no data and dispatches nothing.
                self.last_event_id = event_id = self._id
                if data:
                    text = data[0] if len(data) == 1 else "\n".join(data)
                    row = (self._type or "message", text, event_id, at_s, self.block, self.cut)
                    events.append(tuple.__new__(Event, row))
                    data.clear()
                self._type = ""
                self.cut = False
            elif line[0] == ":":
                continue
            elif line.startswith("event: "):
                self._type = line[7:]
            elif line.startswith("id: ") and "\0" not in line:
                self._id = line[4:]
            else:
                self._read_field(line)
        return events

    def _read_field(self, line: str) -> None:
        """Process a line that is neither blank nor a comment."""
        # Names are compared literally: `Data` is unknown, and ignored. One space after the
        # colon is no part of the value; a second one is.
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            # An id with NUL cannot be sent back in a header: the last one stays.
            if "\0" not in value:
                self._id = value
        elif name == "data":
            self._data.append(value)
        elif name == "event":
            self._type = value
        elif name == "retry" and is_retry(value):
            # It takes effect at once, whether or not the block is ever dispatched.
            self.retry_ms = retry_ms(value)

    def set_last_event_id(self, value: str) -> None:
        """Take the id of a block that was read by other means."""
        self.last_event_id = self._id = value


def is_retry(value: str) -> bool:
    """Return whether a retry field's value is one or more ASCII digits, and so counts."""
    return value.isascii() and value.isdigit()


def retry_ms(digits: str) -> int:
    """Return the number that ASCII digits stand for, at most RETRY_LIMIT_MS, in linear time."""
    digits = digits.lstrip("0")
    if len(digits) > len(str(RETRY_LIMIT_MS)):
        return RETRY_LIMIT_MS
    return min(int(digits or "0"), RETRY_LIMIT_MS)

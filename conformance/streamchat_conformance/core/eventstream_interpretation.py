"""What the fields of a block mean: WHATWG HTML 9.2.6, from "process the field" to dispatch."""

from __future__ import annotations

from typing import Final

from .eventstream_model import Event

RETRY_LIMIT_MS: Final = 2**63 - 1
"""Reconnection times beyond this are read as this: the standard knows no limit, memory does."""


class Interpretation:
    """The buffers of a client: fields go in, a blank line may bring an event out."""

    __slots__ = ("cut", "data", "id_buffer", "last_event_id", "retry_ms", "type")

    def __init__(self) -> None:
        self.data: list[str] = []
        self.type = ""
        self.id_buffer = ""
        self.last_event_id = ""
        self.retry_ms: int | None = None
        self.cut = False
        """Whether the reader of lines had to cut a field of the block at hand."""

    def field(self, name: str, value: str) -> None:
        """Process one field. Names are compared literally: `Data` is unknown, and ignored."""
        match name:
            case "data":
                self.data.append(value)
            case "event":
                self.type = value
            case "id":
                # An id with NUL cannot be sent back in a header: it leaves the last one alone.
                if "\0" not in value:
                    self.id_buffer = value
            case "retry":
                # Only ASCII digits count: no sign, no space, no digits of other scripts.
                # It takes effect at once, whether or not the block is ever dispatched.
                if is_retry(value):
                    self.retry_ms = retry_ms(value)

    def dispatch(self, at_s: float, block: int = -1) -> Event | None:
        """Process the blank line that ends a block; return its event, if it has data."""
        # The id sticks even when the block has no data and dispatches nothing.
        self.last_event_id = self.id_buffer
        event = None
        if self.data:
            event = Event(
                self.type or "message",
                "\n".join(self.data),
                self.last_event_id,
                at_s,
                block,
                self.cut,
            )
            self.data = []
        self.type = ""
        self.cut = False
        return event


def is_retry(value: str) -> bool:
    """Tell whether a retry field's value is one or more ASCII digits, and so counts."""
    return value.isascii() and value.isdigit()


def retry_ms(digits: str) -> int:
    """Return the number that ASCII digits stand for, at most RETRY_LIMIT_MS, in linear time."""
    digits = digits.lstrip("0")
    if len(digits) > len(str(RETRY_LIMIT_MS)):
        return RETRY_LIMIT_MS
    return min(int(digits or "0"), RETRY_LIMIT_MS)

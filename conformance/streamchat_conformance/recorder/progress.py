"""Progress of a response: the input of stop conditions while it is recorded."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.eventstream import Event, EventStreamParser
from streamchat_conformance.core.fields import tokens
from streamchat_conformance.core.http1 import ResponseReader

if TYPE_CHECKING:
    from streamchat_conformance.core.exchange import Read

__all__ = ["Progress"]

_ANY_WINDOW: Final = 32 + zlib.MAX_WBITS
"""Lets zlib distinguish gzip from deflate by the first bytes."""

_INFLATE_BYTES: Final = 1024 * 1024
"""Most that one read is inflated to: enough to count events, too little for a bomb."""


class Progress:
    """A response while it arrives. Times are seconds since the exchange's zero."""

    def __init__(self, request_method: str, *, reading_from_s: float = 0.0) -> None:
        self.reader = ResponseReader(request_method=request_method, keep_chunks=False)
        """The response as far as it was read."""
        self.events = 0
        """Events of a 200 response, gzip and deflate undone; see `countable`."""
        self.last_event: Event | None = None
        """The last of them, where they are counted; it may be cut."""
        self.countable = False
        """Whether events can be counted: 200, and no content coding but gzip or deflate.

        In another coding each read with body bytes counts as one event.
        """
        self.elapsed_s = 0.0
        """Time since the first byte of the request."""
        self.last_read_s: float | None = None
        """When the last bytes came; None before any."""
        self._reading_from_s = reading_from_s
        self._parser: EventStreamParser | None = None
        self._inflater: _ProgressInflater | None = None

    @property
    def body_bytes(self) -> int:
        """Body bytes so far, transfer coding undone."""
        return self.reader.body_bytes

    @property
    def since_last_read_s(self) -> float:
        """Silence since the last bytes, or since the request when none came."""
        last_s = self._reading_from_s if self.last_read_s is None else self.last_read_s
        return max(0.0, self.elapsed_s - last_s)

    def receive(self, data: bytes, at_s: float) -> None:
        """Take bytes that arrived at `at_s`."""
        had_head = self.reader.head is not None
        self.last_read_s = at_s
        pieces = self.reader.receive(data, at_s)
        if not had_head and self.reader.head is not None:
            self._prepare_counting()
        for piece in pieces:
            self._count(piece)

    def _prepare_counting(self) -> None:
        head = self.reader.head
        if head is None or head.status != 200:
            return
        self._parser = EventStreamParser()
        codings = [name for name in tokens(head.values("Content-Encoding")) if name != "identity"]
        self.countable = not codings or (
            len(codings) == 1 and codings[0] in ("gzip", "x-gzip", "deflate")
        )
        if codings and self.countable:
            self._inflater = _ProgressInflater()

    def _count(self, piece: Read) -> None:
        if self._parser is None:
            return
        if not self.countable:
            self.events += 1
            return
        data = piece.data if self._inflater is None else self._inflater.inflate(piece.data)
        events = self._parser.receive(data, piece.at_s)
        self.events += len(events)
        self.last_event = events[-1] if events else self.last_event


class _ProgressInflater:
    """Undoes gzip or zlib's deflate; silent from the first fault on."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(_ANY_WINDOW)
        self._failed = False

    def inflate(self, data: bytes) -> bytes:
        if self._failed:
            return b""
        try:
            inflated = self._zlib.decompress(self._zlib.unconsumed_tail + data, _INFLATE_BYTES)
        except zlib.error:
            self._failed = True
            return b""
        # A bomb would pile up here: what does not come out now never will.
        self._failed = len(self._zlib.unconsumed_tail) > _INFLATE_BYTES
        return inflated

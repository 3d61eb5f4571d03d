"""What is received of a stream before the load, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Read

from streamchat_load.client.reading import StopReason

if TYPE_CHECKING:
    from streamchat_load.client.reading import StreamReading

EVENTS_LIMIT = 10_000
"""A stream is read for no more events than this before the load."""


class BoundedRecording(list[Read]):
    """What is received of a stream; an endless stream is ended here.

    A stream that arrives as fast as it is read lets no other greenlet run that could end it.
    """

    def __init__(self, reading: StreamReading, limit_s: float) -> None:
        super().__init__()
        self._reading = reading
        self._limit_s = limit_s

    def append(self, read: Read) -> None:
        """Keep what was received; end the reading if that is enough."""
        super().append(read)
        reading = self._reading
        if reading.verifier.events > EVENTS_LIMIT or read.at_s > self._limit_s:
            reading.end(StopReason.RUN_OVER)

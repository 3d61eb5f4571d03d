"""Waiting for the end of a connection, with or without taking what arrives before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.recorder import polling
from streamchat_conformance.recorder.loop import clock
from streamchat_conformance.recorder.tape import Stamped

if TYPE_CHECKING:
    from streamchat_conformance.recorder.channel import Channel, End

__all__ = ["ConnectionWatch"]


class ConnectionWatch:
    """A task that waits for the server to end the connection, until a time.

    With `room_bytes` what arrives is taken into `reads`, up to this much; with 0 nothing is, so
    that the server feels a client that does not read.
    """

    def __init__(self, channel: Channel, until: float, *, room_bytes: int = 0) -> None:
        self.end: End | None = None
        self.reads: list[Stamped] = []
        self._channel = channel
        self._until = until
        self._reading = room_bytes > 0
        self._room_bytes = room_bytes
        self._over = False
        if self._reading:
            # Something may lie in the TLS engine, unseen by poll.
            self.transfer(polling.POLLIN)
        else:
            self.end = channel.look()

    @property
    def done(self) -> bool:
        """Whether the end was seen, the time is over, or the room is used up."""
        return self._over or self.end is not None

    def fileno(self) -> int:
        """Return the channel's descriptor."""
        return self._channel.fileno()

    def interest(self) -> int:
        """Return the poll events to wait for."""
        return polling.POLLIN if self._reading else self._channel.watch_events

    def wake_at(self) -> float:
        """Return when the waiting is over."""
        return self._until

    def transfer(self, events: int) -> None:
        """Look for the end."""
        if not events:
            return
        if not self._reading:
            self.end = self._channel.seen(events)
            return
        received = self._channel.receive()
        if received.data:
            self.reads.append(Stamped(clock(), received.data))
            self._room_bytes -= len(received.data)
        self.end = received.end

    def advance(self, now: float) -> None:
        """Stop when the time is over or the room used up."""
        self._over = now >= self._until or (self._reading and self._room_bytes <= 0)

    def stop(self, now: float) -> None:  # noqa: ARG002 - the loop gives all tasks the time
        """Stop at once."""
        self._over = True

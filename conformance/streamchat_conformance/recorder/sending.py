"""Handing a request to the socket, whole or in pieces with pauses, and when that happened."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streamchat_conformance.recorder import polling
from streamchat_conformance.recorder.loop import NEVER, clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.recorder.channel import Channel
    from streamchat_conformance.recorder.limits import Limits

__all__ = ["Sender", "Sent", "SentLog"]

_WRITES_PER_TURN: Final = 16
"""So that a server that takes everything at once cannot keep us from reading its answer."""

_ANSWERED_S: Final = 2.0
"""How long the socket may take nothing once the answer is there: what is left of the request
matters only to a server that still reads it."""


class Sender:
    """A task that sends. A peer that no longer takes bytes ends it, and raises nothing."""

    def __init__(
        self,
        channel: Channel,
        data: bytes,
        limits: Limits,
        *,
        pieces: Sequence[bytes] | None = None,
        pause_s: float = 0.0,
    ) -> None:
        if pieces is not None and b"".join(pieces) != data:
            raise ValueError("the pieces, joined, are not the bytes to send")
        self.sent_bytes = 0
        self.first_at: float | None = None
        """When the first byte was handed to the socket."""
        self.last_at: float | None = None
        """When the last byte so far was."""
        self.limit: str | None = None
        """The limit that ended the sending, if one did."""
        self._channel = channel
        self._limits = limits
        self._pieces = [memoryview(piece) for piece in (pieces or [data]) if piece]
        self._pieces.reverse()
        self._pause_s = pause_s
        self._resume_at = -NEVER
        self._moved_at: float | None = None
        self._given_up = False
        self._stall_s = limits.send_s
        self._deadline = clock() + limits.total_s

    @property
    def done(self) -> bool:
        """Whether all is sent, or no more can be."""
        return not self._pieces or self._given_up or self._channel.send_error is not None

    @property
    def finished(self) -> bool:
        """Whether all is sent."""
        return not self._pieces

    def fileno(self) -> int:
        """Return the channel's descriptor."""
        return self._channel.fileno()

    def interest(self) -> int:
        """Return POLLOUT unless done or in a pause."""
        return 0 if self.done or self._resume_at > clock() else polling.POLLOUT

    def wake_at(self) -> float:
        """Return the end of the pause, or of the wait for room in the socket."""
        if self.done:
            return NEVER
        if self._resume_at > clock():
            return min(self._resume_at, self._deadline)
        if self._moved_at is None:
            return clock()
        return min(max(self._moved_at, self._resume_at) + self._stall_s, self._deadline)

    def transfer(self, events: int) -> None:
        """Send what the socket takes of the current piece."""
        if self.done:
            return
        if events & (polling.POLLERR | polling.POLLHUP) and self._resume_at > clock():
            # The connection is gone; a pause would only put off finding out.
            self._channel.send_error = "the connection was reset"
            return
        for _ in range(_WRITES_PER_TURN):
            before = clock()
            if not self._pieces or self._resume_at > before:
                return
            piece = self._pieces[-1]
            self._moved_at = before if self._moved_at is None else self._moved_at
            taken = self._channel.write(piece)
            if self._channel.send_error is None and self.first_at is None:
                self.first_at = before
            if not taken:
                return
            self._take(taken)

    def advance(self, now: float) -> None:
        """Give up when the socket has taken nothing for too long, or all took too long."""
        if self.done or self._moved_at is None:
            return
        if now >= self._deadline:
            self._give_up("total_s")
        elif now >= max(self._moved_at, self._resume_at) + self._stall_s:
            self._give_up("send_s")

    def answered(self) -> None:
        """Take note that what the request was sent for has come."""
        self._stall_s = min(self._stall_s, _ANSWERED_S)

    def stop(self, now: float) -> None:  # noqa: ARG002 - the loop gives all tasks the time
        """Give up at once."""
        self._given_up = True

    def _give_up(self, limit: str) -> None:
        self.limit = self._limits.named(limit)
        self._given_up = True

    def _take(self, taken: int) -> None:
        self.last_at = self._moved_at = clock()
        self.sent_bytes += taken
        rest = self._pieces[-1][taken:]
        if rest:
            self._pieces[-1] = rest
            return
        self._pieces.pop()
        if self._pieces and self._pause_s > 0:
            self._resume_at = self.last_at + self._pause_s


@dataclass(frozen=True, slots=True)
class Sent:
    """How a request that was sent before went out; times are the clock's, None for not at all."""

    first_at: float | None
    last_at: float | None
    sent_bytes: int


class SentLog:
    """Which bytes a connection has sent and when, and how many of them are answered."""

    def __init__(self) -> None:
        self.unanswered_bytes = 0
        self._parts: deque[Sent] = deque()

    def add(self, sender: Sender) -> None:
        """Take note of what a sender has sent."""
        if sender.sent_bytes:
            self.unanswered_bytes += sender.sent_bytes
            self._parts.append(Sent(sender.first_at, sender.last_at, sender.sent_bytes))

    def answer(self, count: int) -> Sent:
        """Count that many bytes as answered, and return how they went out."""
        first_at = last_at = None
        taken = 0
        while self._parts and taken < count:
            part = self._parts.popleft()
            first_at = part.first_at if first_at is None else first_at
            last_at = part.last_at
            share = min(part.sent_bytes, count - taken)
            taken += share
            if share < part.sent_bytes:
                self._parts.appendleft(Sent(part.first_at, part.last_at, part.sent_bytes - share))
        self.unanswered_bytes -= taken
        return Sent(first_at, last_at, taken)

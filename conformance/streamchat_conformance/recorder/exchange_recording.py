"""One exchange while it happens: sends, receives, watches the limits, and knows its ending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.recorder import polling
from streamchat_conformance.recorder.channel import Channel, End
from streamchat_conformance.recorder.loop import clock
from streamchat_conformance.recorder.progress import Progress
from streamchat_conformance.recorder.sending import Sender, Sent
from streamchat_conformance.recorder.stop_conditions import Until, wake_at_s
from streamchat_conformance.recorder.tape import Stamped, Tape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.recorder.limits import Limits

__all__ = ["FRAMING_LOST_S", "ExchangeRecording", "Tag"]

_ASK_AGAIN_S: Final = 0.001
"""The shortest time between two questions whether a recording may end."""

FRAMING_LOST_S: Final = 1.0
"""For how long reading goes on once the end of the response cannot be known any more."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What an exchange is called, and where it belongs."""

    label: str = ""
    connection: int = 0
    position: int = 0


class ExchangeRecording:
    """A task that records one exchange on a channel.

    With a `Sender` it sends and reads at the same time; with `Sent` the request went out before.
    `carried` are bytes that arrived before and belong to this response. With `reading` False
    nothing is taken from the socket, and only its end is watched for. `pipelined` says that
    requests sent later are unanswered, so that what follows this response is theirs. With
    `finish_sending` False the rest of the request stays unsent once `until` is met.
    """

    def __init__(
        self,
        channel: Channel,
        request: bytes,
        until: Until,
        limits: Limits,
        *,
        sending: Sender | Sent,
        carried: Sequence[Stamped] = (),
        reading: bool = True,
        pipelined: bool = False,
        finish_sending: bool = True,
        request_method: str | None = None,
        tag: Tag | None = None,
    ) -> None:
        self.ending: Ending | None = None
        self.leftover: list[Stamped] = []
        """What arrived beyond the end of the response."""
        self._channel = channel
        self._request = request
        self._until = until
        self._limits = limits
        self._sender = sending if isinstance(sending, Sender) else None
        self._sending = sending
        self._reading = reading
        self._pipelined = pipelined
        self._finish_sending = finish_sending
        self._tag = tag or Tag()
        self._began_at = clock()
        self._ended_at = self._began_at
        self._asked_at = self._began_at
        self._tape = Tape(limits)
        self._fresh = list(carried)
        self._end: End | None = None
        self._framing_lost_at: float | None = None
        self._met: Ending | None = None
        self._limit: str | None = None
        self._notes: list[str] = []
        # The same reading of the method as `read_response` has.
        method = request_method or request.partition(b" ")[0].decode("latin-1")
        self.progress = Progress(method, reading_from_s=self._relative(self._began_at))
        if reading:
            # What has come before is taken first: it may lie in the TLS engine, unseen by poll.
            self._receive()
        if self._sender is not None:
            self._note_what_came_before(self._sender)
        self.advance(self._began_at)

    # The task.

    @property
    def done(self) -> bool:
        """Whether the recording is over."""
        return self.ending is not None

    def fileno(self) -> int:
        """Return the channel's descriptor."""
        return self._channel.fileno()

    def interest(self) -> int:
        """Return the poll events that matter now."""
        events = polling.POLLIN if self._reading else self._channel.watch_events
        if self._channel.must_write:
            events |= polling.POLLOUT
        if self._sender is not None:
            events |= self._sender.interest()
        return events

    def wake_at(self) -> float:
        """Return the earliest of the limits, the pauses and the condition's own time."""
        due = min(deadline for deadline, _ in self._deadlines())
        if self._tape.counted_until is not None:
            due = min(due, self._tape.counted_until)
        if self._sender is not None:
            due = min(due, self._sender.wake_at())
        if self._met is None:
            # A condition that names a time already past is asked again, but not without pause.
            asked_again_at = self.zero_at + wake_at_s(self._until, self.progress)
            due = min(due, max(asked_again_at, self._asked_at + _ASK_AGAIN_S))
        return due

    def transfer(self, events: int) -> None:
        """Receive first, then send: a response that waits must not be lost to a failing send."""
        if events & ~polling.POLLOUT:
            if self._reading:
                self._receive()
            else:
                self._end = self._channel.seen(events)
        if self._channel.must_write:
            self._channel.flush()
        if self._sender is not None and self._end is None:
            self._sender.transfer(events)

    def advance(self, now: float) -> None:
        """Read what arrived, and find out whether the recording is over."""
        if self.done:
            return
        if self._sender is not None:
            self._sender.advance(now)
        self._digest()
        self._ask_until(now)
        if self._met is not None and (self._end is not None or not self._still_sending):
            # A condition that was met before the connection ended has decided already.
            self._finish(self._met, now)
        elif self._tape.counted_until is not None:
            # A recording that lacks bytes must not pass for a whole one, however it ended.
            if self._end is not None or self._tape.full or now >= self._tape.counted_until:
                self._finish(self._met or Ending.OVERFLOW, now, self._tape.limit)
        elif self._end is not None:
            self._finish(Ending.CLOSED if self._end is End.FIN else Ending.RESET, now)
        else:
            self._check_deadlines(now)

    def stop(self, now: float) -> None:
        """End the recording as abandoned."""
        self._notes.append("the observation was cancelled")
        self._finish(Ending.ABANDONED, now)

    def exchange(self) -> Exchange:
        """Return what was recorded. Raises ValueError before the recording is over."""
        if self.ending is None:
            raise ValueError("the recording is not over")
        reads = tuple(Read(self._relative(at), data) for at, data in self._tape.reads)
        ended_at_s = self._relative(self._ended_at)
        sent_bytes = self._sending.sent_bytes
        watched_s = None
        if self._reading and self.ending in (Ending.ABANDONED, Ending.TIMED_OUT):
            watched_s = ended_at_s - (reads[-1].at_s if reads else 0.0)
        return Exchange(
            request=self._request,
            reads=reads,
            ending=self.ending,
            ended_at_s=ended_at_s,
            sent_bytes=None if sent_bytes >= len(self._request) else sent_bytes,
            sent_at_s=self._relative(self._sending.last_at or self.zero_at),
            limit=self._limit,
            unrecorded_bytes=self._tape.unrecorded_bytes,
            connection=self._tag.connection,
            position=self._tag.position,
            label=self._tag.label,
            watched_s=watched_s,
            notes=tuple(self._notes),
        )

    # What came.

    def _note_what_came_before(self, sender: Sender) -> None:
        """Note what is there before the request: it cannot be its answer."""
        if self._fresh:
            self._notes.append("bytes had arrived before this request was sent")
        if self._end is not None:
            self._notes.append("the server had ended the connection before this request was sent")
            sender.stop(self._began_at)

    def _receive(self) -> None:
        received = self._channel.receive()
        if received.data:
            self._fresh.append(Stamped(clock(), received.data))
        self._end = received.end

    def _digest(self) -> None:
        fresh, self._fresh = self._fresh, []
        for read in fresh:
            if kept := self._tape.keep(read):
                self.progress.receive(kept, self._relative(read.at))
        if self.progress.reader.broken and self._framing_lost_at is None:
            self._framing_lost_at = clock()

    def _ask_until(self, now: float) -> None:
        self._asked_at = now
        self.progress.elapsed_s = max(0.0, self._relative(now))
        if self._met is None and self._until(self.progress):
            self._met = Ending.COMPLETE if self.progress.reader.complete else Ending.ABANDONED
            self._ended_at = now
            if self._sender is not None:
                self._sender.answered()

    # What limits it.

    @property
    def zero_at(self) -> float:
        """The clock's time of the exchange's zero."""
        first_at = self._sending.first_at
        return self._began_at if first_at is None else first_at

    def _relative(self, at: float) -> float:
        return at - self.zero_at

    @property
    def _still_sending(self) -> bool:
        return self._finish_sending and self._sender is not None and not self._sender.done

    def _deadlines(self) -> list[tuple[float, str]]:
        limits, reader = self._limits, self.progress.reader
        # Waiting for an earlier pipelined response does not use up this one's time.
        begin_at = self.zero_at if self._sender is not None else self._began_at
        deadlines = [(begin_at + limits.total_s, "total_s")]
        if self._framing_lost_at is not None:
            deadlines.append((self._framing_lost_at + FRAMING_LOST_S, ""))
        if not self._reading or (self._sender is not None and not self._sender.done):
            return deadlines
        # The server's time runs from the end of the request, or from when it is waited for.
        asked_at = max(self._began_at, self._sending.last_at or self._began_at)
        if reader.head is None:
            deadlines.append((asked_at + limits.head_s, "head_s"))
        elif self.progress.countable and not self.progress.events and not reader.complete:
            deadlines.append((asked_at + limits.first_event_s, "first_event_s"))
        else:
            last_at = self.zero_at + (self.progress.last_read_s or 0.0)
            deadlines.append((max(asked_at, last_at) + limits.idle_s, "idle_s"))
        return deadlines

    def _check_deadlines(self, now: float) -> None:
        if self._sender is not None and self._sender.limit is not None:
            self._finish(Ending.TIMED_OUT, now, self._sender.limit)
            return
        due, name = min(self._deadlines())
        if now < due:
            return
        if name:
            self._finish(self._met or Ending.TIMED_OUT, now, self._limits.named(name))
        else:
            self._notes.append("the response's framing was lost; reading stopped soon after")
            self._finish(self._met or Ending.ABANDONED, now)

    def _finish(self, ending: Ending, now: float, limit: str | None = None) -> None:
        self.ending = ending
        self._limit = limit if ending in (Ending.TIMED_OUT, Ending.OVERFLOW) else None
        if ending is not self._met:
            self._ended_at = now
        self._notes += self._channel.take_notes()
        end = self.progress.reader.end_offset
        if end is None or ending is Ending.OVERFLOW:
            return
        mine, self.leftover = self._tape.split(end)
        # The rest is the next response's where one is still to come; otherwise it is evidence here,
        # too.
        if self._pipelined:
            self._tape.reads = mine

"""The loop that drives all streams of a process: one thread, one `epoll`, one heap of times.

A stream in it costs neither a thread nor wake-ups of its own: what is due in the same millisecond
is written in one turn. The loop never waits for a client. What one does not take at once is kept,
and its stream stands still until the client has taken it.
"""

from __future__ import annotations

import heapq
import logging
import math
import os
import select
import threading
import time
from collections import deque
from itertools import count
from typing import TYPE_CHECKING

from streamchat_reference.http.driven_stream import PEER_FINISHED, WakeReason, client_reason

if TYPE_CHECKING:
    from streamchat_reference.http.driven_response import DrivenResponse
    from streamchat_reference.http.driven_stream import HasFileno
    from streamchat_reference.http.stop_signal import StopSignal

STEPS_IN_TURN = 16
"""A stream that never waits lets the others have their turn after this many steps."""

EVENTS_IN_TURN = 1_024
"""How many sockets are served before timers are looked at again."""

log = logging.getLogger("streamchat_reference")


class StreamLoop:
    """Drives responses whose bodies are streams. Only `add` and `close` are for other threads.

    A client that takes nothing for `stall_s` loses its stream.
    """

    def __init__(self, stop: StopSignal, stall_s: float) -> None:
        self._stall_s = stall_s
        self._stopping = self._closed = False
        self._added: deque[DrivenResponse] = deque()
        self._driven: dict[int, _Driven] = {}
        self._times: list[tuple[float, int, _Driven]] = []
        self._serials = count()
        self._epoll = select.epoll()
        self._stop_fd = stop.fileno()
        self._epoll.register(self._stop_fd, select.EPOLLIN)
        self._wake_fd = os.eventfd(0)
        self._epoll.register(self._wake_fd, select.EPOLLIN)
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
        self._thread.start()

    def add(self, response: DrivenResponse) -> None:
        """Drive a response until it has ended."""
        self._added.append(response)
        os.eventfd_write(self._wake_fd, 1)

    def close(self) -> None:
        """End the loop. The responses that it still has are left as they are."""
        self._closed = True
        os.eventfd_write(self._wake_fd, 1)
        self._thread.join()
        self._epoll.close()
        os.close(self._wake_fd)

    def _run(self) -> None:
        while not self._closed:
            left_s = self._times[0][0] - time.monotonic() if self._times else math.inf
            # In whole milliseconds, rounded up: what is due within one is woken for once.
            timeout_s = None if left_s == math.inf else max(0.0, left_s)
            for fd, flags in self._epoll.poll(timeout_s, EVENTS_IN_TURN):
                self._on_event(fd, flags)
            self._resume_due(time.monotonic())

    def _on_event(self, fd: int, flags: int) -> None:
        if fd == self._wake_fd:
            os.eventfd_read(fd)
            while self._added:
                self._begin(self._added.popleft())
        elif fd == self._stop_fd:
            self._stop_all()
        elif (driven := self._driven.get(fd)) is not None:  # or it has ended in this very turn
            from_client = fd == driven.client_fd
            self._advance(driven, client_reason(flags) if from_client else WakeReason.READY)

    def _stop_all(self) -> None:
        # The pipe is never read: it would be readable again and again.
        self._epoll.unregister(self._stop_fd)
        self._stopping = True
        for driven in set(self._driven.values()):
            if not driven.stalled:
                self._advance(driven, WakeReason.STOP)

    # Times

    def _set_time(self, driven: _Driven, due_s: float) -> None:
        """Note the time until which to wait. One that moves back costs nothing now."""
        driven.due_s = due_s
        if due_s < driven.queued_s:
            driven.queued_s = due_s
            heapq.heappush(self._times, (due_s, next(self._serials), driven))

    def _resume_due(self, now_s: float) -> None:
        while self._times and self._times[0][0] <= now_s:
            queued_s, _, driven = heapq.heappop(self._times)
            if queued_s != driven.queued_s:
                continue  # an earlier time has taken its place, or the stream has ended
            driven.queued_s = math.inf
            if driven.due_s > now_s:
                self._set_time(driven, driven.due_s)
            elif driven.stalled:
                self._end(driven, sent=False)
            else:
                self._advance(driven, WakeReason.TIME)

    # One response

    def _begin(self, response: DrivenResponse) -> None:
        driven = _Driven(response, self._epoll, self._driven)
        response.stream.watch_by(driven)
        self._advance(driven, None)

    def _advance(self, driven: _Driven, reason: WakeReason | None) -> None:
        """Take some steps; whatever fails is the end of this stream alone."""
        try:
            self._step(driven, reason)
        except OSError as error:
            log.debug("The client of a stream has gone: %s", error)
            self._end(driven, sent=False)
        except BaseException:
            log.exception("A stream failed")
            self._end(driven, sent=False)

    def _step(self, driven: _Driven, reason: WakeReason | None) -> None:
        """Send what the stream has, until it waits, or ends, or its client is to take something."""
        response = driven.response
        outbox = response.outbox
        if driven.stalled:
            outbox.sendall(b"")
            driven.go_on()
        for _ in range(STEPS_IN_TURN):
            if outbox.unsent:
                driven.stall()
                self._set_time(driven, time.monotonic() + self._stall_s)
                return
            if driven.complete:
                self._end(driven, sent=True)
                return
            step = response.stream.resume(reason)
            if isinstance(step, bytes):
                response.write(step)
                reason = None
            elif step is None:
                response.complete()
                driven.complete = True
            elif self._stopping:
                reason = WakeReason.STOP
            else:
                self._set_time(driven, step)
                return
        self._set_time(driven, time.monotonic())

    def _end(self, driven: _Driven, *, sent: bool) -> None:
        driven.queued_s = -math.inf
        driven.forget()
        try:
            driven.response.close()
        except BaseException:
            log.exception("A stream failed to close")
        driven.response.ended.set_result(sent and driven.response.serves_on)


class _Driven:
    """One response in the loop: what it waits for, and the watch of its stream."""

    __slots__ = (
        *("client_fd", "complete", "due_s", "queued_s", "response", "stalled"),
        *("_client_flags", "_driven", "_epoll", "_sources"),
    )

    def __init__(
        self, response: DrivenResponse, epoll: select.epoll, driven: dict[int, _Driven]
    ) -> None:
        self.response = response
        self.due_s = 0.0
        self.queued_s = math.inf
        """The time under which the heap knows it; never later than `due_s`."""
        self.stalled = False
        """Whether its client has yet to take something, and nothing else counts."""
        self.complete = False
        """Whether its end is written, if not yet sent."""
        self._epoll = epoll
        self._driven = driven
        self._client_flags = PEER_FINISHED
        self._sources: set[int] = set()
        self.client_fd = response.client.fileno()
        driven[self.client_fd] = self
        epoll.register(self.client_fd, self._client_flags)

    def add(self, source: HasFileno) -> None:
        """Also wake when `source` can be read."""
        fd = source.fileno()
        self._sources.add(fd)
        self._driven[fd] = self
        self._epoll.register(fd, select.EPOLLIN)

    def remove(self, source: HasFileno) -> None:
        """Watch `source` no longer."""
        fd = source.fileno()
        self._sources.discard(fd)
        del self._driven[fd]
        self._epoll.unregister(fd)

    def ignore_half_close(self) -> None:
        """Stop reporting that the client finished sending."""
        self._client_flags = 0
        self._epoll.modify(self.client_fd, 0)

    def stall(self) -> None:
        """Wait for the client to take something, and for nothing else."""
        self.stalled = True
        self.response.client.begin_stall()
        self._listen(select.EPOLLOUT, 0)

    def go_on(self) -> None:
        """Wait for whatever the stream waits for."""
        self.stalled = False
        self.response.client.end_stall()
        self._listen(self._client_flags, select.EPOLLIN)

    def forget(self) -> None:
        """Leave the client to others."""
        if self.stalled:
            self.go_on()
        del self._driven[self.client_fd]
        self._epoll.unregister(self.client_fd)

    def _listen(self, client_flags: int, source_flags: int) -> None:
        self._epoll.modify(self.client_fd, client_flags)
        for fd in self._sources:
            self._epoll.modify(fd, source_flags)

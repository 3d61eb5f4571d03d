"""Waiting for whatever ends a stream's wait: time, a hang-up, the server's stop, a thread bridge.

Everything is one `poll` call, so a stream costs no wake-ups while nothing happens.
"""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

from streamchat_reference.http.driven_stream import PEER_FINISHED, WakeReason, client_reason

if TYPE_CHECKING:
    from streamchat_reference.http.driven_stream import HasFileno
    from streamchat_reference.http.stop_signal import StopSignal


class StreamPoller:
    """Waits for one stream. Used by one thread only."""

    def __init__(self, client: HasFileno | None, stop: StopSignal) -> None:
        self._poll = select.poll()
        self._stop_fd = stop.fileno()
        self._poll.register(self._stop_fd, select.POLLIN)
        self._client_fd = -1 if client is None else client.fileno()
        if self._client_fd >= 0:
            self._poll.register(self._client_fd, PEER_FINISHED)

    def add(self, source: HasFileno) -> None:
        """Also wake when `source` can be read."""
        self._poll.register(source.fileno(), select.POLLIN)

    def remove(self, source: HasFileno) -> None:
        """Watch `source` no longer."""
        self._poll.unregister(source.fileno())

    def ignore_half_close(self) -> None:
        """Stop reporting that the client finished sending; it may still read."""
        self._poll.modify(self._client_fd, 0)

    def wait(self, until_s: float) -> WakeReason:
        """Wait until the monotonic time `until_s`, or until something happens."""
        left_ms = max(0.0, (until_s - time.monotonic()) * 1000)
        reason = WakeReason.TIME
        for fd, flags in self._poll.poll(left_ms):
            if fd == self._stop_fd:
                return WakeReason.STOP
            if fd != self._client_fd:
                reason = WakeReason.READY
            else:
                return client_reason(flags)
        return reason

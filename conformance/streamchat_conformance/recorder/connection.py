"""One connection, used step by step: send, receive, pipeline, half-close, reset."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, Self

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.recorder.channel import End
from streamchat_conformance.recorder.connecting import Connecting, resolve
from streamchat_conformance.recorder.connection_watch import ConnectionWatch
from streamchat_conformance.recorder.errors import ConnectError, ConnectErrorKind
from streamchat_conformance.recorder.exchange_recording import ExchangeRecording, Tag
from streamchat_conformance.recorder.loop import clock, drive
from streamchat_conformance.recorder.sending import Sender, SentLog

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from streamchat_conformance.recorder.channel import Channel
    from streamchat_conformance.recorder.endpoint import Endpoint
    from streamchat_conformance.recorder.limits import Limits
    from streamchat_conformance.recorder.stop_conditions import Until
    from streamchat_conformance.recorder.tape import Stamped

__all__ = ["Connection", "next_number"]

_numbers = itertools.count(1)

_TLS_ALERT: Final = b"\x15\x03"
"""How a TLS alert begins (RFC 8446 §5.1): the answer of a TLS server to plain HTTP."""


def next_number() -> int:
    """Return the next connection's number within the run."""
    return next(_numbers)


class Connection:
    """A connection to the endpoint under test; close it, or use it as a context manager.

    After an exchange that ended COMPLETE the connection may serve another one. After any other
    ending the server may still be writing: what is received next begins amid that response.
    """

    def __init__(self, channel: Channel, endpoint: Endpoint, limits: Limits) -> None:
        self.number = next_number()
        self.endpoint = endpoint
        self.limits = limits
        self.exchanges = 0
        """How many exchanges were received: the position of the next one."""
        self._channel = channel
        self._leftover: list[Stamped] = []
        self._sent = SentLog()
        self._admitted = 1
        """Requests that may be sent and were not: the first one is admitted with the connection."""

    @classmethod
    def open(
        cls, endpoint: Endpoint, limits: Limits, *, receive_buffer_bytes: int | None = None
    ) -> Self:
        """Connect to the first address that answers, with TLS for https, within `connect_s`.

        The connection's first request is admitted before (see `Endpoint.admission`).
        A small `receive_buffer_bytes` (the system may double it) makes a server feel early that
        nobody reads. Raises ConnectError.
        """
        endpoint.admission.admit(1)
        deadline = clock() + limits.connect_s
        connecting = Connecting(
            endpoint,
            resolve(endpoint, limits),
            limits,
            receive_buffer_bytes=receive_buffer_bytes,
            deadline=deadline,
        )
        try:
            drive([connecting])
        finally:
            connecting.drop()
        if connecting.channel is None:
            raise connecting.error or ConnectError(ConnectErrorKind.UNREACHABLE, "not connected")
        return cls(connecting.channel, endpoint, limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def send_error(self) -> str | None:
        """Why nothing more can be sent, once that is so."""
        return self._channel.send_error

    @property
    def local_port(self) -> int:
        """The client's port: how a server's log names this connection."""
        return int(self._channel.sock.getsockname()[1])

    # Requests and responses.

    def send(
        self,
        data: bytes,
        *,
        pieces: Sequence[bytes] | None = None,
        pause_s: float = 0.0,
        requests: int = 1,
    ) -> int:
        """Send bytes without reading; return how many the socket took.

        They are one request, or several that are sent together, or (0) the rest of one.
        `pieces`, joined the same as `data`, are sent one by one, `pause_s` seconds apart. Raises
        nothing because of the peer (see `send_error`), and gives up after `send_s` without
        progress or `total_s` in all. Raises ValueError on a closed connection.
        """
        channel = self._usable()
        self._admit(requests)
        sender = Sender(channel, data, self.limits, pieces=pieces, pause_s=pause_s)
        drive([sender])
        self._sent.add(sender)
        return sender.sent_bytes

    def receive(
        self,
        *,
        until: Until,
        request: bytes,
        label: str = "",
        request_method: str | None = None,
        limits: Limits | None = None,
    ) -> Exchange:
        """Record the response to a request that `send` has sent.

        `request` are the bytes that this response answers: requests sent together are received
        one by one, and each exchange begins with what is left over from the one before. Raises
        ConnectError when the server answers plain HTTP with TLS, and ValueError on a closed
        connection.
        """
        channel = self._usable()
        sent = self._sent.answer(len(request))
        recording = ExchangeRecording(
            channel,
            request,
            until,
            limits or self.limits,
            sending=sent,
            carried=self._take_leftover(),
            pipelined=self._sent.unanswered_bytes > 0,
            request_method=request_method,
            tag=Tag(label, self.number, self.exchanges),
        )
        return self._record(recording)

    def exchange(
        self,
        request: bytes,
        *,
        until: Until,
        label: str = "",
        pieces: Sequence[bytes] | None = None,
        pause_s: float = 0.0,
        request_method: str | None = None,
        limits: Limits | None = None,
        finish_sending: bool = True,
    ) -> Exchange:
        """Send a request and record its response, reading while it is sent.

        So an answer that comes before the request has left whole is seen, and kept even if the
        server then refuses the rest. Once `until` is met the rest is still sent, unless
        `finish_sending` is False. Raises as `receive` does.
        """
        channel = self._usable()
        self._admit(1)
        sender = Sender(channel, request, limits or self.limits, pieces=pieces, pause_s=pause_s)
        recording = ExchangeRecording(
            channel,
            request,
            until,
            limits or self.limits,
            sending=sender,
            carried=self._take_leftover(),
            finish_sending=finish_sending,
            request_method=request_method,
            tag=Tag(label, self.number, self.exchanges),
        )
        try:
            return self._record(recording)
        finally:
            self._sent.add(sender)
            self._sent.answer(self._sent.unanswered_bytes)

    def _record(self, recording: ExchangeRecording) -> Exchange:
        first = self.exchanges == 0
        self.exchanges += 1
        drive([recording])
        self._leftover = recording.leftover
        exchange = recording.exchange()
        if first and self.endpoint.ssl is None and exchange.received.startswith(_TLS_ALERT):
            raise ConnectError(
                ConnectErrorKind.TLS,
                f"{self.endpoint.authority} answers plain HTTP with a TLS alert",
                "write https:// instead of http:// in the target URL",
            )
        return exchange

    # The connection itself.

    def pause_reading(self, limit_s: float) -> Ending | None:
        """Read nothing for this long (seconds); return CLOSED or RESET if the server ended it.

        Returns as soon as the end is seen, and None when the connection is still open.
        """
        watch = ConnectionWatch(self._usable(), clock() + limit_s)
        drive([watch])
        if watch.end is None:
            return None
        return Ending.CLOSED if watch.end is End.FIN else Ending.RESET

    def wait_for_close(self, limit_s: float) -> bool:
        """Wait this long (seconds) for the server to end the connection; return whether it did.

        What arrives meanwhile, up to the recording limit, is kept for the next `receive`.
        """
        room_bytes = self.limits.recording_bytes
        watch = ConnectionWatch(self._usable(), clock() + limit_s, room_bytes=room_bytes)
        drive([watch])
        self._leftover.extend(watch.reads)
        return watch.end is not None

    def is_open(self) -> bool:
        """Return whether neither side has ended the connection, taking no bytes from it."""
        return not self._channel.closed and self._channel.look() is None

    def half_close(self) -> None:
        """Signal that nothing more will be sent (FIN); receiving goes on."""
        self._usable().half_close()

    def reset(self) -> None:
        """Cut the connection with RST."""
        self._channel.reset()

    def close(self) -> None:
        """Close both directions. Does nothing the second time."""
        self._channel.close()

    def _admit(self, requests: int) -> None:
        """Have requests admitted that are about to be sent."""
        more = requests - self._admitted
        self._admitted = max(0, -more)
        if more > 0:
            self.endpoint.admission.admit(more, wait=False)

    def _usable(self) -> Channel:
        if self._channel.closed:
            raise ValueError("this connection was closed by its user")
        return self._channel

    def _take_leftover(self) -> list[Stamped]:
        leftover, self._leftover = self._leftover, []
        return leftover

"""Many exchanges at once: one thread and one poll loop, so that arrival times are exact."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.recorder.connecting import Address, Connecting, resolve
from streamchat_conformance.recorder.connection import next_number
from streamchat_conformance.recorder.errors import ConnectError, ConnectErrorKind
from streamchat_conformance.recorder.exchange_recording import ExchangeRecording, Tag
from streamchat_conformance.recorder.loop import Stop, clock, drive
from streamchat_conformance.recorder.sending import Sender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.recorder.endpoint import Endpoint
    from streamchat_conformance.recorder.limits import Limits
    from streamchat_conformance.recorder.stop_conditions import Until

__all__ = ["Observation", "Plan", "Timeline", "record_timeline", "record_together"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One exchange among several, on a connection of its own."""

    endpoint: Endpoint
    request: bytes
    until: Until
    receive_buffer_bytes: int | None = None
    """Size of the socket's receive buffer; None for the system's."""
    start_after_s: float = 0.0
    """When to connect, in seconds after the first."""
    reading: bool = True
    """False: send, then take nothing from the socket until the end."""
    pieces: Sequence[bytes] | None = None
    """The request in pieces, to be sent one by one."""
    pause_s: float = 0.0
    """Time between two pieces."""
    reset: bool = False
    """Whether the connection is cut with RST afterwards, rather than closed with FIN."""
    label: str = ""


class Timeline(NamedTuple):
    """Exchanges, and what puts their times on one axis."""

    exchanges: list[Exchange]
    zeros_s: list[float]
    """For each exchange, its zero in seconds after the common beginning."""


def record_together(plans: Sequence[Plan], limits: Limits) -> list[Exchange]:
    """Record all plans at once; return their exchanges in the order of the plans.

    Each connection is closed whole as soon as its exchange is over. A connection that cannot
    be made is an exchange, too: nothing sent, ending RESET, or TIMED_OUT by `connect_s`, and a
    note that says why. Raises ConnectError only when a name has no address.
    """
    return record_timeline(plans, limits).exchanges


def record_timeline(plans: Sequence[Plan], limits: Limits) -> Timeline:
    """Do the same, and return where each exchange's zero lies on the common time axis."""
    addresses: dict[tuple[str, int], list[Address]] = {}
    for plan in plans:
        place = (plan.endpoint.host, plan.endpoint.port)
        if place not in addresses:
            addresses[place] = resolve(plan.endpoint, limits)
    for endpoint, requests in Counter(plan.endpoint for plan in plans).items():
        endpoint.admission.admit(requests)
    began_at = clock()
    tasks = [
        PlannedExchange(plan, addresses[plan.endpoint.host, plan.endpoint.port], limits, began_at)
        for plan in plans
    ]
    try:
        drive(tasks)
    finally:
        for task in tasks:
            task.release()
    return Timeline(
        [task.exchange() for task in tasks], [task.zero_at() - began_at for task in tasks]
    )


class PlannedExchange:
    """A task that connects at its time, records one exchange, and closes."""

    def __init__(
        self, plan: Plan, addresses: list[Address], limits: Limits, began_at: float
    ) -> None:
        self.error: ConnectError | None = None
        self._plan = plan
        self._addresses = addresses
        self._limits = limits
        self._start_at = began_at + plan.start_after_s
        self._number = next_number()
        self._connecting: Connecting | None = None
        self._recording: ExchangeRecording | None = None
        self._stopped_at: float | None = None

    @property
    def done(self) -> bool:
        """Whether the exchange is over, or there never will be one."""
        recorded = self._recording is not None and self._recording.done
        return recorded or self.error is not None

    @property
    def _current(self) -> Connecting | ExchangeRecording | None:
        return self._recording or self._connecting

    def fileno(self) -> int:
        """Return the descriptor of the current step."""
        return -1 if self._current is None else self._current.fileno()

    def interest(self) -> int:
        """Return the poll events of the current step."""
        return 0 if self._current is None else self._current.interest()

    def wake_at(self) -> float:
        """Return the time of the current step."""
        return self._start_at if self._current is None else self._current.wake_at()

    def transfer(self, events: int) -> None:
        """Do the current step's I/O."""
        if self._current is not None and not self.done:
            self._current.transfer(events)

    def advance(self, now: float) -> None:
        """Go on to the next step when the current one is done."""
        if self.done:
            return
        if self._connecting is None:
            if now < self._start_at:
                return
            self._connecting = Connecting(
                self._plan.endpoint,
                self._addresses,
                self._limits,
                receive_buffer_bytes=self._plan.receive_buffer_bytes,
            )
        if self._recording is None:
            self._connecting.advance(now)
            self._begin_recording(self._connecting)
        if self._recording is not None:
            self._recording.advance(now)
            if self._recording.done:
                self.release()

    def stop(self, now: float) -> None:
        """End whatever is going on."""
        if self._recording is not None:
            self._recording.stop(now)
        elif not self.done:
            self.error = ConnectError(ConnectErrorKind.UNREACHABLE, "the observation was cancelled")
        self.release()

    def release(self) -> None:
        """Close the connection, whole: a server may take a half-close for a wish to go on."""
        if self._connecting is None:
            return
        self._connecting.drop()
        if (channel := self._connecting.channel) is not None:
            if self._plan.reset:
                channel.reset()
            else:
                channel.close()

    def exchange(self) -> Exchange:
        """Return the exchange. Raises ValueError before it is over."""
        if self._recording is not None:
            return self._recording.exchange()
        error = self.error
        if error is None:
            raise ValueError("the exchange is not over")
        timed_out = error.kind is ConnectErrorKind.TIMED_OUT
        return Exchange(
            request=self._plan.request,
            ending=Ending.TIMED_OUT if timed_out else Ending.RESET,
            ended_at_s=0.0,
            sent_bytes=0,
            limit=self._limits.named("connect_s") if timed_out else None,
            connection=self._number,
            label=self._plan.label,
            notes=(f"not connected: {error}",),
        )

    def zero_at(self) -> float:
        """Return the clock's time of the exchange's zero."""
        return self._start_at if self._recording is None else self._recording.zero_at

    def _begin_recording(self, connecting: Connecting) -> None:
        self.error = connecting.error
        if connecting.channel is None:
            return
        plan = self._plan
        self._recording = ExchangeRecording(
            connecting.channel,
            plan.request,
            plan.until,
            self._limits,
            sending=Sender(
                connecting.channel,
                plan.request,
                self._limits,
                pieces=plan.pieces,
                pause_s=plan.pause_s,
            ),
            reading=plan.reading,
            tag=Tag(plan.label, self._number, 0),
        )


class Observation:
    """One exchange recorded in the background, while other work goes on.

    Its thread is a daemon, bound by the limits, and keeps what goes wrong for `result`.
    """

    def __init__(self, plan: Plan, limits: Limits) -> None:
        self._plan = plan
        self._limits = limits
        self._stop = Stop()
        self._over = threading.Event()
        self._exchange: Exchange | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"observation {plan.label}".strip(), daemon=True
        )

    @classmethod
    def start(
        cls, endpoint: Endpoint, request: bytes, until: Until, limits: Limits, *, label: str = ""
    ) -> Self:
        """Begin to record an exchange on a connection of its own."""
        observation = cls(
            Plan(endpoint=endpoint, request=request, until=until, label=label), limits
        )
        observation._thread.start()
        return observation

    @property
    def done(self) -> bool:
        """Whether the recording is over."""
        return self._over.is_set()

    def result(self, timeout_s: float) -> Exchange:
        """Wait for the end, this long at most (seconds), and return the exchange.

        Raises TimeoutError when the recording still goes on, and ConnectError when there was no
        connection.
        """
        if not self._over.wait(timeout_s):
            raise TimeoutError(f"the observation still goes on after {timeout_s:g} s")
        if self._error is not None:
            raise self._error
        assert self._exchange is not None
        return self._exchange

    def cancel(self) -> None:
        """End the recording now; `result` then returns what was recorded, as ABANDONED."""
        self._stop.raise_()

    def _run(self) -> None:
        try:
            self._plan.endpoint.admission.admit(1)
            addresses = resolve(self._plan.endpoint, self._limits)
            task = PlannedExchange(self._plan, addresses, self._limits, clock())
            try:
                drive([task], self._stop)
            finally:
                task.release()
            self._exchange = task.exchange()
            self._error = task.error
        except Exception as error:  # noqa: BLE001 - kept for result(), in the thread that asks
            self._error = error
        finally:
            self._stop.close()
            self._over.set()

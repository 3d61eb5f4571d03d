"""The server under test, as cases see it: send a request, get a reading, entered in the ledger."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from streamchat_conformance.catalogue import Capability, Requirement
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.core.json_place import BodyPlaces
from streamchat_conformance.core.secrets import with_parameters
from streamchat_conformance.dialects.asking import ask
from streamchat_conformance.dialects.places import places_of
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.stream import OTHERS_OPEN, WITH_OTHER_CLIENTS
from streamchat_conformance.recorder import Connection, Endpoint, Until
from streamchat_conformance.recorder.errors import ConnectError
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.background import Background, run_together
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.bounds import RunBounds
from streamchat_conformance.suite.target.confirming import confirmed
from streamchat_conformance.suite.target.given_up import GivenUp
from streamchat_conformance.suite.target.knowledge import TargetKnowledge
from streamchat_conformance.suite.target.left_streams import LeftStreams
from streamchat_conformance.suite.target.liveness import Liveness
from streamchat_conformance.suite.target.machine import slowdown
from streamchat_conformance.suite.target.open_ends import Unbounded
from streamchat_conformance.suite.target.overload import LimitCheck, asked_by
from streamchat_conformance.suite.target.repeated_text import lacking
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.testable import testable
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable
from streamchat_conformance.suite.verdicts.overlapping import overlaps, require_served

SLOW_FIRST_EVENT_S = 0.3
"""A target whose first event takes this long gets several requests at once (seconds)."""
CONCURRENT_REQUESTS = 8
"""How many requests are sent at once."""
CERTAIN_REQUESTS = 4
"""How many at once every target has to serve; more may wait for their turn."""
OF_LIMIT = 0.7
"""The share of the first-event limit that a request may spend waiting and served."""

QUICK_STREAM_S = 0.25
"""Streams that end by themselves within this time are read to their end (seconds)."""


class Target:
    """One server under test. Every exchange goes into the ledger unless a case says otherwise."""

    def __init__(self, settings: Settings, endpoint: Endpoint, ledger: Ledger) -> None:
        self.settings = settings
        self.bounds = RunBounds(settings)
        """What bounds the run."""
        self.known = TargetKnowledge(settings)
        """What is known of the target so far."""
        self.endpoint = replace(endpoint, admission=self.bounds.budget)
        self.ledger = ledger
        self.dialect = settings.dialect
        self.background = Background(inline=self.bounds.sequential)
        self.liveness = Liveness(self)
        self.probe = self.liveness.probe
        """Whether it still answers at all."""
        self.limit_check = LimitCheck(self._ask_plain, self.ledger.observe_reading)
        self._given_up = GivenUp(self)
        self.slowdown: Callable[[], float] = slowdown
        """How busy the machine is."""
        self._left_streams = LeftStreams()
        self._wait = threading.Event()

    def __repr__(self) -> str:
        return f"<Target {self.endpoint.url}>"

    @property
    def limits(self) -> Limits:
        """The limits that bound every wait.

        A target that has let several waits run out is not waited for as long again: what it
        answers at all, it has answered in a fraction of that.
        """
        known = self.known
        baseline_s = max(known.first_event_s, known.refusal_s) if known.has_baseline else 0.0
        limits = self.bounds.timeouts.limits(self.settings.limits, baseline_s)
        enough_bytes = max(self.bounds.timeouts.recording_bytes, self.known.large_event_bytes)
        if limits.recording_bytes <= enough_bytes:
            return limits
        return replace(limits, recording_bytes=enough_bytes)

    def _limits_for(self, data: bytes) -> Limits:
        """Return the limits for one exchange.

        What a refusal may take has a limit of its own; an echo of a large request is large, too.
        """
        limits = self.limits
        if self._must_refuse(data):
            limits = replace(limits, head_s=self._refusal_s(limits))
        if not self.known.has_baseline or not self.baseline.echo:
            return limits
        return replace(limits, recording_bytes=max(limits.recording_bytes, 4 * len(data)))

    def _refusal_s(self, limits: Limits) -> float:
        """Return how long a refusal may take (seconds).

        What the user says wins, unless waits have become shorter.
        """
        given, default_s = self.settings.deployment.refusal_s, self.dialect.refusal_s
        if given is not None and limits.head_s >= self.settings.limits.head_s:
            return given
        return min(limits.head_s, given or default_s or limits.head_s)

    def _must_refuse(self, data: bytes) -> bool:
        asked = ask(self.dialect, data, path=self.endpoint.path)
        return asked.expectation is Expectation.REFUSE

    @property
    def baseline(self) -> Baseline:
        """What a plain request gets. Set by the preflight before the first case."""
        return self.known.baseline

    @baseline.setter
    def baseline(self, baseline: Baseline) -> None:
        self.known.baseline = baseline

    @property
    def concurrent_requests(self) -> int:
        """How many requests to send at once, so that none waits too long for its turn."""
        if self.bounds.sequential:
            return 1
        turns = math.ceil(CONCURRENT_REQUESTS / CERTAIN_REQUESTS)
        all_in_time = (
            turns * self.known.first_event_s <= OF_LIMIT * self.settings.limits.first_event_s
        )
        return CONCURRENT_REQUESTS if self.known.roomy or all_in_time else CERTAIN_REQUESTS

    def deploy(self, settings: Settings) -> None:
        """Take over settings in which more is known of the deployment."""
        self.settings, self.dialect = settings, settings.dialect

    # -- building requests ---------------------------------------------------------------

    def encode(self, request: HttpRequest) -> bytes:
        """Return a request's bytes for this target, the user's own field lines included."""
        return request.encode(
            authority=self.endpoint.authority,
            path=self.endpoint.path,
            extra=self.dialect.fields_with(self.settings.headers, request),
        )

    @property
    def unknown_path(self) -> str:
        """A path next to the endpoint's that does not exist."""
        path = self.endpoint.path.partition("?")[0].rstrip("/")
        return with_parameters(f"{path or '/'}-does-not-exist", self.settings.parameters)

    def plain(self, text: str | None = None) -> Body:
        """Return the plainest request that this target accepts; it says `text` if given."""
        plain = self.baseline.plain
        return plain if text is None else self.dialect.requests.saying(plain, text)

    def recalling(self, text: str, *, now: str | None = None) -> Body:
        """Return such a request whose earlier turns say `text`; it says `now` if given."""
        return self.dialect.requests.recalling(self.plain(now), text)

    @property
    def places(self) -> BodyPlaces:
        """Where text and values stand in the plainest request that this target accepts."""
        return places_of(self.dialect, self.baseline.plain)

    # -- sending -------------------------------------------------------------------------

    def connect(self, *, receive_buffer_bytes: int | None = None) -> Connection:
        """Open a connection.

        Raises NotTestable when the target is gone, Blocked when it lets every wait run out, or
        has stopped answering.
        """
        if self.bounds.interrupted.is_set():
            raise KeyboardInterrupt
        if self.probe.stopped():
            raise Blocked(self.ledger.end, "the server has stopped answering")
        if self.bounds.timeouts.gives_up and not self.baseline.streams:
            raise Blocked(self.baseline.cause, "the target lets every wait run out")
        self._given_up.require_room()
        limits = self.limits
        with testable():
            try:
                return Connection.open(
                    self.endpoint, limits, receive_buffer_bytes=receive_buffer_bytes
                )
            except ConnectError:
                if not (self.liveness.restarts and self.liveness.await_start()):
                    raise
            return Connection.open(self.endpoint, limits, receive_buffer_bytes=receive_buffer_bytes)

    def send(
        self,
        request: HttpRequest | bytes,
        *,
        events: int | None = None,
        stop: Until | None = None,
        label: str = "",
        observe: bool = True,
        pieces: Sequence[bytes] | None = None,
        pause_s: float = 0.0,
        method: str = "POST",
        timed: bool | None = None,
        patient: bool = True,
        confirm: bool = True,
    ) -> Reading:
        """Send a request on a connection of its own and return the reading of its answer.

        Reads up to `events` events of a stream (by default as few as are needed), or until
        `stop`. The request goes out whole, or in `pieces` that are sent `pause_s` apart. An
        overloaded server is asked again for a while, if `patient`. What a request takes is noted
        (`latency`) if it was alone; `timed` says so where background work is known not to matter.
        What took too long is asked for again, unless not to `confirm` (see `confirmed`).
        """
        data = request if isinstance(request, bytes) else self.encode(request)
        condition = self.known.open_ends.bounded(stop or self.enough(events), self.dialect)
        retry = self.bounds.retries.begin()
        while True:
            self._await_left_streams()
            busy = self.background.busy
            with self.known.latency.flight() as flight, self.connect() as connection, testable():
                exchange = connection.exchange(
                    data,
                    until=condition,
                    label=label,
                    pieces=pieces,
                    pause_s=pause_s,
                    request_method=method,
                    limits=self._limits_for(data),
                )
            if busy or not flight.alone:
                note = OTHERS_OPEN if flight.alone else WITH_OTHER_CLIENTS
                exchange = replace(exchange, notes=(*exchange.notes, note))
            reading = self.ledger.read(exchange)
            require_served(reading)
            self.note(reading)
            if flight.alone and (not self.background.busy if timed is None else timed):
                self.known.latency.note(reading)
            if not (reading.overloaded or self.limit_check.limits(reading)):
                retry.served()
                break
            if not (patient and retry.again(reading.status, asked_by(reading))):
                break
        if confirm and not overlaps():
            how: dict[str, Any] = {
                "pieces": pieces,
                "pause_s": pause_s,
                "method": method,
                "patient": patient,
            }
            again = partial(self.send, data, label=label, observe=False, confirm=False, **how)
            reading = confirmed(self, reading, partial(again, stop=Unbounded(condition)))
        return self.ledger.observe_reading(reading) if observe else reading

    def _await_left_streams(self) -> None:
        """Where many requests are under way, wait until streams that were left are given up."""
        if overlaps():
            held_s = self.baseline.write_intervals_s
            self.pause(self._left_streams.wait_s(time.monotonic(), held_s))

    def _ask_plain(self, label: str) -> Reading | None:
        """Return the answer to a plain request, which is not sent again; None if it is unknown."""
        if not self.known.has_baseline:
            return None
        request = HttpRequest.chat(self.plain())
        return self.send(request, label=label, observe=False, patient=False)

    def enough(self, events: int | None) -> Answered:
        """Return the condition that ends a generated stream: as few events as are needed."""
        if not self.known.has_baseline:
            return Answered(events or 1)
        baseline = self.baseline
        quick = baseline.finite and baseline.duration_s <= QUICK_STREAM_S
        return Answered(events or 1 + baseline.preliminaries, whole=quick)

    def send_all(
        self, requests: Sequence[HttpRequest], *, label: str = "", observe: bool = True
    ) -> list[Reading]:
        """Send requests on connections of their own, side by side if that saves time."""

        def ask(request: HttpRequest) -> Reading:
            return self.send(request, label=label, observe=observe)

        slow = self.known.first_event_s >= SLOW_FIRST_EVENT_S
        together = slow or (overlaps() and self.known.lets_wait)
        if self.bounds.sequential or not together:
            return [ask(request) for request in requests]
        return run_together(ask, requests, at_once=self.concurrent_requests)

    def post(self, body: bytes, *, label: str = "", **changes: object) -> Reading:
        """Send a body with the right media type."""
        return self.send(HttpRequest(body=body, **changes), label=label)  # type: ignore[arg-type]  # names are HttpRequest's

    def chat(self, chat: Body, *, events: int | None = None, label: str = "") -> Reading:
        """Send an ordinary chat request."""
        return self.send(HttpRequest.chat(chat), events=events, label=label)

    def pause(self, seconds: float) -> None:
        """Leave the target alone for a while."""
        self._wait.wait(seconds)

    # -- what cases lean on ----------------------------------------------------------------

    def require_stream(self) -> Baseline:
        """Return the baseline when valid requests are answered by a stream.

        Raises Blocked, naming the root cause, when they are not.
        """
        baseline = self.baseline
        if not baseline.accepted:
            raise Blocked(self.dialect.plain_row, baseline.problem)
        if not baseline.streams:
            raise Blocked(baseline.cause, baseline.problem)
        return baseline

    def require_needs(self, requirement: Requirement) -> None:
        """Raise NotApplicable when the target lacks a capability that a requirement needs.

        Raises Blocked when no stream can be read. What keeps it from that is judged in any case.
        """
        if not requirement.needs or requirement.id == self.baseline.cause:
            return
        self.require_stream()
        if (capability := lacking(self, requirement)) is not None:
            raise NotApplicable(self.known.capabilities.lacking(capability))

    def require(self, capability: Capability) -> None:
        """Raise NotApplicable when the target lacks a capability."""
        if not self.has(capability):
            raise NotApplicable(self.known.capabilities.lacking(capability))

    def has(self, capability: Capability) -> bool:
        """Return whether the target has a capability, declared or detected."""
        return self.known.capabilities.has(capability)

    def record(
        self, connection: Connection, data: bytes, stop: Until, label: str, *, receive: bool = False
    ) -> Reading:
        """Send a request on a connection and return the reading, not entered in the ledger.

        With `receive` the request was sent before (pipelined), and only its answer is read.
        """
        limits, stop = self._limits_for(data), self.known.open_ends.bounded(stop, self.dialect)
        busy = self.background.busy
        with testable():
            if receive:
                exchange = connection.receive(until=stop, request=data, label=label, limits=limits)
            else:
                exchange = connection.exchange(data, until=stop, label=label, limits=limits)
        if busy:
            exchange = replace(exchange, notes=(*exchange.notes, OTHERS_OPEN))
        reading = self.ledger.read(exchange)
        require_served(reading)
        self.note(reading)
        return reading

    def note(self, reading: Reading) -> None:
        """Take note of how long an answer was waited for, and whether any came."""
        self.bounds.timeouts.note(reading)
        self.known.open_ends.note(reading)
        self.ledger.follow(reading)
        self.liveness.note(reading)
        if reading.accepted:
            self.bounds.retries.revive()
        if reading.accepted and not reading.ended:
            self._left_streams.note(time.monotonic())

    def red(self, id_: str) -> bool:
        """Return whether a requirement was broken so far, by a case or on any exchange."""
        return id_ in self.known.failed or self.ledger.red(id_)

    @property
    def serial(self) -> bool:
        """Whether streams wait for each other on this target, rightly or not."""
        return self.known.queues or self.red("resilience.concurrent")

    def check_alive(self, after: str) -> None:
        """Send a good request after a hostile case; enter it if the server has stopped serving.

        Raises Disturbed where the case overlaps with others: it runs again then, alone.
        """
        if overlaps():
            self.liveness.require_served(after)
            return
        quick = self.baseline.first_event_s < SLOW_FIRST_EVENT_S
        self.liveness.check(after, wait=quick or self.bounds.sequential)

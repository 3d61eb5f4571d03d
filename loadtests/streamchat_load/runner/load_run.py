"""One process's part of a run: it opens streams as the plan says, and records them."""

from __future__ import annotations

import errno
import os
import secrets
from itertools import count
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import gevent
import gevent.event
from streamchat_conformance.core.http_request import HttpRequest

from streamchat_load.client.connection import StreamConnectError, StreamConnection
from streamchat_load.client.exchange import exchange
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.client.reading import StreamReading
from streamchat_load.dialects.dialect import BuiltRequest, LoadDialect, RequestShape
from streamchat_load.metrics.recorder import StreamRecorder
from streamchat_load.profiles.plan import Arrival
from streamchat_load.runner.monitor import RunMonitor
from streamchat_load.runner.settings import DRAIN_S, LoadSettings
from streamchat_load.runner.virtual_user import VirtualUser
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.verifiers import verifier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPEN_LIMIT = 20_000
"""Most streams that one process holds open; arrivals beyond are counted as dropped."""

USER_WAIT_S = 0.02
"""The shortest wait of a user that has nothing to do."""

LATE_LIMIT_S = 0.25
"""An arrival that is opened later than this after its instant counts as late."""

_OUT_OF = frozenset(
    os.strerror(number).lower()
    for number in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
)
"""Reasons of this machine for not opening a connection: files, ports or memory ran out."""

EARLY_S = 2.0
"""A run that ends earlier than this before its time was interrupted."""

SKEW_LIMIT_S = 5.0
"""How far a process may be behind the master and still have all its arrivals sent."""


class LoadRun:
    """Opens, reads and records streams in one process."""

    def __init__(
        self,
        settings: LoadSettings,
        dialect: LoadDialect,
        oracles: Mapping[str, Oracle],
        *,
        slot: int = 0,
        slots: int = 1,
        on_close: Callable[[StreamReading], None] | None = None,
    ) -> None:
        self.settings = settings
        self.dialect = dialect
        self.oracles = oracles
        self.slot = slot
        self.slots = slots
        self.on_close = on_close
        self.plan = settings.plan()
        self.endpoint = settings.endpoint(dialect)
        self.recorder = StreamRecorder(settings.limits_ms)
        self.stopping = False
        self.over = gevent.event.Event()
        self.started_s = perf_counter()
        self.monitor = RunMonitor(
            self.recorder,
            slot=slot,
            stream_limit_s=settings.stream_limit_s,
            storm_every_s=self.plan.behaviour.storm_every_s,
            server_pid=settings.server_pid,
        )
        self._fields = settings.extra_fields(dialect)
        self._nonce_head = f"{slot & 0xFF:02x}{secrets.token_hex(3)}"
        self._nonces = count()
        self._users = count()
        self._cpu_s = 0.0
        self._arrivals_started = False
        self._arrivals_done = gevent.event.Event()

    def start(self) -> None:
        """Begin: time 0 of the plan."""
        self.started_s = perf_counter()
        self._cpu_s = process_time()
        self.monitor.start()

    def add_user(self) -> VirtualUser:
        """Return one more user of this process."""
        number = next(self._users) * self.slots + self.slot
        rng = Random(f"{self.settings.seed}/{number}")
        return VirtualUser(number, rng, slow=rng.random() < self.plan.behaviour.slow_share)

    @property
    def drain_s(self) -> float:
        """How long open streams may go on when the run is over."""
        drain_s = self.settings.drain_s
        return DRAIN_S if drain_s is None else drain_s

    def elapsed_s(self) -> float:
        """Return the time since the start (seconds)."""
        return perf_counter() - self.started_s

    def act(self, user: VirtualUser) -> None:
        """Do one user's next step: wait for its turn, or open a stream and read it."""
        if self.stopping:
            self.over.wait()
            gevent.sleep(1.0)
            return
        if self.plan.users is None:
            self._serve_arrivals()
            return
        at_s = self.elapsed_s()
        if at_s >= self.plan.duration_s or user.number >= self.plan.users(at_s):
            gevent.sleep(max(USER_WAIT_S, self.plan.turn_s(user.number, at_s) - at_s))
            return
        self._converse(user, Arrival(at_s))

    def finish(self) -> None:
        """End: open no more streams, drain the open ones, then count them."""
        if self.stopping:
            self.over.wait(self.drain_s + 10.0)
            return
        self._await_arrivals()
        self.stopping = True
        # A run that is interrupted ends soon.
        early = self.elapsed_s() < self.plan.duration_s - EARLY_S
        self.monitor.drain(min(self.drain_s, DRAIN_S) if early else self.drain_s)
        self.monitor.stop()
        used_s = process_time() - self._cpu_s
        self.recorder.ledger.counts["generator_cpu_us"] += round(used_s * 1e6)
        self.over.set()

    def _await_arrivals(self) -> None:
        """Wait for the plan's end, if this process is behind the master's clock."""
        left_s = self.plan.duration_s - self.elapsed_s()
        if self.plan.arrivals is not None and left_s <= SKEW_LIMIT_S:
            self._arrivals_done.wait(SKEW_LIMIT_S)
            # The last arrivals' greenlets have not run yet.
            gevent.sleep(0)

    def _converse(self, user: VirtualUser, arrival: Arrival) -> None:
        behaviour = self.plan.behaviour
        shortest_s, longest_s = behaviour.think_s
        if longest_s:
            gevent.sleep(user.rng.uniform(shortest_s, longest_s))
            arrival = Arrival(self.elapsed_s())
            if self.stopping:
                return
        outcome = self._request(user, arrival)
        user.turn = (user.turn + 1) % behaviour.turns
        if outcome in (StreamOutcome.FAILED, StreamOutcome.REFUSED):
            # A server that is gone or full is not asked again immediately.
            gevent.sleep(0.05 + user.rng.random() * 0.1)

    def _serve_arrivals(self) -> None:
        """Open each arrival's stream at its instant, whether or not earlier ones are done."""
        if self._arrivals_started:
            self.over.wait()
            return
        self._arrivals_started = True
        for arrival in self.plan.dealt(Random(self.settings.seed), self.slot, self.slots):
            wait_s = arrival.at_s - self.elapsed_s()
            if wait_s > 0:
                gevent.sleep(wait_s)
            if self.stopping and arrival.at_s > self.elapsed_s():
                break
            self._open_arrival(arrival)
        self._arrivals_done.set()

    def _open_arrival(self, arrival: Arrival) -> None:
        counts = self.recorder.ledger.counts
        counts["offered"] += 1
        # Due, but the run is over: the generator was too late.
        if self.stopping or len(self.monitor.readings) >= OPEN_LIMIT:
            counts["dropped"] += 1
            return
        if self.elapsed_s() - arrival.at_s > LATE_LIMIT_S:
            counts["late"] += 1
        gevent.spawn(self._request, self.add_user(), arrival)

    def _request(self, user: VirtualUser, arrival: Arrival) -> StreamOutcome:
        """Send one request as the plan has it, read its answer, and record it."""
        reading, sent = self._prepare(user, arrival)
        self.recorder.ledger.times["start_lag"].record(perf_counter() - reading.due_s)
        self.recorder.open(reading)
        self.monitor.readings.add(reading)
        try:
            self._perform(user, reading, sent)
        except Exception as error:
            # Whatever the server sent: this is the generator's fault.
            self._record_generator_fault(reading, f"internal error: {error!r}")
            raise
        finally:
            # Also if locust kills the user: every stream is counted.
            self.monitor.readings.discard(reading)
            if reading.outcome is None:
                reading.outcome = StreamOutcome.OPEN_AT_END
            reading.ended_s = reading.ended_s or perf_counter()
            self._put_back(user, reading)
            self.recorder.close(reading)
            if self.on_close is not None:
                self.on_close(reading)
        return reading.outcome

    def _prepare(self, user: VirtualUser, arrival: Arrival) -> tuple[StreamReading, BuiltRequest]:
        behaviour, rng = self.plan.behaviour, user.rng
        nonce = f"{self._nonce_head}{next(self._nonces) & 0xFFFFFFFF:08x}"
        shape = RequestShape(user.turn, arrival.pad_bytes, arrival.cap)
        sent = shape.build(self.dialect, nonce)
        bodies = self.dialect.invalid_bodies()
        invalid = bool(bodies) and rng.random() < behaviour.invalid_share
        if invalid:
            sent = BuiltRequest(nonce, rng.choice(bodies), "invalid")
        oracle = self.oracles.get(sent.shape) or self.oracles.get("", Oracle())
        reading = StreamReading(
            verifier=verifier_of(sent, oracle, self.dialect),
            due_s=self.started_s + arrival.at_s,
            phase="slow readers" if user.slow else self.plan.phase_at(arrival.at_s),
            cut_after=oracle.read_events,
            read_bytes_per_s=behaviour.read_bytes_per_s if user.slow else None,
            invalid=invalid,
            silence_limit_s=self.settings.first_event_limit_s,
            stall_limit_s=self.settings.stall_limit_s,
        )
        if rng.random() < behaviour.abandon_share:
            reading.cut_after = rng.randint(1, oracle.read_events or oracle.length or 10)
            reading.cut_outcome = StreamOutcome.ABANDONED
        return reading, sent

    def _perform(self, user: VirtualUser, reading: StreamReading, sent: BuiltRequest) -> None:
        request = HttpRequest(
            body=sent.body, content_type=self.dialect.content_type, path=self.endpoint.path
        ).encode(authority=self.endpoint.authority, path=self.endpoint.path, extra=self._fields)
        reused = self._connect(user, reading)
        if reading.connection is None:
            return
        exchange(reading, request)
        if reused and reading.stop is None and (reading.unanswered or reading.status == 408):
            # A server may close an idle connection at any time (RFC 9112 section 9.6), some
            # after sending 408 (RFC 9110 section 15.5.9); what was sent on it meanwhile is sent
            # again, once, on a new one.
            self.recorder.ledger.counts["retries"] += 1
            reading.connection.close()
            reading.unanswered, reading.outcome, reading.failure = False, None, ""
            reading.status, reading.head_s = None, None
            user.connection = None
            self._connect(user, reading)
            if reading.connection is not None:
                exchange(reading, request)

    def _connect(self, user: VirtualUser, reading: StreamReading) -> bool:
        """Give the reading a connection; return whether it was used before."""
        reading.connection, kept, user.connection = None, user.connection, None
        if kept is not None and kept.is_open():
            reading.connection = kept
            self.recorder.ledger.counts["reused"] += 1
            return True
        if kept is not None:
            kept.close()
        begun_s = perf_counter()
        reading.sent_s = reading.last_s = begun_s
        try:
            connection = StreamConnection(
                self.endpoint,
                receive_buffer_bytes=self.plan.behaviour.receive_buffer_bytes
                if user.slow
                else None,
            )
        except StreamConnectError as error:
            reading.outcome = StreamOutcome.FAILED
            reading.failure = f"no connection: {error}"
            if str(error) in _OUT_OF:
                self._record_generator_fault(reading, str(error))
            return False
        except OSError as error:
            # No socket could be made.
            self._record_generator_fault(reading, str(error.strerror).lower())
            return False
        self.recorder.ledger.counts["connections"] += 1
        reading.connect_s = perf_counter() - begun_s
        if reading.stop is not None:
            connection.close()
            reading.outcome = StreamOutcome.OPEN_AT_END
            return False
        reading.connection = connection
        return False

    def _record_generator_fault(self, reading: StreamReading, why: str) -> None:
        """Count a request that failed by a fault of this process."""
        self.recorder.ledger.counts["generator_faults"] += 1
        reading.outcome, reading.failure = StreamOutcome.FAILED, f"the load generator: {why}"

    def _put_back(self, user: VirtualUser, reading: StreamReading) -> None:
        connection, reading.connection = reading.connection, None
        if connection is None:
            return
        keep = reading.reusable and not self.plan.behaviour.fresh_connections
        if keep and self.plan.users is not None:
            user.connection = connection
        else:
            connection.close()

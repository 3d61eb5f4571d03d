"""One process's part of a run: it opens streams as the plan says, and keeps the ledger."""

from __future__ import annotations

import errno
import os
import secrets
from dataclasses import asdict, dataclass, field
from itertools import count
from random import Random
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import gevent
import gevent.event
from streamchat_conformance.chat.request import HttpRequest
from streamchat_conformance.recorder.endpoint import Endpoint

from streamchat_load.connection import ConnectError, Connection
from streamchat_load.ledger import Outcome
from streamchat_load.oracle import Oracle
from streamchat_load.payload import Payload, Sent
from streamchat_load.plan import Arrival, Plan
from streamchat_load.profiles import find_profile
from streamchat_load.reading import Reading, exchange
from streamchat_load.recording import Recorder
from streamchat_load.verify import StreamVerifier
from streamchat_load.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

OPEN_LIMIT = 20_000
"""Most streams that one process holds open; arrivals beyond are counted as dropped."""

SEAT_WAIT_S = 0.02
"""The shortest wait of a user that has nothing to do."""

LATE_LIMIT_S = 0.25
"""An arrival that is opened later than this after its instant counts as late."""

_OUT_OF = frozenset(
    os.strerror(number).lower()
    for number in (errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM)
)
"""Why this machine itself could not open a connection: files, ports or memory ran out."""

SKEW_LIMIT_S = 5.0
"""How far a process may be behind the master and still have all its arrivals sent."""


DRAIN_S = 5.0
"""How long open streams may go on when the run is over, at least, unless the user says."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the master tells its workers, and a local run tells itself. Plain data."""

    url: str
    profile: str = "smoke"
    parameters: dict[str, str] = field(default_factory=dict)
    insecure: bool = False
    ca_file: str | None = None
    fields: list[list[str]] = field(default_factory=list)
    first_event_limit_s: float = 10.0
    stall_limit_s: float = 15.0
    stream_limit_s: float = 600.0
    drain_s: float | None = None
    """Time for open streams to end when the run is over; None: as the preflight found."""
    read_events: int | None = None
    """Read each stream for so many events, then close it; None: to its end."""
    texts_vary: bool = False
    """Foretell nothing of what streams say."""
    seed: int = 0
    server_pid: int | None = None

    def extra_fields(self, payload: Payload) -> list[tuple[str, str]]:
        """Return the field lines of each request that are not the same for every endpoint.

        Streams are not decoded (RFC 9110 section 12.5.3: without the field any coding is fine).
        """
        given = [(name, value) for name, value in (*payload.fields, *self.fields)]
        return [("Accept-Encoding", "identity"), *given]

    def dump(self) -> dict[str, Any]:
        """Return a form that msgpack can carry; its members are the constructor's."""
        return asdict(self)

    def endpoint(self, payload: Payload) -> Endpoint:
        """Return where requests go. Raises TargetUrlError."""
        return Endpoint.from_url(
            self.url, path=payload.path, insecure=self.insecure, ca_file=self.ca_file
        )

    def plan(self) -> Plan:
        """Return the plan. Raises UsageError."""
        return find_profile(self.profile).plan(self.parameters)


@dataclass(slots=True)
class Seat:
    """One user's place: its number in the whole run, its own dice, its connection."""

    number: int
    rng: Random
    connection: Connection | None = None
    turn: int = 0
    slow: bool = False


class LoadRun:
    """Opens, reads and records streams in one process."""

    def __init__(
        self,
        settings: Settings,
        payload: Payload,
        oracles: Mapping[str, Oracle],
        *,
        slot: int = 0,
        slots: int = 1,
        on_close: Callable[[Reading], None] | None = None,
    ) -> None:
        self.settings = settings
        self.payload = payload
        self.oracles = oracles
        self.slot = slot
        self.slots = slots
        self.on_close = on_close
        self.plan = settings.plan()
        self.endpoint = settings.endpoint(payload)
        self.recorder = Recorder()
        self.stopping = False
        self.over = gevent.event.Event()
        self.started_s = perf_counter()
        self.watch = Watch(self)
        self._fields = settings.extra_fields(payload)
        self._nonce_head = f"{slot & 0xFF:02x}{secrets.token_hex(3)}"
        self._nonces = count()
        self._seats = count()
        self._cpu_s = 0.0
        self._arrivals_started = False
        self._arrivals_done = gevent.event.Event()

    def start(self) -> None:
        """Begin: time nought of the plan."""
        self.started_s = perf_counter()
        self._cpu_s = process_time()
        self.watch.start()

    def seat(self) -> Seat:
        """Return the place of one more user of this process."""
        number = next(self._seats) * self.slots + self.slot
        rng = Random(f"{self.settings.seed}/{number}")
        return Seat(number, rng, slow=rng.random() < self.plan.behaviour.slow_share)

    @property
    def drain_s(self) -> float:
        """How long open streams may go on when the run is over."""
        drain_s = self.settings.drain_s
        return DRAIN_S if drain_s is None else drain_s

    def elapsed_s(self) -> float:
        """Return the time since the start (seconds)."""
        return perf_counter() - self.started_s

    def act(self, seat: Seat) -> None:
        """Do one user's next thing: wait for its turn, or open a stream and read it."""
        if self.stopping:
            self.over.wait()
            gevent.sleep(1.0)
            return
        if self.plan.users is None:
            self._serve_arrivals()
            return
        at_s = self.elapsed_s()
        if at_s >= self.plan.duration_s or seat.number >= self.plan.users(at_s):
            gevent.sleep(max(SEAT_WAIT_S, self.plan.turn_s(seat.number, at_s) - at_s))
            return
        self._converse(seat, Arrival(at_s))

    def finish(self) -> None:
        """End: open no more streams, let the open ones go on for a while, then count them."""
        if self.stopping:
            self.over.wait(self.drain_s + 10.0)
            return
        self._await_arrivals()
        self.stopping = True
        self.watch.drain(self.drain_s)
        self.watch.stop()
        used_s = process_time() - self._cpu_s
        self.recorder.ledger.counts["generator_cpu_us"] += round(used_s * 1e6)
        self.over.set()

    def _await_arrivals(self) -> None:
        """Let this process, if it is behind the master's clock, come to the plan's end too."""
        left_s = self.plan.duration_s - self.elapsed_s()
        if self.plan.arrivals is not None and left_s <= SKEW_LIMIT_S:
            self._arrivals_done.wait(SKEW_LIMIT_S)
            # The last ones were only just handed to the hub.
            gevent.sleep(0)

    def _converse(self, seat: Seat, arrival: Arrival) -> None:
        behaviour = self.plan.behaviour
        shortest_s, longest_s = behaviour.think_s
        if longest_s:
            gevent.sleep(seat.rng.uniform(shortest_s, longest_s))
            arrival = Arrival(self.elapsed_s())
            if self.stopping:
                return
        outcome = self._request(seat, arrival)
        seat.turn = (seat.turn + 1) % behaviour.turns
        if outcome in (Outcome.FAILED, Outcome.REFUSED):
            # A server that is gone or full is asked again without haste.
            gevent.sleep(0.05 + seat.rng.random() * 0.1)

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
        # Due, but the run is over: the generator did not get to it.
        if self.stopping or len(self.watch.readings) >= OPEN_LIMIT:
            counts["dropped"] += 1
            return
        if self.elapsed_s() - arrival.at_s > LATE_LIMIT_S:
            counts["late"] += 1
        gevent.spawn(self._request, self.seat(), arrival)

    def _request(self, seat: Seat, arrival: Arrival) -> Outcome:
        """Send one request as the plan has it, read its answer, and record it."""
        reading, sent = self._prepare(seat, arrival)
        self.recorder.ledger.times["start_lag"].record(perf_counter() - reading.due_s)
        self.recorder.open(reading)
        self.watch.readings.add(reading)
        try:
            self._perform(seat, reading, sent)
        except Exception as error:
            # Not the server's doing, whatever it sent.
            self._blame_generator(reading, f"internal error: {error!r}")
            raise
        finally:
            # Also when locust kills the user: a stream is never left uncounted.
            self.watch.readings.discard(reading)
            if reading.outcome is None:
                reading.outcome = Outcome.OPEN_AT_END
            reading.ended_s = reading.ended_s or perf_counter()
            self._put_back(seat, reading)
            self.recorder.close(reading)
            if self.on_close is not None:
                self.on_close(reading)
        return reading.outcome

    def _prepare(self, seat: Seat, arrival: Arrival) -> tuple[Reading, Sent]:
        behaviour, rng = self.plan.behaviour, seat.rng
        nonce = f"{self._nonce_head}{next(self._nonces) & 0xFFFFFFFF:08x}"
        sent = self.payload.build(nonce, turn=seat.turn, pad_bytes=arrival.pad_bytes)
        bodies = self.payload.invalid_bodies()
        invalid = bool(bodies) and rng.random() < behaviour.invalid_share
        if invalid:
            sent = Sent(nonce, rng.choice(bodies), "invalid")
        oracle = self.oracles.get(sent.shape) or self.oracles.get("", Oracle())
        reading = Reading(
            verifier=StreamVerifier(sent, oracle, self.payload),
            due_s=self.started_s + arrival.at_s,
            phase="slow readers" if seat.slow else self.plan.phase_at(arrival.at_s),
            cut_after=oracle.read_events,
            read_bytes_per_s=behaviour.read_bytes_per_s if seat.slow else None,
            invalid=invalid,
            silence_limit_s=self.settings.first_event_limit_s,
            stall_limit_s=self.settings.stall_limit_s,
        )
        if rng.random() < behaviour.abandon_share:
            reading.cut_after = rng.randint(1, oracle.read_events or oracle.length or 10)
            reading.cut_outcome = Outcome.ABANDONED
        return reading, sent

    def _perform(self, seat: Seat, reading: Reading, sent: Sent) -> None:
        request = HttpRequest(
            body=sent.body, content_type=self.payload.content_type, path=self.endpoint.path
        ).encode(authority=self.endpoint.authority, path=self.endpoint.path, extra=self._fields)
        reused = self._connect(seat, reading)
        if reading.connection is None:
            return
        exchange(reading, request)
        if reused and reading.stop is None and (reading.unanswered or reading.status == 408):
            # The server may close an idle connection at any time (RFC 9112 section 9.6), some
            # after saying 408 (RFC 9110 section 15.5.9); what was sent on it meanwhile is sent
            # again, once, on a new one.
            self.recorder.ledger.counts["retries"] += 1
            reading.connection.close()
            reading.unanswered, reading.outcome, reading.failure = False, None, ""
            reading.status, reading.head_s = None, None
            seat.connection = None
            self._connect(seat, reading)
            if reading.connection is not None:
                exchange(reading, request)

    def _connect(self, seat: Seat, reading: Reading) -> bool:
        """Give the reading a connection; return whether it had served before."""
        reading.connection, kept, seat.connection = None, seat.connection, None
        if kept is not None and kept.is_open():
            reading.connection = kept
            self.recorder.ledger.counts["reused"] += 1
            return True
        if kept is not None:
            kept.close()
        begun_s = perf_counter()
        reading.sent_s = reading.last_s = begun_s
        try:
            connection = Connection(
                self.endpoint,
                receive_buffer_bytes=self.plan.behaviour.receive_buffer_bytes
                if seat.slow
                else None,
            )
        except ConnectError as error:
            reading.outcome = Outcome.FAILED
            reading.failure = f"no connection: {error}"
            if str(error) in _OUT_OF:
                self._blame_generator(reading, str(error))
            return False
        except OSError as error:
            # Not even a socket was to be had.
            self._blame_generator(reading, str(error.strerror).lower())
            return False
        self.recorder.ledger.counts["connections"] += 1
        reading.connect_s = perf_counter() - begun_s
        if reading.stop is not None:
            connection.close()
            reading.outcome = Outcome.OPEN_AT_END
            return False
        reading.connection = connection
        return False

    def _blame_generator(self, reading: Reading, why: str) -> None:
        """Count a request that came to nothing by a fault of this process."""
        self.recorder.ledger.counts["generator_faults"] += 1
        reading.outcome, reading.failure = Outcome.FAILED, f"the load generator: {why}"

    def _put_back(self, seat: Seat, reading: Reading) -> None:
        connection, reading.connection = reading.connection, None
        if connection is None:
            return
        keep = reading.reusable and not self.plan.behaviour.fresh_connections
        if keep and self.plan.users is not None:
            seat.connection = connection
        else:
            connection.close()

"""The preflight: whether the target is the endpoint, and what to expect of its streams."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING

import gevent
from streamchat_conformance.core.http_request import HttpRequest

from streamchat_load.client.connection import StreamConnectError, StreamConnection
from streamchat_load.client.exchange import exchange
from streamchat_load.client.fetch import fetch
from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.client.reading import StopReason, StreamReading
from streamchat_load.dialects.dialect import RequestShape
from streamchat_load.faults import StreamFault
from streamchat_load.preflight.bounded_recording import BoundedRecording
from streamchat_load.preflight.learning import has_the_minute, learn_oracle, may_have_a_clock
from streamchat_load.preflight.notes import describe, faults, findings_of
from streamchat_load.preflight.problems import require_streams
from streamchat_load.preflight.shapes import shapes_of
from streamchat_load.verification.judged_verifier import JudgedVerifier
from streamchat_load.verification.oracle import Oracle
from streamchat_load.verification.template import LEARNING_NONCES
from streamchat_load.verification.verifiers import verifier_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from streamchat_load.dialects.dialect import BuiltRequest, LoadDialect
    from streamchat_load.runner.settings import LoadSettings

TOGETHER = 3
"""How many streams are read at the same time: every server must serve that many."""

REREAD_LIMIT = 3
"""How often streams of one shape are read again if they do not agree."""

PROOF_ROUNDS = 3
"""How often more streams are compared with what was learned, if they are short."""

PROOF_LIMIT_S = 0.5
"""The time after which that is done only once."""

PROOF_EVENTS = 3
"""How many events of endless streams are read for that."""

DEVIATIONS_LIMIT = 1
"""How many of them may differ: those count as faults. If more do, answers vary."""

_DEVIATIONS = frozenset(
    {
        StreamFault.LOST,
        StreamFault.DUPLICATED,
        StreamFault.REORDERED,
        StreamFault.ALTERED,
        StreamFault.TRUNCATED,
    }
)

NEXT_SECOND_AFTER_S = 1.1
"""The time after which a clock that shows seconds shows others."""

READ_S = 1.0
"""How long a stream without an end is read under the load, at least (seconds)."""

READ_PARTS = 4
"""How many such streams a user reads in a run, about."""

FURTHER_SHAPE_READ_S = 3.0
"""How much of such streams is read of the second shape and of those after it."""

RETRY_S = 0.25
"""Time between two attempts to be served alone."""

DISCOVERY_LIMIT_S = 5.0
"""How long the answer to what is deployed may take."""

WORTH_ANOTHER_FORM = frozenset({400, 404, 422})
"""Statuses of a refusal that another form of the request may not get."""

SETTLE_LIMIT_S = 5.0
"""How long a reading may take to notice that its time is over."""


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """Oracles by shape, and what the user is to know."""

    oracles: dict[str, Oracle]
    notes: tuple[str, ...]
    streams: int
    """How many were requested."""
    stream_s: float = 0.0
    """How long a stream takes under the load, about: the longest that was seen."""
    dialect: LoadDialect | None = None
    """The dialect with the requests that this server accepts."""


def run_preflight(
    settings: LoadSettings,
    dialect: LoadDialect,
    *,
    limit_s: float,
    progress: Callable[[str], None] = lambda _line: None,
) -> PreflightResult:
    """Read a few streams of each shape, three at a time, and learn what they have in common.

    `limit_s` bounds the time for learning from one shape; proving takes half as long at most.
    `progress` is called with a line of text before and after each shape.
    Raises LoadUsageError if there is no such server, or it is not the endpoint: then no load
    should be applied.
    """
    dialect, notes = accepted_variant(settings, dialect, limit_s)
    for note in notes:
        progress(note)
    preflight = Preflight(settings, dialect, limit_s)
    oracles: dict[str, Oracle] = {}
    shapes = shapes_of(settings.plan())
    for number, asked in enumerate(shapes, start=1):
        shape = asked.build(dialect, LEARNING_NONCES[0]).shape
        progress(
            f"preflight {number} of {len(shapes)} ({shape}): reading {TOGETHER} streams and more, "
            f"{limit_s * 1.5:g} s at most"
        )
        oracle, readings = preflight.learn_shape(asked)
        oracles[shape] = oracle
        notes.append(f"{shape}: {describe(oracle)}")
        progress(notes[-1])
        notes.extend(faults(readings))
        notes.extend(findings_of(readings[0], dialect, echo=oracle.echo, exclude=notes))
    # Shapes that were not read: none of their texts is known.
    known = next(iter(oracles.values()))
    oracles[""] = Oracle(echo=known.echo, read_events=known.read_events)
    streams, stream_s = preflight.streams, preflight.stream_s
    return PreflightResult(oracles, tuple(notes), streams, stream_s, dialect)


def accepted_variant(
    settings: LoadSettings, dialect: LoadDialect, limit_s: float
) -> tuple[LoadDialect, list[str]]:
    """Return the dialect with the first form of requests that a server accepts, and notes on it.

    A form is passed over only if the server refuses it with a 4xx; where all are, the first is
    returned, whose refusal is then reported.
    """
    endpoint = settings.endpoint(dialect)
    if (question := dialect.discovery(endpoint.path)) is not None:
        extra = settings.extra_fields(dialect)
        status, body = fetch(endpoint, question, extra, min(limit_s, DISCOVERY_LIMIT_S))
        dialect = dialect.discovered(body if status == 200 else b"")
    variants = dialect.variants()
    if len(variants) == 1:
        return dialect, []
    refused: list[str] = []
    for variant in variants:
        preflight = Preflight(settings, variant, limit_s)
        sent = variant.build(LEARNING_NONCES[0])
        reading = preflight.read_alone(sent, limit_s)
        if reading.status in WORTH_ANOTHER_FORM:
            refused.append(f"the server refuses requests with {variant.form_note}")
            continue
        usage = isinstance(reading.verifier, JudgedVerifier) and reading.verifier.usage is not None
        return variant.with_usage(usage), refused
    return dialect, []


class Preflight:
    """Learns the oracles of shapes, one after another, and proves them."""

    def __init__(self, settings: LoadSettings, dialect: LoadDialect, limit_s: float) -> None:
        self.settings = settings
        self.dialect = dialect
        self.limit_s = limit_s
        self.endpoint = settings.endpoint(dialect)
        self.streams = 0
        """How many were requested."""
        self.stream_s = 0.0
        """How long a stream takes, about: the longest that was seen."""
        self.read_s = min(limit_s, max(READ_S, settings.plan().duration_s / READ_PARTS))
        """How long each stream without an end is read under the load, about."""
        self._endless: Oracle | None = None
        """The oracle of an earlier shape whose streams have no end."""
        self._is_steady = False
        """Streams of an earlier shape are steady: those of others are not proved."""

    def learn_shape(self, asked: RequestShape) -> tuple[Oracle, list[StreamReading]]:
        """Return the oracle of a shape, and the streams that were read for it."""

        def build(*nonces: str) -> list[BuiltRequest]:
            fresh = [secrets.token_hex(8) for _ in range(TOGETHER - len(nonces))]
            return [asked.build(self.dialect, nonce) for nonce in (*nonces, *fresh)]

        oracle, readings = self._learn(build)
        if oracle.read_events is not None:
            self._endless = self._endless or oracle
            oracle = replace(oracle, read_events=self._endless.read_events)
        self._time(readings, oracle)
        return oracle, readings

    def _time(self, readings: Iterable[StreamReading], oracle: Oracle) -> None:
        """Record how long streams take: to their end, or until enough of them is read."""
        for reading in readings:
            stamps_s = reading.stamps_s
            if not stamps_s:
                continue
            end_s = reading.ended_s
            if oracle.read_events is not None:
                end_s = stamps_s[min(oracle.read_events, len(stamps_s)) - 1]
            self.stream_s = max(self.stream_s, end_s - reading.sent_s)

    def _learn(
        self, build: Callable[..., list[BuiltRequest]]
    ) -> tuple[Oracle, list[StreamReading]]:
        begun_s = perf_counter()
        oracle: Oracle | None = None
        readings: list[StreamReading] = []
        for _ in range(REREAD_LIMIT):
            left_s = self.limit_s - (perf_counter() - begun_s)
            if left_s <= self.limit_s / 2 and oracle is not None:
                break
            round_s = perf_counter()
            readings = self._read_each(build(*LEARNING_NONCES), left_s)
            require_streams(readings, self.endpoint, self.limit_s, self.dialect)
            oracle = learn_oracle(readings, None if self.settings.read_events else self.read_s)
            if self.settings.texts_vary:
                return oracle.without_length(), readings
            if oracle.is_predictable:
                by_clock = may_have_a_clock(oracle, self.dialect)
                oracle = self._proven(oracle, build, round_s, readings)
                if oracle.is_predictable or by_clock:
                    self._is_steady = oracle.is_predictable
                    return oracle, readings
        if oracle is None:
            return Oracle(), readings
        if oracle.length is not None:
            oracle = self._proven(oracle, build, round_s, readings)
        return oracle, readings

    def _proven(
        self,
        oracle: Oracle,
        build: Callable[[], list[BuiltRequest]],
        begun_s: float,
        readings: list[StreamReading],
    ) -> Oracle:
        """Return an oracle without what more streams disprove.

        Those are added to `readings` if the oracle stays: one that differs is faulty then.
        """
        proofs = self._prove(oracle, build, begun_s)
        proven = _as_proven(oracle, proofs)
        if proven is oracle:
            readings += proofs
        return proven.without_texts() if has_the_minute(proven, self.dialect) else proven

    def _prove(
        self, oracle: Oracle, build: Callable[[], list[BuiltRequest]], begun_s: float
    ) -> list[StreamReading]:
        """Verify a few more streams by an oracle: what they have in common may have been chance.

        There are as many as arrive without a long wait, and a few in any case; none if this
        server's answers have proved steady before.
        """
        proofs: list[StreamReading] = []
        endless = oracle.read_events is not None
        for number in range(0 if self._is_steady else PROOF_ROUNDS):
            spent_s = perf_counter() - begun_s
            if not endless and spent_s > (PROOF_LIMIT_S if number else self.limit_s / 2):
                break
            if endless and number:
                break
            proofs += self._read(build(), self.limit_s / 2, oracle)
        if may_have_a_clock(oracle, self.dialect):
            gevent.sleep(max(0.0, NEXT_SECOND_AFTER_S - (perf_counter() - begun_s)))
            proofs += self._read(build(), self.limit_s / 2, oracle)
        return proofs

    def _read_each(self, requests: Sequence[BuiltRequest], limit_s: float) -> list[StreamReading]:
        """Read streams at the same time; those that had to wait for others are then read alone.

        A server may serve few at a time.
        """
        readings = self._read(requests, limit_s)
        if not any(reading.verifier.texts for reading in readings):
            return readings
        return [self._read_alone(reading, limit_s / TOGETHER) for reading in readings]

    def read_alone(self, sent: BuiltRequest, limit_s: float) -> StreamReading:
        """Read the answer to one request, and again if the server has no room for it."""
        reading = self._read([sent], limit_s)[0]
        return self._read_alone(reading, limit_s / TOGETHER)

    def _read_alone(self, reading: StreamReading, limit_s: float) -> StreamReading:
        """Read a stream again if it had to wait for others, until the server serves it."""
        until_s = perf_counter() + limit_s
        while _had_to_wait(reading) and (left_s := until_s - perf_counter()) > 0:
            reading = self._read([reading.verifier.sent], left_s)[0]
            if reading.outcome is StreamOutcome.REFUSED:
                gevent.sleep(RETRY_S)
        return reading

    def _read(
        self, requests: Sequence[BuiltRequest], limit_s: float, oracle: Oracle | None = None
    ) -> list[StreamReading]:
        """Read the answers to a few requests at the same time, for `limit_s` at most.

        With an `oracle` they are judged by it, and endless ones read for a few events only.
        """
        readings = []
        greenlets = []
        cut_after = self.settings.read_events
        if oracle is not None and oracle.read_events is not None:
            cut_after = min(oracle.read_events, PROOF_EVENTS)
        elif self._endless is not None and self._endless.read_events is not None:
            # Streams are known to have no end: their beginning is enough.
            rate_per_s = self._endless.read_events / self.read_s
            cut_after = max(
                1, min(self._endless.read_events, round(rate_per_s * FURTHER_SHAPE_READ_S))
            )
        self.streams += len(requests)
        for sent in requests:
            verifier = verifier_of(sent, oracle or Oracle(), self.dialect, keep_texts=True)
            reading = StreamReading(
                verifier=verifier,
                due_s=perf_counter(),
                phase="",
                cut_after=cut_after,
                cut_outcome=StreamOutcome.OPEN_AT_END,
            )
            reading.recording = BoundedRecording(reading, limit_s)
            readings.append(reading)
            greenlets.append(gevent.spawn(self._read_one, reading, sent))
        gevent.joinall(greenlets, timeout=limit_s)
        for reading in readings:
            reading.end(StopReason.RUN_OVER)
        gevent.joinall(greenlets, timeout=SETTLE_LIMIT_S)
        return readings

    def _read_one(self, reading: StreamReading, sent: BuiltRequest) -> None:
        endpoint, dialect = self.endpoint, self.dialect
        extra = self.settings.extra_fields(dialect)
        request = HttpRequest(body=sent.body, content_type=dialect.content_type).encode(
            authority=endpoint.authority, path=endpoint.path, extra=extra
        )
        try:
            reading.connection = StreamConnection(endpoint)
        except StreamConnectError as error:
            reading.failure = f"cannot connect: {error}"
            return
        try:
            exchange(reading, request)
        finally:
            reading.connection.close()


def _had_to_wait(reading: StreamReading) -> bool:
    """Return whether a request was refused, or not served while others were."""
    waited = reading.outcome in (StreamOutcome.REFUSED, StreamOutcome.OPEN_AT_END)
    return waited and reading.evidence is None and not reading.verifier.texts


def _as_proven(oracle: Oracle, proofs: Sequence[StreamReading]) -> Oracle:
    """Return an oracle without what more streams disproved."""
    if sum(map(_deviates, proofs)) <= DEVIATIONS_LIMIT:
        return oracle
    whole = [reading for reading in proofs if _deviates(reading) or reading.evidence is None]
    lengths = [reading.verifier.events for reading in whole]
    others = sum(length != oracle.length for length in lengths)
    return oracle.without_length() if others > DEVIATIONS_LIMIT else oracle.without_texts()


def _deviates(reading: StreamReading) -> bool:
    """Return whether a stream differs from what was learned and has no other fault."""
    return reading.evidence is not None and reading.evidence.fault in _DEVIATIONS

"""What is learnt of a target before any load: whether it is the endpoint, and what it says."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import islice, pairwise
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

import gevent
from streamchat_conformance.chat.request import HttpRequest
from streamchat_conformance.core.exchange import Ending, Exchange

from streamchat_load.connection import ConnectError, Connection
from streamchat_load.faults import Fault
from streamchat_load.foretold import ForetoldBody, learn_body
from streamchat_load.ledger import Outcome
from streamchat_load.oracle import Oracle
from streamchat_load.parameters import UsageError
from streamchat_load.reading import Reading, Stop, exchange
from streamchat_load.template import LEARNING_NONCES, learn
from streamchat_load.verify import StreamVerifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from streamchat_conformance.recorder.endpoint import Endpoint

    from streamchat_load.payload import Payload, Sent
    from streamchat_load.plan import Plan
    from streamchat_load.run import Settings

SHAPE_LIMIT = 16
"""At most so many shapes of request are surveyed; further ones go without a template."""

ROUNDS = 3
"""How often streams of one shape are read anew when they do not agree."""

JUDGED_LIMIT_BYTES = 1024 * 1024
"""Larger lone streams are not looked at by the suite's judges, who take their time."""

SETTLE_LIMIT_S = 5.0
"""How long a reading may take to notice that its time is over."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Oracles by shape, and what is to be told to the user."""

    oracles: dict[str, Oracle]
    notes: tuple[str, ...]


def shapes_of(plan: Plan) -> list[tuple[int, int]]:
    """Return (turn, padding) of each shape of request that a plan sends, at most so many."""
    if plan.arrivals is None:
        return [(turn, 0) for turn in range(min(plan.behaviour.turns, SHAPE_LIMIT))]
    pads = {arrival.pad_bytes: None for arrival in plan.arrivals(Random(0))}
    return [(0, pad) for pad in islice(pads, SHAPE_LIMIT)]


def survey(settings: Settings, payload: Payload, *, limit_s: float) -> Survey:
    """Read a few streams of each shape, three at a time, and learn what they have in common.

    `limit_s` bounds the time for one shape. Raises UsageError when there is no such server, or
    it is not the endpoint: then no load should be applied.
    """
    endpoint = settings.endpoint(payload)
    plan = settings.plan()
    oracles: dict[str, Oracle] = {}
    notes: list[str] = []
    for turn, pad_bytes in shapes_of(plan):
        shape = payload.build(LEARNING_NONCES[0], turn=turn, pad_bytes=pad_bytes).shape
        begun_s = perf_counter()
        for _ in range(ROUNDS):
            left_s = limit_s - (perf_counter() - begun_s)
            if left_s <= limit_s / 2 and shape in oracles:
                break
            requests = [
                payload.build(nonce, turn=turn, pad_bytes=pad_bytes)
                for nonce in (*LEARNING_NONCES, secrets.token_hex(8))
            ]
            readings = _read_together(requests, settings, payload, endpoint, left_s)
            _require_streams(readings, endpoint, limit_s)
            oracles[shape] = _agree(readings)
            if oracles[shape].template is not None:
                break
        notes.append(f"{shape}: {_describe(oracles[shape])}")
        notes.extend(_faults(readings))
        notes.extend(_findings(readings[0], payload, exclude=notes))
    # Shapes that were not looked at: nothing is foretold of them.
    known = next(iter(oracles.values()))
    oracles[""] = Oracle(echo=known.echo, read_events=known.read_events)
    return Survey(oracles, tuple(notes))


def _read_together(
    requests: Iterable[Sent],
    settings: Settings,
    payload: Payload,
    endpoint: Endpoint,
    limit_s: float,
) -> list[Reading]:
    """Read the answers to a few requests at once, for so long at most."""
    readings = []
    greenlets = []
    for sent in requests:
        verifier = StreamVerifier(sent, Oracle(), payload, keep_texts=True)
        reading = Reading(
            verifier=verifier,
            due_s=perf_counter(),
            phase="",
            tape=[],
            cut_after=settings.read_events,
            cut_outcome=Outcome.OPEN_AT_END,
        )
        readings.append(reading)
        greenlets.append(gevent.spawn(_read_one, reading, sent, settings, payload, endpoint))
    gevent.joinall(greenlets, timeout=limit_s)
    for reading in readings:
        reading.end(Stop.RUN_OVER)
    gevent.joinall(greenlets, timeout=SETTLE_LIMIT_S)
    return readings


def _read_one(
    reading: Reading, sent: Sent, settings: Settings, payload: Payload, endpoint: Endpoint
) -> None:
    extra = [(name, value) for name, value in (*payload.fields, *settings.fields)]
    request = HttpRequest(body=sent.body, content_type=payload.content_type).encode(
        authority=endpoint.authority, path=endpoint.path, extra=extra
    )
    try:
        reading.connection = Connection(endpoint)
    except ConnectError as error:
        reading.failure = f"cannot connect: {error}"
        return
    try:
        exchange(reading, request)
    finally:
        reading.connection.close()


def _require_streams(readings: Iterable[Reading], endpoint: Endpoint, limit_s: float) -> None:
    """Raise UsageError when not one of the streams is what the endpoint sends."""
    problems = []
    for reading in readings:
        problem = _problem(reading, endpoint, limit_s)
        if problem is None:
            return
        problems.append(problem)
    raise UsageError(problems[0])


def _problem(reading: Reading, endpoint: Endpoint, limit_s: float) -> str | None:
    """Return why a reading is not what the endpoint sends, or None."""
    where = f"POST {endpoint.url}"
    if reading.connection is None:
        return f"{endpoint.url} cannot be reached: {reading.failure}"
    if reading.status is None:
        if reading.evidence is not None:
            return f"{where} does not speak HTTP: {reading.evidence.message}"
        why = reading.failure or f"no answer within {limit_s:g} s"
        return f"{where} gave no answer: {why}"
    if reading.outcome is Outcome.REFUSED:
        return f"{where} refuses even a lone stream (status {reading.status})"
    return _stream_problem(reading, where, limit_s)


def _stream_problem(reading: Reading, where: str, limit_s: float) -> str | None:
    evidence = reading.evidence
    if reading.status != 200:
        wanted = "not 200 with an event stream"
        return f"{where} is not the endpoint: a valid request got status {reading.status}, {wanted}"
    if evidence is not None and evidence.fault in {Fault.HEAD, Fault.PAYLOAD}:
        return f"{where} is not the endpoint: {evidence.message}; asked for {evidence.expected}"
    if not reading.verifier.texts:
        return f"{where} sent no event within {limit_s:g} s"
    return None


def _agree(readings: list[Reading]) -> Oracle:
    """Return what three streams of one shape have in common."""
    sound = [reading for reading in readings if reading.evidence is None]
    texts = [reading.verifier.texts or [] for reading in readings]
    first = next((reading for reading in sound if reading.verifier.texts), None)
    if first is None:
        return Oracle()
    echo = first.verifier.payload.echoes((first.verifier.texts or [""])[0], first.verifier.sent)
    ended = all(reading.outcome is Outcome.VERIFIED for reading in readings)
    running = all(reading.outcome is Outcome.OPEN_AT_END for reading in readings)
    lengths = {len(found) for found in texts}
    bodies = {reading.body_bytes for reading in readings}
    agreed = len(sound) == len(readings) and (running or (ended and len(lengths) == 1))
    template = (
        learn(texts[0], texts[1], texts[2], readings[2].verifier.sent.nonce) if agreed else None
    )
    return Oracle(
        template=template,
        foretold=_foretold(readings) if template is not None and ended else None,
        length=lengths.pop() if ended and len(lengths) == 1 else None,
        body_bytes=bodies.pop() if ended and len(bodies) == 1 else None,
        echo=echo,
        numbered=all(_numbered(reading.verifier.ids) for reading in readings),
        read_events=None if not running else max(1, min(lengths)),
    )


def _foretold(readings: Sequence[Reading]) -> ForetoldBody | None:
    """Return the rule behind the bodies of three streams that ended, or None."""
    bodies = [reading.verifier.kept_body for reading in readings]
    whole = [body for body in bodies if body is not None]
    if len(whole) < len(bodies):
        return None
    return learn_body(whole, readings[2].verifier.sent.nonce)


def _findings(reading: Reading, payload: Payload, *, exclude: Iterable[str]) -> list[str]:
    """Return what the payload's judges say of a lone stream, each only once."""
    tape = reading.tape or []
    if sum(len(read.data) for read in tape) > JUDGED_LIMIT_BYTES or reading.request is None:
        return []
    ended = reading.outcome is not Outcome.OPEN_AT_END
    exchange = Exchange(
        request=reading.request,
        reads=tuple(tape),
        ending=Ending.COMPLETE if ended else Ending.ABANDONED,
        ended_at_s=reading.ended_s - reading.sent_s,
    )
    found = [f"a lone stream breaks {finding}" for finding in payload.findings(exchange)]
    return [note for note in found if note not in exclude]


def _numbered(ids: list[str]) -> bool:
    """Tell whether ids are whole numbers, each one more than the last; two at least."""
    if len(ids) < 2 or not all(text.isascii() and text.isdigit() for text in ids):
        return False
    return all(int(later) == int(earlier) + 1 for earlier, later in pairwise(ids))


def _describe(oracle: Oracle) -> str:
    """Tell what can be judged of a shape's streams, in a line."""
    if oracle.length is not None:
        parts = [f"streams of {oracle.length} events"]
    elif oracle.read_events is not None:
        parts = [f"endless or long streams: each is read for {oracle.read_events} events"]
    else:
        parts = ["streams of varying length: a missing tail is seen only by its missing end"]
    parts.append("events repeat the request" if oracle.echo else "no echo")
    if oracle.template is not None:
        distinct, total = oracle.template.distinct, len(oracle.template.events)
        what = "every byte" if oracle.foretold is not None else "every text"
        parts.append(f"{what} is foretold ({distinct} of {total} events differ)")
        if distinct == 1 and total > 1:
            parts.append("equal texts in another order look the same")
    elif oracle.numbered:
        parts.append("texts vary; order is judged by ids")
    else:
        parts.append("texts vary: lost, repeated or reordered events cannot be told")
    return "; ".join(parts)


def _faults(readings: Iterable[Reading]) -> list[str]:
    return [
        f"before the load a lone stream was already broken: {found.fault}: {found.message}"
        for reading in readings
        if (found := reading.evidence) is not None
    ][:1]

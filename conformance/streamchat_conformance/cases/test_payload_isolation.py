"""payload: no stream shows what another client wrote, at the same time or before."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from streamchat_conformance.catalogue import ECHO, MUST, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.recorder import Plan, record_together, until
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.concurrency import observe_together
from streamchat_conformance.suite.scenarios.prerequisites import require_no_wait_at_fault
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.repeated_text import text_of
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import (
    SLOW_FIRST_EVENT_S,
    Target,
)
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation

STREAMS_TOGETHER = 8
"""How many streams are open at once."""
WHOLE_S = 2.0
"""Streams that end within this time are read to their end (seconds)."""
NOTICE_S = 2.5
"""How long the server is given to notice that clients have left (seconds)."""
NONCE_REPEATS = 150
"""How often a large request repeats its nonce: a piece left in a buffer still holds one."""
CONNECTIONS = 2
"""On how many connections a small request follows a large one."""
LATER_CLIENTS = 3
"""How many clients ask after others have left."""


class _Nonces:
    """Words of this run that stand for whose request it is, and what was seen of them."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.sent: list[str] = []
        self._numbers = itertools.count()

    def request(self, *, large: bool = False) -> tuple[str, bytes]:
        """Return a new nonce and a request that is made of it."""
        number = next(self._numbers)
        nonce = f"nonce-{number * 7919 + 13:05d}-q"
        self.sent.append(nonce)
        prompt = f"{nonce} " * NONCE_REPEATS if large else f"{nonce}-p"
        chat = self.target.recalling(f"{nonce}-h", now=prompt)
        return nonce, self.target.encode(HttpRequest.chat(chat))

    def check(self, nonce: str, reading: Reading) -> None:
        """Raise Violation if a stream shows another's nonce."""
        text = text_of(reading)
        strange = [other for other in self.sent if other != nonce and other in text]
        if strange:
            finding = Finding(
                "payload.isolation",
                "a stream shows what another client wrote",
                f"{nonce} only",
                json.dumps(strange),
            )
            raise Violation((finding, reading.exchange))


def _stop(target: Target) -> Answered:
    baseline = target.baseline
    whole = baseline.finite and baseline.duration_s <= WHOLE_S
    return Answered(6 if baseline.interval_s < 0.5 else 2, whole=whole)


@requirement(
    "payload.isolation",
    MUST,
    "No stream shows another's prompt, history or text: not at the same time, not after it.",
    source="zoedsoupe/anubis-mcp#144, nesquena/hermes-webui#1584, "
    "modelcontextprotocol/typescript-sdk#2547, mlc-ai/web-llm#522",
    needs=ECHO,
)
@costs(27, together=True)
def test_streams_show_their_own_request_only(target: Target) -> None:
    nonces = _Nonces(target)
    parts = [
        _after_larger_ones_on_the_same_connection,
        _after_clients_that_left,
        _at_the_same_time,
    ]
    # What is left of a stream may go to whoever comes next: never to another case, so that it is
    # seen, but each part looks for the words of all.
    run_together(lambda part: part(target, nonces), parts, at_once=_at_once(target, len(parts)))
    target.require(ECHO)


def _at_once(target: Target, count: int) -> int:
    """Return how many of some clients may ask at the same time: all, or one after the other."""
    return count if target.known.roomy and not target.bounds.sequential else 1


def _at_the_same_time(target: Target, nonces: _Nonces) -> None:
    """Ask several times at once, twice where that does not take long."""
    require_no_wait_at_fault(target)
    for _ in range(2 if target.baseline.first_event_s < SLOW_FIRST_EVENT_S else 1):
        _ask_at_once(target, nonces)


def _ask_at_once(target: Target, nonces: _Nonces) -> None:
    asked = [nonces.request() for _ in range(STREAMS_TOGETHER)]
    plans = [
        Plan(
            endpoint=target.endpoint,
            request=data,
            until=_stop(target),
            label=f"one of {STREAMS_TOGETHER} concurrent streams",
        )
        for _, data in asked
    ]
    readings = observe_together(target, record_together(plans, target.limits))
    if not any(reading.events for reading in readings):
        raise Blocked("resilience.concurrent", "no concurrent stream was served")
    for (nonce, _), reading in zip(asked, readings, strict=True):
        nonces.check(nonce, reading)


def _after_larger_ones_on_the_same_connection(target: Target, nonces: _Nonces) -> None:
    """Ask for little where more was asked for before: what a buffer still holds would show."""
    stop = _stop(target)
    if not stop.whole:
        return

    def ask(_: int) -> None:
        with target.connect() as connection:
            for large in (True, False):
                nonce, data = nonces.request(large=large)
                label = "requests of different size on one connection"
                reading = target.record(connection, data, stop, label)
                nonces.check(nonce, reading)
                if not reading.ended_well or not connection.is_open():
                    return

    run_together(ask, range(CONNECTIONS), at_once=_at_once(target, CONNECTIONS))


def _after_clients_that_left(target: Target, nonces: _Nonces) -> None:
    """Leave streams half-way, then ask: what was not sent to one must not go to another."""
    for reading in _left(target, nonces):
        if not reading.events:
            return
    target.pause(min(NOTICE_S, target.baseline.write_intervals_s + 0.2))
    quick = target.known.first_event_s < SLOW_FIRST_EVENT_S
    later = [nonces.request() for _ in range(LATER_CLIENTS if quick else 1)]

    def ask(asked: tuple[str, bytes]) -> None:
        nonce, data = asked
        label = "a stream after others were left half-way"
        # It may have to wait for those that left, which is no fault of its own.
        reading = target.send(data, stop=_stop(target), label=label, observe=False)
        nonces.check(nonce, reading)

    # Whichever of them comes first shows what was kept for those that left.
    run_together(ask, later, at_once=_at_once(target, LATER_CLIENTS))


def _left(target: Target, nonces: _Nonces) -> Iterator[Reading]:
    """Leave streams after their first event, by FIN and by RST, with small and large requests."""
    enough = until.any_of(Answered(1), until.elapsed(target.known.served_within_s + 2))
    ways = [(reset, large) for large in (False, True) for reset in (True, False)]
    for reset, large in ways if target.known.first_event_s < SLOW_FIRST_EVENT_S else ways[:1]:
        with target.connect() as connection:
            nonce, data = nonces.request(large=large)
            reading = target.record(connection, data, enough, "a stream that is left half-way")
            nonces.check(nonce, reading)
            if reset:
                connection.reset()
        yield reading

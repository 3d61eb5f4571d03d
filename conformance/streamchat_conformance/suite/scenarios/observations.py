"""Slow observations: started before the first case, they run alongside the rest."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

from streamchat_conformance.catalogue import FAULT, FINITE, SLOW
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.stream import WITH_OTHER_CLIENTS, longest_silence
from streamchat_conformance.recorder import Limits, Plan, Until, record_together
from streamchat_conformance.suite.budget.retries import LIMITED
from streamchat_conformance.suite.config.settings import DeclaredRequest
from streamchat_conformance.suite.scenarios.keepalive import Idle, collect_texts
from streamchat_conformance.suite.scenarios.stateful import start_whole_plans
from streamchat_conformance.suite.scenarios.timing import LONG_ENOUGH_S
from streamchat_conformance.suite.target.overload import NoRoom, admitted, with_room
from streamchat_conformance.suite.target.stop_conditions import Paced, Watched
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable

PACE_S = 4.0
"""How long a stream is watched for its pace (seconds)."""
PACE_EVENTS = 12
"""How many events show the pace of a stream."""
SETTLED_S = LONG_ENOUGH_S + 0.1
"""How long a fast stream is watched: its last event has to come when it is long enough."""
RECORDING_BYTES = 1024 * 1024
"""What is recorded of one observed stream."""
FLOOD_KEPT_BYTES = 128 * 1024
"""What is recorded of it where answers were longer than is recorded."""
ACCEPT_ENCODING = ("Accept-Encoding", "gzip, deflate, br")
LONG_PROMPT = " ".join(["Please write a long story about rivers, bridges and boats."] * 8)
LARGE_PROMPT = 60_000
"""Characters of the prompt whose stream is read to its end."""
SOURCES = ("pace", "encoded", "long", "slow", "fault")
LONG_IDS = ("stream.gap", "transport.terminated", "sse.final-blank-line")
"""What needs a stream that was watched for long."""


def start_observations(target: Target, selected: set[str]) -> None:
    """Collect this target's texts, and start the slow observations that the selection needs."""
    if target.bounds.sequential:
        # The cases make them when it is their turn.
        return
    if target.settings.cost_limits.learns_texts:
        collect_texts(target)
    if "connection.idle-reuse" in selected:
        Idle(target).start()
    if not target.baseline.streams:
        return
    if "connection.sequence" in selected:
        start_whole_plans(target)
    observations = Observations(target)
    needed: dict[str, set[str]] = {
        "pace": {"stream.incremental", "stream.incremental-encoded"},
        "encoded": {"stream.incremental-encoded"},
        "long": set(LONG_IDS),
        "slow": {"stream.headers-early", "stream.heartbeat"},
        "fault": {"stream.fault", "stream.fault-visible"},
    }
    for name, ids in needed.items():
        if ids & selected:
            observations.start(name)


def start_endless_observation(target: Target, selected: set[str]) -> None:
    """Start to watch a stream that has no end, as soon as there is room for it next to many others.

    A run takes no less time than this does. It takes up one place: that is one less for others.
    """
    endless = target.baseline.streams and not target.has(FINITE)
    roomy = target.known.roomy and not target.bounds.sequential
    if endless and roomy and selected.intersection(LONG_IDS):
        Observations(target).start("long")


class Observations:
    """Asks for the results of slow observations, and starts the ones that were not started."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def start(self, name: str) -> None:
        """Start an observation by name, unless it runs already or cannot be made."""
        works: dict[str, Callable[[], list[Exchange]]] = {
            "pace": lambda: self._pace(()),
            "encoded": lambda: self._pace((ACCEPT_ENCODING,)),
            "long": self._long,
            "slow": lambda: self._declared(self._target.settings.slow),
            "fault": lambda: self._declared(self._target.settings.fault),
        }
        capability = {"slow": SLOW, "fault": FAULT}.get(name)
        if capability is not None and not self._target.has(capability):
            return
        self._target.background.start(name, works[name])

    def _result(self, name: str, *, observe: bool = True) -> list[Reading]:
        target = self._target
        if not target.background.started(name) and target.liveness.gone():
            # It would be waited for as long as a stream is watched.
            raise Blocked(target.ledger.end, "the server no longer serves a good request")
        self.start(name)
        fresh = name not in target.known.observed
        within_s = self._limits.total_s + target.limits.connect_s + LIMITED.total_s + 5
        exchanges: list[Exchange] = target.background.result(name, within_s=within_s)
        if fresh and observe:
            target.known.observed[name] = [
                target.ledger.observe(
                    replace(exchange, notes=(*exchange.notes, WITH_OTHER_CLIENTS))
                )
                for exchange in exchanges
            ]
        elif fresh:
            target.known.observed[name] = [target.ledger.read(exchange) for exchange in exchanges]
        return target.known.observed[name]

    def pace(self) -> list[Reading]:
        """Return two streams with different prompts, and two with long ones."""
        return self._result("pace")

    def encoded_pace(self) -> list[Reading]:
        """Return the same, with compression offered."""
        return self._result("encoded")

    def pace_again(self, *fields: tuple[str, str]) -> list[Reading]:
        """Return two more streams, each recorded on its own.

        Streams that are recorded together are late together where this process was held up: what
        they show is confirmed by others.
        """
        plans = self._pace_plans(fields)[:2]
        exchanges = [self._record([plan])[0] for plan in plans]
        return [self._target.ledger.read(exchange) for exchange in exchanges]

    def long(self) -> Reading:
        """Return the stream that was watched for long; others are entered with it.

        Where a server may queue, one that was silent for long next to the others is watched again,
        alone, and entered.
        """
        target, readings = self._target, self._result("long")
        for plan, reading in zip(self._long_plans(), readings, strict=False):
            if target.dialect.queues and self._is_silent(reading):
                target.background.settle(within_s=2 * target.settings.observation_s)
                target.ledger.observe(self._record([plan])[0])
                break
        return readings[0]

    def _is_silent(self, reading: Reading) -> bool:
        found = longest_silence(reading)
        return found is not None and found[0] > self._target.settings.gap_limit_s

    def slow(self) -> tuple[Reading, float]:
        """Return the declared slow stream, and how long it is silent (seconds)."""
        target = self._target
        target.require(SLOW)
        target.require_stream()
        slow = target.settings.slow
        if slow is None:
            raise NotApplicable("no request that makes the server silent was given ([slow])")
        return admitted(self._result("slow")[0]), slow.silent_s

    def fault(self) -> Reading:
        """Return the declared stream that fails in mid-way."""
        target = self._target
        target.require(FAULT)
        target.require_stream()
        if target.settings.fault is None:
            raise NotApplicable("no request that makes the backend fail was given ([fault])")
        return admitted(self._result("fault", observe=False)[0])

    # -- the work itself, in background threads -------------------------------------------

    @property
    def _limits(self) -> Limits:
        settings = self._target.settings
        slow_s = settings.slow.silent_s if settings.slow is not None else 0.0
        first_s = settings.limits.first_event_s + slow_s
        total_s = settings.observation_s + first_s
        return replace(
            settings.limits,
            recording_bytes=self._recording_bytes,
            head_s=first_s,
            first_event_s=first_s,
            idle_s=max(settings.observation_s, settings.gap_limit_s + 1),
            total_s=max(total_s, 1.0),
        )

    @property
    def _recording_bytes(self) -> int:
        """How much of each stream is recorded: of floods what shows that they are."""
        target = self._target
        if not target.bounds.timeouts.floods:
            return RECORDING_BYTES
        return max(FLOOD_KEPT_BYTES, target.known.large_event_bytes)

    def _plan(self, chat: Body, until: Until, *fields: tuple[str, str]) -> Plan:
        target = self._target
        request = HttpRequest.chat(chat).with_fields(*fields)
        return Plan(
            endpoint=target.endpoint,
            request=target.encode(request),
            until=until,
            label="a stream watched for its pace",
        )

    def _pace(self, fields: tuple[tuple[str, str], ...]) -> list[Exchange]:
        return self._record(self._pace_plans(fields))

    def _pace_plans(self, fields: tuple[tuple[str, str], ...]) -> list[Plan]:
        target = self._target
        chats = [target.plain("How are you?"), target.plain("Go on, please.")]
        if target.baseline.duration_s < 1.0 and not target.bounds.sequential:
            chats += [target.plain(LONG_PROMPT), target.plain(LONG_PROMPT + " Please.")]
        return [self._plan(chat, Paced(PACE_S, PACE_EVENTS, SETTLED_S), *fields) for chat in chats]

    def _long(self) -> list[Exchange]:
        return self._record(self._long_plans())

    def _long_plans(self) -> list[Plan]:
        target = self._target
        watched = Watched(target.settings.observation_s)
        chats = [target.plain()]
        if target.has(FINITE):
            # What goes wrong only with a large request may do so at the stream's very end.
            length = 0 if target.settings.skips_large("request.large-prompt") else LARGE_PROMPT
            chats += [target.plain("x" * length)] if length else []
        plans = [self._plan(chat, watched) for chat in chats]
        if target.has(FINITE):
            # What a coder still holds at the end of a stream shows only there.
            plans.append(self._plan(target.plain(), watched, ACCEPT_ENCODING))
        return plans

    def _declared(self, declared: DeclaredRequest | None) -> list[Exchange]:
        if declared is None:
            return []
        chat = declared.request
        watched = Watched(min(self._target.settings.observation_s, declared.silent_s + 10.0))
        return self._record([self._plan(chat, watched)])

    def _record(self, plans: list[Plan]) -> list[Exchange]:
        """Record streams side by side; again for a while, if there is room for none of them."""
        exchanges: list[Exchange] = []

        def attempt() -> None:
            if self._target.bounds.sequential:
                exchanges[:] = [record_together([plan], self._limits)[0] for plan in plans]
            else:
                exchanges[:] = record_together(plans, self._limits)
            readings = [self._target.ledger.read(exchange) for exchange in exchanges]
            if all(reading.overloaded for reading in readings):
                admitted(readings[0])

        with contextlib.suppress(NoRoom):
            with_room(attempt, self._target.bounds.retries)
        return exchanges

"""The independent cases of a run, several at the same time, before the others.

Theory of operation. On a server that thinks before it speaks a run consists of waiting. So cases
that do not disturb each other run at the same time, as far as the server was seen to serve as many
streams at once: 16, more where more were served before, and 4 in a run of so few requests that it
is not asked for more. What they find counts only where it is sound: a case that meets anything else
ends (see `Disturbed`), and runs again when it is its turn, alone. So every failure is one of a
request that came alone.

Three kinds of cases differ in what they may do to others. Most send what any server serves. The
hostile ones send what it has to survive: they come last, and one that was not served puts them all
in doubt. The perilous ones send what many servers fail at. They run next to the first kind, one
request of one case at a time: where a server ends, it was that request.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.recorder import Plan, record_together, until
from streamchat_conformance.suite.target.knowledge import MANY_STREAMS
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_FIRST_EVENT_S
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlapping

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.target import Target

AT_ONCE = MANY_STREAMS
"""No more requests are under way at once, unless more were served at once before."""
MANY_ROW = "resilience.concurrent-many"
"""What decides whether that many are served. Where it is left out, few have to do."""
MORE_AT_ONCE = 48
"""As many are under way where a first event takes a while, if as many are served at once."""
PROMPT_FACTOR = 1.3
"""Streams that wait for none of the others take no more than this many times what one takes."""
PROMPT_SLACK_S = 0.1
"""How much longer they may take, since they share a processor (seconds)."""
MOST_UNSERVED = 2
"""After this many cases that were not served the rest is not overlapped."""
ABANDONED_PLACE_S = 1.0
"""Streams that take up places for longer after they were left count twice (seconds)."""
QUICK_PLACES = 4
"""For this many places one case of generated requests runs where there is little waiting to
overlap: more of them would only compute in turn, each in less of the time that it has."""
LONGEST_PAUSE_S = 2.5
"""How long the server is given to notice that clients have left (seconds)."""
WAKE_S = 0.2
"""How often the main thread looks for an interruption (seconds)."""


@dataclass(frozen=True, slots=True)
class IndependentCase:
    """A case, by its name, as a function of the target."""

    name: str
    run: Callable[[Target], None]
    at_once: int = 1
    """How many requests it has under way, where each takes long."""
    hostile: bool = False
    """Whether it sends what a server has to survive: such cases come last."""
    generated: bool = False
    """Whether it tries generated requests, one after the other where they are answered at once."""
    perilous: bool = False
    """Whether it sends what many servers fail at: nothing else that is hostile runs next to it."""


@dataclass(slots=True)
class Overlapped:
    """What became of cases that ran at the same time."""

    perilous: frozenset[str] = frozenset()
    """Those that send what many servers fail at."""
    sound: set[str] = field(default_factory=set)
    """Those that found nothing."""
    disturbed: dict[str, Disturbed] = field(default_factory=dict)
    """Those that have to run alone since something was broken or not served, and why."""

    def enter(self, name: str, raised: BaseException | None) -> None:
        """Enter how a case ended."""
        if raised is None:
            self.sound.add(name)
        elif isinstance(raised, Disturbed):
            self.disturbed[name] = raised

    def unserved(self) -> list[Reading]:
        """Return the exchanges that were not served, but for the failures that are expected."""
        return [
            each.reading
            for name, each in self.disturbed.items()
            if each.reading is not None and (each.reading.head is None or name not in self.perilous)
        ]

    def unanswered(self) -> list[Reading]:
        """Return the exchanges that got nothing: those of perilous cases, if any did."""
        exchanges = {
            name: each.reading
            for name, each in self.disturbed.items()
            if each.reading is not None and each.reading.head is None
        }
        likely = self.perilous & exchanges.keys()
        return [reading for name, reading in exchanges.items() if not likely or name in likely]

    def put_in_doubt(self, cases: Sequence[IndependentCase]) -> None:
        """Let hostile cases run again, alone, where a request was not served next to them.

        One of them may be the reason, and which, they show alone.
        """
        if any(each.failed for name, each in self.disturbed.items() if name not in self.perilous):
            self.sound -= {case.name for case in cases if case.hostile or case.perilous}


def can_overlap(target: Target) -> bool:
    """Return whether this target was seen to serve many at once, and may be asked to."""
    settings = target.settings
    slots = settings.deployment.slots
    room = target.known.room
    few = CERTAIN_REQUESTS if MANY_ROW in target.bounds.plan.left_out else AT_ONCE
    return (
        room >= few
        and not settings.serial
        and not target.bounds.sequential
        # What is recorded of many floods at once is too much to keep.
        and not target.bounds.timeouts.floods
        and settings.rate is None
        and not settings.fuzz_seconds
        and (slots is None or slots >= few)
    )


def run_overlapped(target: Target, cases: Sequence[IndependentCase]) -> Overlapped:
    """Run cases at the same time; return which of them are sound."""
    outcome = Overlapped(frozenset(case.name for case in cases if case.perilous))
    waiting = sorted(cases, key=lambda case: (case.hostile, not case.perilous))
    capped = target.bounds.budget.max_requests is not None
    if not capped:
        _look_for_room(target)
    places = _Places.of(target)
    done: queue.Queue[tuple[str, BaseException | None]] = queue.Queue()
    while places.taken or waiting:
        # Where requests are counted, few are left to ask again.
        if len(outcome.unserved()) >= MOST_UNSERVED or (outcome.disturbed and capped):
            waiting.clear()
        for case in list(waiting):
            if not places.take(case):
                continue
            waiting.remove(case)
            arguments = (target, case, done)
            name = f"streamchat-{case.name}"
            threading.Thread(target=_run, args=arguments, name=name, daemon=True).start()
        try:
            name, raised = done.get(timeout=WAKE_S)
        except queue.Empty:
            continue
        del places.taken[name]
        outcome.enter(name, raised)
    if unanswered := outcome.unanswered():
        # If the server has ended, one of them is the reason: the least plain of them may be.
        _enter_last(target, max(unanswered, key=_unusual))
    outcome.put_in_doubt(cases)
    target.pause(min(LONGEST_PAUSE_S, target.baseline.write_intervals_s))
    return outcome


@dataclass(slots=True)
class _Places:
    """How many requests may be under way at once, and which cases take up how many of them."""

    room: int
    factor: int = 1
    """How many places each request takes up."""
    lanes: int | None = None
    """How many cases of generated requests run at once; None for any number."""
    taken: dict[str, int] = field(default_factory=dict)
    _in_lanes: set[str] = field(default_factory=set)
    _perilous: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, target: Target) -> _Places:
        """Return the places that a target was seen to have."""
        known = target.known
        room = known.room or AT_ONCE
        if max(known.first_event_s, known.refusal_s) >= SLOW_FIRST_EVENT_S:
            return cls(room)
        if not known.lets_wait:
            room = min(room, AT_ONCE)
            return cls(room, lanes=max(1, room // QUICK_PLACES))
        # What was left takes up its place for a while.
        return cls(room, 2 if target.baseline.write_intervals_s > ABANDONED_PLACE_S else 1)

    def take(self, case: IndependentCase) -> bool:
        """Take up the places of a case, if there are as many; return whether there are.

        Next to a perilous case there are none for another one, nor for a hostile one.
        """
        if (case.hostile or case.perilous) and self._perilous & self.taken.keys():
            return False
        in_lane = case.generated and not case.perilous and self.lanes is not None
        at_once = 1 if in_lane else case.at_once
        places = min(at_once * self.factor, self.room)
        if sum(self.taken.values()) + places > self.room:
            return False
        if in_lane and len(self._in_lanes & self.taken.keys()) == self.lanes:
            return False
        self.taken[case.name] = places
        self._in_lanes |= {case.name} if in_lane else set()
        self._perilous |= {case.name} if case.perilous else set()
        return True


def _look_for_room(target: Target) -> None:
    """Find out whether a server that lets clients wait serves more at once than was seen so far.

    That decides nothing but how long a run takes: streams that wait for each other are left.
    """
    known = target.known
    if not known.roomy or known.room >= MORE_AT_ONCE or not known.lets_wait:
        return
    within_s = PROMPT_SLACK_S + PROMPT_FACTOR * known.first_event_s
    plan = Plan(
        endpoint=target.endpoint,
        request=target.encode(HttpRequest.chat(target.plain("Together."))),
        until=until.any_of(Answered(1), until.elapsed(within_s)),
        label=f"one of {MORE_AT_ONCE} streams, to see whether as many are served at once",
    )
    exchanges = record_together([plan] * MORE_AT_ONCE, target.limits)
    if all(target.ledger.read(exchange).events for exchange in exchanges):
        known.room = MORE_AT_ONCE
    target.pause(min(LONGEST_PAUSE_S, target.baseline.write_intervals_s))


def _enter_last(target: Target, reading: Reading) -> None:
    """Enter an exchange that was not answered, if the server does not answer any more."""
    target.note(reading)
    if target.ledger.gone or target.red(target.ledger.end):
        target.ledger.observe_reading(reading)


def _unusual(reading: Reading) -> tuple[int, int]:
    """Return how much a request differs from a plain one, as far as that can be said."""
    return len(reading.asked.involved), len(reading.exchange.request)


def _run(
    target: Target, case: IndependentCase, done: queue.Queue[tuple[str, BaseException | None]]
) -> None:
    raised: BaseException | None = None
    try:
        with overlapping(hostile=case.hostile, one_by_one=case.perilous):
            case.run(target)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the case runs again, alone
        raised = error
    done.put((case.name, raised))

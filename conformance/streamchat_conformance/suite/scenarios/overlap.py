"""The independent cases of a run, several at the same time, before the others.

Theory of operation. On a server that thinks before it speaks a run consists of waiting. So cases
that do not disturb each other run at the same time, as far as the server was seen to serve as many
streams at once: 16, more where more were served before, and 4 in a run of so few requests that it
is not asked for more. What they find counts only where it is sound: a case that meets anything else
ends (see `Disturbed`), and runs again when it is its turn, alone. So every failure is one of a
request that came alone.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamchat_conformance.suite.target.knowledge import MANY_STREAMS
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_FIRST_EVENT_S
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlapping

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.target import Target

AT_ONCE = MANY_STREAMS
"""No more requests are under way at once, unless more were served at once before."""
MANY_ROW = "resilience.concurrent-many"
"""What decides whether that many are served. Where it is left out, few have to do."""
MOST_UNSERVED = 2
"""After this many cases that were not served the rest is not overlapped."""
ABANDONED_PLACE_S = 1.0
"""Streams that take up places for longer after they were left count twice (seconds)."""
QUICK_S = 0.05
"""Where a first event takes less there is little waiting to overlap (seconds)."""
QUICK_PLACES = 4
"""What one case takes up then: more of them would only compute in turn, each in less of the time
that it has for its examples."""
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


@dataclass(slots=True)
class Overlapped:
    """What became of cases that ran at the same time."""

    sound: set[str] = field(default_factory=set)
    """Those that found nothing."""
    disturbed: dict[str, Disturbed] = field(default_factory=dict)
    """Those that have to run alone since something was broken or not served, and why."""


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
    outcome = Overlapped()
    waiting = list(cases)
    slow = max(target.known.first_event_s, target.known.refusal_s) >= SLOW_FIRST_EVENT_S
    room = target.known.room or AT_ONCE
    room = room if slow else min(room, AT_ONCE)
    one = 2 if target.baseline.write_intervals_s > ABANDONED_PLACE_S else 1
    if target.known.first_event_s < QUICK_S:
        one = max(1, room * QUICK_PLACES // AT_ONCE)
    capped = target.bounds.budget.max_requests is not None
    done: queue.Queue[tuple[str, BaseException | None]] = queue.Queue()
    taken: dict[str, int] = {}
    unserved: list[Reading] = []
    while taken or waiting:
        # Where requests are counted, few are left to ask again.
        if len(unserved) >= MOST_UNSERVED or (outcome.disturbed and capped):
            waiting.clear()
        for case in list(waiting):
            places = min(case.at_once, room) if slow else one
            if sum(taken.values()) + places > room:
                continue
            waiting.remove(case)
            taken[case.name] = places
            arguments = (target, case, done)
            name = f"streamchat-{case.name}"
            threading.Thread(target=_run, args=arguments, name=name, daemon=True).start()
        try:
            name, raised = done.get(timeout=WAKE_S)
        except queue.Empty:
            continue
        del taken[name]
        if raised is None:
            outcome.sound.add(name)
        elif isinstance(raised, Disturbed):
            outcome.disturbed[name] = raised
            unserved += [raised.reading] if raised.reading is not None else []
    if unanswered := [reading for reading in unserved if reading.head is None]:
        # If the server has ended, one of them is the reason: the least plain of them may be.
        _enter_last(target, max(unanswered, key=_unusual))
    target.pause(min(LONGEST_PAUSE_S, target.baseline.write_intervals_s))
    return outcome


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
        with overlapping():
            case.run(target)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the case runs again, alone
        raised = error
    done.put((case.name, raised))

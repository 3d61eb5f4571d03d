"""resilience: streams that were cut off leave nothing behind."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Plan, record_timeline, until
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.concurrency import (
    require_calm_machine,
    serves_within,
)
from streamchat_conformance.suite.scenarios.overlap import PROMPT_FACTOR
from streamchat_conformance.suite.scenarios.prerequisites import ROUNDS_TO_COUNT, require_served
from streamchat_conformance.suite.target.knowledge import MANY_STREAMS
from streamchat_conformance.suite.target.latency_samples import sample_latency
from streamchat_conformance.suite.target.machine import BUSY, MOST
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import (
    CONCURRENT_REQUESTS,
    SLOW_FIRST_EVENT_S,
    Target,
)
from streamchat_conformance.suite.verdicts.causes import ABANDONED

ABANDONED_STREAMS = 50
ABANDONED_BEFORE_FIRST_EVENT = 25
"""How many more are cut off before their first event."""


@requirement(
    "resilience.abandoned",
    MUST,
    "After 50 streams that were cut off by FIN and by RST, a new request is served as before.",
    source="sgl-project/sglang#36333, sgl-project/sglang#36475, pallets/werkzeug#1649, "
    "Kludex/starlette#2620, Pylons/waitress#418",
)
@costs(77, together=True)
def test_abandoned_streams_leave_nothing_behind(target: Target) -> None:
    target.require_stream()
    if not target.red(ABANDONED):
        sample_latency(target)
        require_served(target)
        _check_abandoned(target)
    target.ledger.verdict(ABANDONED)


def _check_abandoned(target: Target) -> None:
    """Abandon many streams; enter it if the next request is not served as before."""
    left = 0
    found: tuple[str, Reading] | None = None
    # A slot that comes back after a while is not lost, but the next request should not wait for
    # it; one that waits for another reason does not wait every time.
    for _ in range(ROUNDS_TO_COUNT):
        abandoned, starved = _abandon(target, ABANDONED_STREAMS)
        left += abandoned + _abandon(target, ABANDONED_BEFORE_FIRST_EVENT, early=True)[0]
        target.ledger.left = max(target.ledger.left, left)
        target.pause(_noticed_s(target))
        label = f"after {left} abandoned streams"
        late, answered = serves_within(target, label, tries=1)
        if late:
            found = late, answered
            if not answered.events and serves_within(target, label, tries=ROUNDS_TO_COUNT - 1)[0]:
                break
        elif starved is not None:
            found = "others that were to be abandoned, too, got no event", starved
        elif abandoned:
            return
        # Where not one could be left, what was found before is not refuted.
    if found is None:
        return
    problem, reading = found
    require_calm_machine(target, reading)
    message = f"after {left} abandoned streams {problem}"
    finding = Finding(ABANDONED, message, "a stream, as before", answer(reading))
    target.ledger.promptly_s = target.known.served_within_s
    target.ledger.flag(finding, reading.exchange)
    target.liveness.await_recovery(reading.exchange)


def _noticed_s(target: Target) -> float:
    """Return how long a server may take to find its clients gone, and to do what it then does.

    That is at its next write, which on a busy machine comes as much later as other work.
    """
    pause_s = target.baseline.write_intervals_s
    factor = target.slowdown()
    if factor < BUSY:
        return pause_s
    return min(factor, MOST) * (pause_s + min(target.known.first_event_s, SLOW_FIRST_EVENT_S))


def _prompt(target: Target, readings: list[Reading]) -> bool:
    """Return whether streams that were opened together were all served at once."""
    firsts = [reading.events[0].event for reading in readings if reading.events]
    bound_s = PROMPT_FACTOR * target.known.first_event_s
    return len(firsts) == len(readings) and all(
        first is not None and first.at_s <= bound_s for first in firsts
    )


ABANDONING_LIMIT_S = 12.0
"""How long abandoning may take in all; a slow server gets fewer (seconds)."""


def _abandon(target: Target, count: int, *, early: bool = False) -> tuple[int, Reading | None]:
    """Open streams and cut them off after their first event.

    Returns how many were cut, and one that got no event in time and ended that, if any did.
    With `early` they are cut off before it, where the server thinks before it speaks.
    """
    # Where each batch takes long there are fewer.
    roomy, slow = target.known.roomy, target.known.first_event_s >= SLOW_FIRST_EVENT_S
    # A stream that is watched meanwhile takes up a place.
    few = MANY_STREAMS - target.background.under_way if roomy else 5
    batch = (count if roomy else count // 2) if slow else few
    # More at once than were served before, or on a server that serves one at a time, may wait
    # for each other.
    queue = batch > max(CONCURRENT_REQUESTS, target.known.room)
    queue = queue or target.serial
    enough = (
        until.any_of(until.head(), until.elapsed(target.known.first_event_s / 2))
        if early
        else until.any_of(Answered(1), until.elapsed(target.known.served_within_s + 2))
    )
    request = target.encode(HttpRequest.chat(target.plain("I am leaving.")))
    left = 0
    spent_s = 0.0
    while left < count and spent_s < ABANDONING_LIMIT_S:
        plans = [
            Plan(
                endpoint=target.endpoint,
                request=request,
                until=enough,
                reset=number % 2 == 1,
                label="a stream that is cut off",
            )
            for number in range(batch)
        ]
        exchanges = record_timeline(plans, target.limits).exchanges
        answered = sum(1 for exchange in exchanges if exchange.reads or early)
        if not answered:
            # Nothing is left to be abandoned, which takes no time: the next request shows why.
            break
        left += answered
        spent_s += max(exchange.ended_at_s for exchange in exchanges)
        readings = [target.ledger.read(each) for each in exchanges]
        if roomy and not early and _prompt(target, readings):
            target.known.room = max(target.known.room, batch)
        starved = [each for each in readings if not (each.events or each.overloaded or each.ended)]
        # Where not one was served, they do not wait for each other.
        if not early and starved and (not queue or len(starved) == batch):
            return left, starved[0]
    return left, None

"""Single requests, by which the latency baseline is measured."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.target.stop_conditions import Answered, Watched
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target

if TYPE_CHECKING:
    from streamchat_conformance.recorder import Until

SAMPLES = 6
"""This many single requests show how much a target varies."""
MANY_SAMPLES = 48
"""This many show what it does now and then."""
ENOUGH_SAMPLES = 12
"""This many are enough where each one takes long."""
LEAST_SAMPLES = 4
"""Fewer may agree by chance."""
SAMPLES_S = 4.0
"""How long is spent on samples that agree (seconds)."""
VARYING_S = 24.0
"""How long on samples that do not (seconds)."""
SAMPLE_STREAM_S = 3.0
"""How long such a stream is watched for its end, so that the next one is alone, too (seconds)."""
LABEL = "a single request, to know how much its time varies"


def sample_latency(target: Target, *, drained: bool = True) -> None:
    """Make sure that enough single streams were seen, in bounded time, and once in a run.

    Where streams were left before, and the target may still be busy with them (not `drained`),
    the first one only waits for its turn.
    """
    # What is given the whole limit anyway cannot be given more.
    if (
        "latency" in target.known.once
        or target.known.served_within_s >= target.limits.first_event_s
    ):
        return
    target.known.once.add("latency")
    if target.known.roomy:
        _sample_side_by_side(target, SAMPLES)
    else:
        _sample(target, SAMPLES, Watched(SAMPLE_STREAM_S, events=8), drained=drained)


def sample_latency_thoroughly(target: Target, *, side_by_side: bool) -> None:
    """Make sure that as many single streams were seen as show what a target does now and then.

    That takes a moment where each stream begins at once, and is bounded where it does not. A
    target that is known to serve several `side_by_side` has room for the next one while it
    notices that the last one was left.
    """
    target.known.once.add("latency")
    if side_by_side:
        _sample_side_by_side(target, MANY_SAMPLES)
    else:
        _sample(target, MANY_SAMPLES, Watched(SAMPLE_STREAM_S, events=8), drained=False)


def _sample_side_by_side(target: Target, count: int) -> None:
    """Leave each stream at its first event: the next one has a place of its own."""
    # Where there is room for all of them they need not wait until a left one is noticed.
    apart = count > target.known.room
    pause_s = target.baseline.write_intervals_s / CERTAIN_REQUESTS if apart else 0.0
    _sample(target, count, Answered(1), drained=False, pause_s=pause_s)


def _sample(
    target: Target, count: int, stop: Until, *, drained: bool, pause_s: float = 0.0
) -> None:
    request = HttpRequest.chat(target.plain("Alone."))
    if not drained:
        target.send(request, stop=stop, label=LABEL, timed=False)
    began_at = time.monotonic()
    latency = target.known.latency
    while latency.streams < count:
        spent_s = time.monotonic() - began_at
        agreed = latency.streams >= LEAST_SAMPLES and not latency.varies
        if spent_s >= SAMPLES_S and (agreed or latency.streams >= ENOUGH_SAMPLES):
            return
        if spent_s >= VARYING_S:
            return
        if not target.send(request, stop=stop, label=LABEL, timed=True).events:
            return
        target.pause(pause_s)

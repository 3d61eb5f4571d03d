"""Single requests, by which the latency baseline is measured."""

from __future__ import annotations

import time

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.target.stop_conditions import Watched
from streamchat_conformance.suite.target.target import Target

SAMPLES = 6
"""This many single requests show how much a target varies."""
SAMPLES_S = 4.0
"""How long is spent on taking them (seconds)."""
SAMPLE_STREAM_S = 3.0
"""How long such a stream is watched for its end, so that the next one is alone, too (seconds)."""


def sample_latency(target: Target, *, drained: bool = True) -> None:
    """Make sure that enough single streams were seen, in bounded time, and once in a run.

    Where streams were left before, and the target may still be busy with them (not `drained`),
    the first one only waits for its turn.
    """
    # What is given the whole limit anyway cannot be given more.
    if "latency" in target.once or target.served_within_s >= target.limits.first_event_s:
        return
    target.once.add("latency")
    request = HttpRequest.chat(target.plain("Alone."))
    stop = Watched(SAMPLE_STREAM_S, events=8)
    label = "a single request, to know how much its time varies"
    if not drained:
        target.send(request, stop=stop, label=label, timed=False)
    ends_at = time.monotonic() + SAMPLES_S
    while target.latency.streams < SAMPLES and time.monotonic() < ends_at:
        if not target.send(request, stop=stop, label=label, timed=True).events:
            return

"""resilience: clients that send half a request stop nobody."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SERVER, SHOULD, requirement
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.half_requests import (
    SLOW_REQUEST,
    SLOW_REQUEST_MANY,
    stopped_by_halves,
)
from streamchat_conformance.suite.scenarios.prerequisites import (
    require_no_wait_at_fault,
    require_served,
)
from streamchat_conformance.suite.target.latency_samples import sample_latency
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import Blocked

EXPECTED = "a stream, as before"


@requirement(
    SLOW_REQUEST,
    MUST,
    "18 clients that send half a request do not stop the others; nor do 66, where 66 streams "
    "would not.",
    source="pallets/werkzeug#3051",
    layer=SERVER,
)
@costs(340, together=True)
def test_half_sent_requests_stop_nobody(target: Target) -> None:
    _require_sound(target)
    stopped = stopped_by_halves(target)
    if stopped is not None and stopped.requirement == SLOW_REQUEST:
        raise violation(SLOW_REQUEST, stopped.message, EXPECTED, stopped.reading)


@requirement(
    SLOW_REQUEST_MANY,
    SHOULD,
    "66 clients that send half a request do not stop the others.",
    source="benoitc/gunicorn#3519",
    layer=SERVER,
)
@costs(2, together=True)
def test_many_half_sent_requests_stop_nobody(target: Target) -> None:
    _require_sound(target)
    if target.red(SLOW_REQUEST):
        raise Blocked(SLOW_REQUEST, "fewer clients that send half a request stop the others")
    stopped = stopped_by_halves(target)
    if stopped is not None:
        raise violation(SLOW_REQUEST_MANY, stopped.message, EXPECTED, stopped.reading)


def _require_sound(target: Target) -> None:
    require_no_wait_at_fault(target)
    sample_latency(target)
    require_served(target)

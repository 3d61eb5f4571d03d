"""What has to hold before clients are held open or cut off to see whom that stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.suite.scenarios.concurrency import serves_within
from streamchat_conformance.suite.verdicts.causes import ABANDONED
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target

ROUNDS_TO_COUNT = 3
"""A wait for others has to show in this many rounds before it counts."""


QUEUES = (
    "streams wait for each other, and all are served: declare how many are served at once "
    "(--slots), if that is more than one"
)
"""Why nothing is said of streams next to each other where they may wait."""


def require_concurrency(target: Target) -> None:
    """Raise Blocked when this target does not serve side by side: the rest follows from it.

    Raises NotApplicable where it does not have to.
    """
    require_no_wait_at_fault(target)
    if target.known.queues:
        raise NotApplicable(QUEUES)


def require_no_wait_at_fault(target: Target) -> None:
    """Raise Blocked when streams that have to be served side by side are not."""
    target.require_stream()
    if target.red("resilience.concurrent"):
        raise Blocked("resilience.concurrent", "streams are not served side by side")


def require_served(target: Target) -> None:
    """Raise Blocked when a good request is not served even before others come to its harm."""
    # A server may have to get rid of those who were there before.
    if any(target.liveness.serves() for _ in range(ROUNDS_TO_COUNT)):
        return
    if target.known.peaceful and target.ledger.left:
        # Only clients that left can have done that: nothing else happened so far.
        reading = serves_within(target, "after good requests alone", tries=1)[1]
        target.liveness.flag_abandoned("no stream", reading.exchange)
        target.ledger.verdict(ABANDONED)
    target.check_alive("the cases before")
    if target.liveness.gone():
        raise Blocked(target.ledger.end, "the server no longer serves a good request")

"""Work that is done again where a busy machine may be the reason that it failed.

What a server does to a request it does every time. A machine that holds it up for seconds does not:
an answer that did not come then comes, and a connection that was closed since it was idle
for too long is reused in time. What failed in less than a second was held up by nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.suite.target.confirming import NOTICED_S
from streamchat_conformance.suite.verdicts.doubts import longest_pause_s

if TYPE_CHECKING:
    from streamchat_conformance.suite.target.target import Target
    from streamchat_conformance.suite.verdicts.outcomes import Violation

TYPICAL_FACTOR = 2.0
"""How many times as long as a first event typically takes an answer has to pause to be late."""


def may_be_held_up(target: Target, failure: Violation) -> bool:
    """Return whether what a case has found shows in an exchange in which nothing came for long."""
    baseline_s = target.known.first_event_s if target.known.has_baseline else 0.0
    least_s = max(min(NOTICED_S, target.settings.gap_limit_s), TYPICAL_FACTOR * baseline_s)
    return any(
        finding.timed or (exchange is not None and longest_pause_s(exchange) >= least_s)
        for finding, exchange in failure.findings
    )

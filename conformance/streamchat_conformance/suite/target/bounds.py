"""What bounds a run: how many requests, how long properties take, and whether it is to end."""

from __future__ import annotations

import threading

from streamchat_conformance.suite.budget.plan import RunPlan
from streamchat_conformance.suite.budget.request_budget import RequestBudget
from streamchat_conformance.suite.budget.retries import Retries
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.adaptive_timeouts import AdaptiveTimeouts

LEAST_PROPERTY_S = 0.5
"""The least time that a property gets (seconds)."""


class RunBounds:
    """The bounds of one run, and what was spent of them."""

    def __init__(self, settings: Settings) -> None:
        limits = settings.cost_limits
        self.budget = RequestBudget(limits.max_requests, limits.rate)
        """The bound on all requests of the run."""
        self.retries = Retries()
        """What the run has learned about waiting for a server that puts requests off."""
        self.plan = RunPlan()
        """What the run is going to send."""
        self.sequential = limits.short
        """Whether requests are sent one after the other, never side by side."""
        self.timeouts = AdaptiveTimeouts()
        """How long answers are waited for."""
        self.generated = 0
        """Requests that Hypothesis generated in this run."""
        self.tried: dict[str, int] = {}
        """How many examples each property really ran, by the name of its case."""
        self.interrupted = threading.Event()
        """Whether the run is to end: nothing more is sent then."""
        self.spent_s = 0.0
        """What properties have taken so far (seconds)."""
        self._thoroughness = settings.thoroughness

    def property_s(self) -> float:
        """Return how long the next property may take (seconds).

        All properties share a budget, so that a slow target is judged in reasonable time.
        """
        if self.timeouts.shortens_properties:
            return LEAST_PROPERTY_S
        left_s = max(0.0, self._thoroughness.total_s - self.spent_s)
        return min(self._thoroughness.seconds, max(LEAST_PROPERTY_S, left_s / 6))

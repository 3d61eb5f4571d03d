"""The bound on all requests of a run, applied where they are sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from streamchat_conformance.suite.budget.rate import Pacer, Rate
from streamchat_conformance.suite.verdicts.outcomes import NotRun


class RequestBudget:
    """Counts requests, delays them by a rate, and refuses those beyond a number.

    Cases, probes, properties and background work all send through one endpoint, and an
    endpoint has one budget: nothing can go round it.
    """

    def __init__(
        self,
        max_requests: int | None = None,
        rate: Rate | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.max_requests = max_requests
        self.rate = rate
        self.sent = 0
        """Requests that were admitted."""
        self.exhausted = False
        """Whether a request was refused."""
        self._pacer = Pacer(rate) if rate is not None else None
        self._clock = clock
        self._wait = wait or threading.Event().wait
        self._lock = threading.Lock()

    def admit(self, requests: int, *, wait: bool = True) -> None:
        """Return when that many requests may be sent together. Raises NotRun if never."""
        delay_s = 0.0
        with self._lock:
            if self.max_requests is not None and self.sent + requests > self.max_requests:
                self.exhausted = True
                raise NotRun(f"the limit of {self.max_requests} requests was reached")
            self.sent += requests
            if self._pacer is not None and wait:
                delay_s = self._pacer.take(requests, self._clock())
            elif self._pacer is not None:
                self._pacer.owe(requests, self._clock())
        if delay_s > 0:
            self._wait(delay_s)

    @property
    def left(self) -> int | None:
        """How many requests may still be sent; None for any number."""
        return None if self.max_requests is None else self.max_requests - self.sent

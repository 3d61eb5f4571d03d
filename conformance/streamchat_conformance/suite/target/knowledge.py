"""What a run knows of its target so far: its baseline, its capabilities, and what it has shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.capabilities import TargetCapabilities
from streamchat_conformance.suite.target.latency_baseline import LatencyBaseline
from streamchat_conformance.suite.target.open_ends import OpenEnds

MANY_STREAMS = 16
"""As many as `resilience.concurrent-many` opens."""


WAITING_S = 0.05
"""Where a first event takes longer, a run is a matter of how many requests wait at once; elsewhere
of what answering and judging them takes (seconds)."""


class TargetKnowledge:
    """What is known of one server under test."""

    def __init__(self, settings: Settings) -> None:
        self.capabilities = TargetCapabilities(settings)
        """What it can show."""
        self.latency = LatencyBaseline()
        """What single requests have taken."""
        self.open_ends = OpenEnds()
        """Whether it leaves its streams open after their sentinel."""
        self.once: set[str] = set()
        """What is to be done once in a run, and was."""
        self.failed: set[str] = set()
        """Requirements whose cases have failed so far."""
        self.refused_rows: set[str] = set()
        """Kinds of request that this target does refuse, by requirement id."""
        self.peaceful = True
        """Whether nothing but good requests was sent yet."""
        self.room = 0
        """How many streams were served at once, beyond doubt; 0 before that was tried."""
        self.queues = False
        """Whether streams were seen to wait for each other, as they may here."""
        self.repeats: bool | None = None
        """Whether it repeats text of its requests without an echo; None before that was asked."""
        self.served_alone: dict[bytes, bool] = {}
        """Whether a request had its expected outcome when it came alone, by its bytes."""
        self.typical_texts: dict[str, str] = {}
        """This target's error text for each kind of refusal, by requirement id."""
        self.undiscovered = ""
        """Why it is not known what is deployed, in a few words."""
        self.observed: dict[str, list[Reading]] = {}
        """Readings of finished background observations, by name."""
        self._baseline: Baseline | None = None

    @contextmanager
    def first_time(self, what: str) -> Iterator[bool]:
        """Yield whether something that is to be done once in a run was not done so far.

        What raised was not done: a case that ran next to others, and runs again alone, has to find
        what it found there, and so has a request that is repeated.
        """
        first = what not in self.once
        self.once.add(what)
        try:
            yield first
        except BaseException:
            if first:
                self.once.discard(what)
            raise

    @property
    def has_baseline(self) -> bool:
        """Whether it is known what a plain request gets."""
        return self._baseline is not None

    @property
    def baseline(self) -> Baseline:
        """What a plain request gets. Set by the preflight before the first case.

        Raises RuntimeError before that.
        """
        if self._baseline is None:
            raise RuntimeError("the preflight has not finished")
        return self._baseline

    @baseline.setter
    def baseline(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self.capabilities.baseline = baseline

    @property
    def roomy(self) -> bool:
        """Whether many more streams than every target has to serve were served at once."""
        return self.room >= MANY_STREAMS

    @property
    def first_event_s(self) -> float:
        """How long the first event of a single stream may well take here (seconds)."""
        return max(self.baseline.first_event_s, self.latency.first_event_s)

    @property
    def lets_wait(self) -> bool:
        """Whether requests wait for answers, more than for each other."""
        return self.first_event_s >= WAITING_S

    @property
    def refusal_s(self) -> float:
        """How long a single refusal may well take here (seconds)."""
        return max(self.baseline.refusal_s, self.latency.refusal_s)

    @property
    def large_event_bytes(self) -> int:
        """What a recording needs to have an event of this target in it, even a larger one."""
        return 2 * self._baseline.first_event_bytes if self._baseline else 0

    @property
    def served_within_s(self) -> float:
        """How long a good request may take while or after others are served (seconds)."""
        return 1.0 + 3 * self.first_event_s + self.baseline.write_intervals_s

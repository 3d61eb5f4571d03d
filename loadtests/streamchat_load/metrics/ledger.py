"""Everything that a run measures, in a form that adds up exactly over processes.

Each process keeps one ledger, takes what is new in it from time to time and sends that to the
master, whose ledger is the sum. Nothing in it is an average or a percentile: those are derived
from the sum at the end.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Self

from streamchat_load.faults import FaultEvidence, StreamFault
from streamchat_load.metrics.histogram import Histogram
from streamchat_load.metrics.timeline import LoadTimeline

RESOURCE_ROWS_LIMIT = 1200
"""Most rows of what one process uses."""


TIMES = (
    "connect",
    "head",
    "longest_gap",
    "refusal",
    "start_lag",
    "generator_lag",
)
"""Names of the histograms that a ledger has once, not for each phase."""

PHASE_TIMES = ("first_event", "first_text", "gap", "whole")
"""Names of the histograms that each phase has; the run's are their sums."""


class PhaseMetrics:
    """What was measured of the streams that began in one phase of the profile."""

    __slots__ = ("counts", *PHASE_TIMES)

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.first_event = Histogram()
        self.first_text = Histogram()
        self.gap = Histogram()
        self.whole = Histogram()

    def merge(self, other: PhaseMetrics) -> None:
        """Add another process's measurements of the same phase."""
        self.counts.update(other.counts)
        for name in PHASE_TIMES:
            self.histogram(name).merge(other.histogram(name))

    def histogram(self, name: str) -> Histogram:
        """Return a histogram by its name in `PHASE_TIMES`."""
        found: Histogram = getattr(self, name)
        return found

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        times = {name: self.histogram(name).dump() for name in PHASE_TIMES}
        return {"counts": dict(self.counts), **times}

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore a phase from `dump`'s form."""
        phase = cls()
        phase.counts = Counter(dumped["counts"])
        for name in PHASE_TIMES:
            setattr(phase, name, Histogram.load(dumped[name]))
        return phase


class LoadLedger:
    """The sums of one process, or of many."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.evidence: dict[str, FaultEvidence] = {}
        self.times: dict[str, Histogram] = {name: Histogram() for name in TIMES}
        self.phases: dict[str, PhaseMetrics] = {}
        self.timeline = LoadTimeline()
        self.resources: dict[str, list[list[float]]] = {}
        """Per process: rows of [epoch second, CPU seconds used, resident bytes]."""

    def phase(self, name: str) -> PhaseMetrics:
        """Return the phase of a name, a new one if there is none yet."""
        found = self.phases.get(name)
        if found is None:
            found = self.phases[name] = PhaseMetrics()
        return found

    def note_resources(self, process: str, row: list[float]) -> None:
        """Record what a process uses; beyond the limit every other row is dropped."""
        rows = self.resources.setdefault(process, [])
        rows.append(row)
        if len(rows) > RESOURCE_ROWS_LIMIT:
            del rows[1:-1:2]

    def total(self, name: str) -> Histogram:
        """Return a histogram of the whole run, by its name in `TIMES` or `PHASE_TIMES`."""
        if name in self.times:
            return self.times[name]
        summed = Histogram()
        for phase in self.phases.values():
            summed.merge(phase.histogram(name))
        return summed

    def show(self, evidence: FaultEvidence) -> None:
        """Keep evidence if it is the first of its class."""
        known = self.evidence.get(evidence.fault.value)
        if known is None or evidence.at_epoch_s < known.at_epoch_s:
            self.evidence[evidence.fault.value] = evidence

    def merge(self, other: LoadLedger) -> None:
        """Add another ledger to this one. Exact."""
        self.counts.update(other.counts)
        self.outcomes.update(other.outcomes)
        self.faults.update(other.faults)
        self.statuses.update(other.statuses)
        self.failures.update(other.failures)
        for evidence in other.evidence.values():
            self.show(evidence)
        for name, histogram in other.times.items():
            self.times[name].merge(histogram)
        for name, phase in other.phases.items():
            self.phase(name).merge(phase)
        self.timeline.merge(other.timeline)
        for process, rows in other.resources.items():
            for row in rows:
                self.note_resources(process, row)

    def take(self) -> LoadLedger:
        """Return what was recorded since the last call, and start again from zero."""
        taken = LoadLedger()
        for name, value in vars(self).items():
            setattr(self, name, getattr(taken, name))
            setattr(taken, name, value)
        return taken

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON and msgpack can carry, and `load` reads back."""
        return {
            "counts": dict(self.counts),
            "outcomes": dict(self.outcomes),
            "faults": dict(self.faults),
            "statuses": dict(self.statuses),
            "failures": dict(self.failures),
            "evidence": [evidence.dump() for evidence in self.evidence.values()],
            "times": {name: histogram.dump() for name, histogram in self.times.items()},
            "phases": {name: phase.dump() for name, phase in self.phases.items()},
            "timeline": self.timeline.dump(),
            "resources": self.resources,
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore a ledger from `dump`'s form."""
        ledger = cls()
        ledger.counts = Counter(dumped["counts"])
        ledger.outcomes = Counter(dumped["outcomes"])
        ledger.faults = Counter(dumped["faults"])
        ledger.statuses = Counter(dumped["statuses"])
        ledger.failures = Counter(dumped["failures"])
        for item in dumped["evidence"]:
            ledger.show(FaultEvidence.load(item))
        ledger.times = {name: Histogram.load(item) for name, item in dumped["times"].items()}
        ledger.phases = {name: PhaseMetrics.load(item) for name, item in dumped["phases"].items()}
        ledger.timeline = LoadTimeline.load(dumped["timeline"])
        ledger.resources = {name: list(rows) for name, rows in dumped["resources"].items()}
        return ledger

    def count_fault(self, fault: StreamFault) -> None:
        """Count a faulty stream under its class."""
        self.faults[fault.value] += 1

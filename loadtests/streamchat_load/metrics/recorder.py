"""The path of readings into the ledger: each goes into histograms, exactly once."""

from __future__ import annotations

import itertools
import time
from bisect import bisect_left
from time import perf_counter
from typing import TYPE_CHECKING

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.metrics.goodput import is_within
from streamchat_load.metrics.histogram import record_in_all
from streamchat_load.metrics.ledger import LoadLedger
from streamchat_load.verification.judged_verifier import JudgedVerifier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_load.client.reading import StreamReading


class StreamRecorder:
    """Folds the readings of one process into its ledger.

    `limits_ms` are those within which a stream is good enough (see `goodput`).
    """

    def __init__(self, limits_ms: Mapping[str, float] | None = None) -> None:
        self.ledger = LoadLedger()
        self.limits_ms = limits_ms or {}
        self.epoch_offset_s = time.time() - perf_counter()
        """What to add to a `perf_counter` instant to have epoch seconds."""

    def open(self, reading: StreamReading) -> None:
        """Count a request that is about to be sent."""
        self.ledger.counts["started"] += 1
        self.ledger.phase(reading.phase).counts["started"] += 1
        self.ledger.timeline.at(reading.due_s + self.epoch_offset_s).counts["opened"] += 1

    def fold(self, reading: StreamReading) -> None:
        """Move a reading's gathered stamps into the histograms; it may still go on."""
        stamps_s = reading.stamps_s
        known = 1 if reading.folded else 0
        fresh = len(stamps_s) - known
        if fresh <= 0:
            return
        phase = self.ledger.phase(reading.phase)
        gaps_s = [later - earlier for earlier, later in itertools.pairwise(stamps_s)]
        if gaps_s:
            reading.longest_gap_s = max(reading.longest_gap_s, *gaps_s)
        offset = self.epoch_offset_s
        at = known
        while at < len(stamps_s):
            second = int(stamps_s[at] + offset)
            end = bisect_left(stamps_s, second + 1 - offset, at + 1)
            cell = self.ledger.timeline.at(second)
            cell.counts["events"] += end - at
            # gaps_s[n] ends with stamps_s[n + 1].
            record_in_all(gaps_s[max(at - 1, 0) : end - 1], (cell.gap, phase.gap))
            at = end
        reading.folded += fresh
        self.ledger.counts["events"] += fresh
        phase.counts["events"] += fresh
        del stamps_s[:-1]

    def close(self, reading: StreamReading) -> None:
        """Count a reading that is over."""
        self.fold(reading)
        ledger, outcome = self.ledger, reading.outcome or StreamOutcome.FAILED
        phase = ledger.phase(reading.phase)
        cell = ledger.timeline.at(reading.ended_s + self.epoch_offset_s)
        ledger.outcomes[outcome.value] += 1
        phase.counts[outcome.value] += 1
        cell.counts["closed"] += 1
        cell.counts[outcome.value] += 1
        cell.counts["body_bytes"] += reading.body_bytes
        ledger.counts["body_bytes"] += reading.body_bytes
        ledger.counts["open_ms"] += max(0, round((reading.ended_s - reading.due_s) * 1000))
        if reading.status is not None:
            ledger.statuses[str(reading.status)] += 1
        if outcome is StreamOutcome.FAILED:
            ledger.failures[reading.failure[:120]] += 1
        if outcome is StreamOutcome.FAULTY and reading.evidence is not None:
            ledger.count_fault(reading.evidence.fault)
            ledger.show(reading.evidence)
        if outcome is StreamOutcome.VERIFIED and is_within(reading, self.limits_ms):
            ledger.counts["within_limits"] += 1
        if isinstance(reading.verifier, JudgedVerifier):
            ledger.counts["text_events"] += reading.verifier.text_events
            if (usage := reading.verifier.usage) is not None:
                ledger.counts["prompt_tokens"] += usage.prompt_tokens
                ledger.counts["completion_tokens"] += usage.completion_tokens
        self._record_times(reading, outcome)

    def _record_times(self, reading: StreamReading, outcome: StreamOutcome) -> None:
        times, phase = self.ledger.times, self.ledger.phase(reading.phase)
        if reading.connect_s is not None:
            times["connect"].record(reading.connect_s)
        if outcome is StreamOutcome.REJECTED or (
            reading.invalid and outcome is StreamOutcome.FAULTY
        ):
            times["refusal"].record(reading.ended_s - reading.due_s)
            return
        if reading.head_s is not None and outcome is not StreamOutcome.REFUSED:
            times["head"].record(reading.head_s - reading.due_s)
        if reading.first_event_s is not None:
            first_event_s = reading.first_event_s - reading.due_s
            self.ledger.counts["streams_with_events"] += 1
            phase.first_event.record(first_event_s)
            at_s = reading.first_event_s + self.epoch_offset_s
            self.ledger.timeline.at(at_s).first_event.record(first_event_s)
        if reading.first_text_s is not None:
            first_text_s = reading.first_text_s - reading.due_s
            self.ledger.counts["streams_with_text"] += 1
            phase.first_text.record(first_text_s)
            at_s = reading.first_text_s + self.epoch_offset_s
            self.ledger.timeline.at(at_s).first_text.record(first_text_s)
        if reading.folded > 1:
            times["longest_gap"].record(reading.longest_gap_s)
        if outcome is StreamOutcome.VERIFIED:
            phase.whole.record(reading.ended_s - reading.due_s)

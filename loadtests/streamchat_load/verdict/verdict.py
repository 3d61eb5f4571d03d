"""The verdict of a run, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.metrics.labels import OUTCOME_LABELS
from streamchat_load.metrics.ledger import LoadLedger
from streamchat_load.metrics.summary import RunInfo, metrics
from streamchat_load.verdict.thresholds import ThresholdCheck

if TYPE_CHECKING:
    from collections.abc import Mapping

GENERATOR_LAG_LIMIT_MS = 50.0
"""Default of the greatest p95 of the generator's own lag in a valid run.

Not p99: one hiccup of a shared machine in a short run says nothing; a generator that is behind
is behind all the time.
"""

ACHIEVED_LIMIT = 0.95
"""The least share of offered arrivals that a valid run started, in time."""


class ExitCode(IntEnum):
    """Exit codes. A faulty stream is faulty however busy the generator is, so 3 comes first."""

    GOOD = 0
    USAGE = 2
    INTEGRITY = 3
    THRESHOLD = 4
    INVALID = 5


@dataclass(frozen=True, slots=True)
class LoadVerdict:
    """What a run proves."""

    exit: ExitCode
    checks: tuple[ThresholdCheck, ...]
    reasons: tuple[str, ...]
    unverified: str = ""
    """Why nothing was verified, if so: the run proves nothing."""

    @property
    def headline(self) -> str:
        """The verdict in a line."""
        if self.exit is ExitCode.THRESHOLD and self.unverified:
            return "NOTHING VERIFIED: the run proves nothing"
        words = {
            ExitCode.GOOD: "GOOD: every stream is correct, every threshold is met",
            ExitCode.USAGE: "NOT RUN",
            ExitCode.INTEGRITY: "BROKEN: streams are faulty",
            ExitCode.THRESHOLD: "MISSED: a threshold is not met",
            ExitCode.INVALID: "INVALID: the figures say more about the generator than the server",
        }
        return words[self.exit]


def judge(
    ledger: LoadLedger,
    info: RunInfo,
    thresholds: Mapping[str, float],
    *,
    lag_limit_ms: float = GENERATOR_LAG_LIMIT_MS,
    missing_workers: int = 0,
) -> LoadVerdict:
    """Return the verdict on a run."""
    measured = metrics(ledger, info)
    checks = tuple(
        ThresholdCheck(name, limit, measured.get(name))
        for name, limit in sorted(thresholds.items())
    )
    broken = [f"{count} x {fault}" for fault, count in sorted(ledger.faults.items())]
    invalid = _invalid_reasons(ledger, lag_limit_ms, missing_workers)
    missed = [str(check) for check in checks if not check.met]
    unverified = "" if broken else _unverified(ledger)
    if unverified:
        missed.insert(0, unverified)
    if broken:
        code = ExitCode.INTEGRITY
    elif invalid:
        code = ExitCode.INVALID
    elif missed:
        code = ExitCode.THRESHOLD
    else:
        code = ExitCode.GOOD
    return LoadVerdict(code, checks, (*broken, *invalid, *missed), unverified)


def _unverified(ledger: LoadLedger) -> str:
    """Return why nothing was verified, in a line; an empty string if something was."""
    if ledger.outcomes[StreamOutcome.VERIFIED] or ledger.outcomes[StreamOutcome.REJECTED]:
        return ""
    ended = ", ".join(
        f"{count} {OUTCOME_LABELS[outcome]}"
        for outcome in StreamOutcome
        if (count := ledger.outcomes[outcome])
    )
    hint = ""
    if ledger.outcomes[StreamOutcome.OPEN_AT_END]:
        hint = "; let the run or --drain-s be longer, or read less of each stream (--read-events)"
    return f"no stream was verified ({ended or 'none was started'}){hint}"


def _generator_failures(ledger: LoadLedger) -> list[str]:
    """Return how the load tests themselves failed, the most frequent first."""
    mark = "the load generator: "
    found = [failure for failure, _ in ledger.failures.most_common() if failure.startswith(mark)]
    return [failure.removeprefix(mark) for failure in found]


def _invalid_reasons(ledger: LoadLedger, lag_limit_ms: float, missing_workers: int) -> list[str]:
    reasons = []
    lag_ms = ledger.times["generator_lag"].quantile_ms(0.95)
    if lag_ms is not None and lag_ms > lag_limit_ms:
        reasons.append(
            f"the generator fell behind: its lag p95 is {lag_ms:.1f} ms, "
            f"{lag_limit_ms:g} ms allowed"
        )
    offered = ledger.counts["offered"]
    late = ledger.counts["late"] + ledger.counts["dropped"]
    if offered and (offered - late) / offered < ACHIEVED_LIMIT:
        reasons.append(
            f"{late} of {offered} arrivals were not started in time: the load was not applied"
        )
    if failed := ledger.counts["generator_faults"]:
        worst = next(iter(_generator_failures(ledger)), "")
        reasons.append(f"{failed} requests failed by a fault of the generator: {worst}")
    if missing_workers:
        workers = "1 worker" if missing_workers == 1 else f"{missing_workers} workers"
        reasons.append(f"{workers} did not deliver all figures")
    return reasons

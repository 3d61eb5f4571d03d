"""Thresholds, and what a run's exit code says."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from streamchat_load.labels import OUTCOME_LABELS
from streamchat_load.ledger import PHASE_TIMES, TIMES, Ledger, Outcome
from streamchat_load.parameters import UsageError, nearest, read_settings
from streamchat_load.summary import QUANTILES, RunInfo, metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GENERATOR_LAG_LIMIT_MS = 50.0
"""Default of the greatest p95 of the generator's own lag in a valid run.

Not p99: one hiccup of a shared machine in a short run says nothing; a generator that is behind
is behind all the time.
"""

ACHIEVED_LIMIT = 0.95
"""The least share of offered arrivals that a valid run started, in time."""


class Exit(IntEnum):
    """Exit codes. A broken stream is broken however busy the generator was, so 3 comes first."""

    GOOD = 0
    USAGE = 2
    INTEGRITY = 3
    THRESHOLD = 4
    INVALID = 5


MINIMA = (
    frozenset({"events_per_s", "open_mean", "bytes_per_s", "streams_per_s", "achieved_ratio"})
    | {
        f"{outcome.value.replace('-', '_')}_count"
        for outcome in (Outcome.VERIFIED, Outcome.REJECTED)
    }
    | {"started_count", "events_count", "verified_ratio", "rejected_ratio"}
)
"""Metrics whose threshold is the least good value; of all others it is the greatest."""

KNOWN_METRICS = frozenset(
    {
        f"{name}_{key.replace('.', '_')}_ms"
        for name in (*TIMES, *PHASE_TIMES)
        for key in ("mean", "max", *(label for label, _ in QUANTILES))
    }
    | {
        f"{outcome.value.replace('-', '_')}_{kind}"
        for outcome in Outcome
        for kind in ("count", "ratio")
    }
    | {
        "started_count",
        "events_count",
        "events_per_s",
        "bytes_per_s",
        "streams_per_s",
        "open_mean",
        "achieved_ratio",
        "generator_cpu_us_per_event",
        "first_event_drift_ratio",
        "first_text_drift_ratio",
        "server_memory_growth_ratio",
    }
)
"""Names that a threshold can have."""

DEFAULT_THRESHOLDS: dict[str, float] = {"failed_ratio": 0.0}
"""A request that got no stream and no refusal fails the gate, unless the user allows for some."""


@dataclass(frozen=True, slots=True)
class Check:
    """One threshold, and how the run met it. `value` is None when nothing was measured."""

    metric: str
    limit: float
    value: float | None

    @property
    def least(self) -> bool:
        """Whether the limit is the least good value."""
        return self.metric in MINIMA

    @property
    def met(self) -> bool:
        """Whether the threshold is met. What was not measured is not met."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.least else self.value <= self.limit

    def __str__(self) -> str:
        value = "nothing measured" if self.value is None else f"{self.value:.4g}"
        relation = "at least" if self.least else "at most"
        return f"{self.metric}: {value}, {relation} {self.limit:g} asked for"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run proves."""

    exit: Exit
    checks: tuple[Check, ...]
    reasons: tuple[str, ...]
    unverified: str = ""
    """Why nothing was verified, if so: the run proves nothing."""

    @property
    def headline(self) -> str:
        """The verdict in a line."""
        if self.exit is Exit.THRESHOLD and self.unverified:
            return "NOTHING VERIFIED: the run proves nothing"
        words = {
            Exit.GOOD: "GOOD: every stream was as it should be, every threshold is met",
            Exit.USAGE: "NOT RUN",
            Exit.INTEGRITY: "BROKEN: streams were not as they should be",
            Exit.THRESHOLD: "MISSED: a threshold is not met",
            Exit.INVALID: "INVALID: the figures say more about the generator than the server",
        }
        return words[self.exit]


def read_thresholds(file: str | None, given: Sequence[str]) -> dict[str, float]:
    """Return thresholds by metric: defaults, those of a TOML file, and those given, in turn.

    The file has a table `thresholds` of `name = number`. Raises UsageError.
    """
    found: dict[str, object] = dict(DEFAULT_THRESHOLDS)
    if file is not None:
        found |= _read_file(file)
    found |= read_settings(given, "threshold")
    return {name: _read_limit(name, value) for name, value in found.items()}


def _read_file(file: str) -> dict[str, object]:
    try:
        text = Path(file).read_text(encoding="utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        reason = error.strerror
        raise UsageError(f"the thresholds {file!r} cannot be read: {reason}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the thresholds {file!r} are not TOML: {error}") from None
    thresholds = table.get("thresholds")
    if not isinstance(thresholds, dict):
        raise UsageError(f"{file!r} has no table [thresholds]")
    return thresholds


def _read_limit(name: str, value: object) -> float:
    if name not in KNOWN_METRICS:
        hint = nearest(name, KNOWN_METRICS)
        raise UsageError(
            f"there is no metric {name!r} to set a threshold for{hint} (see docs/load-testing.md)"
        )
    try:
        limit = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        limit = math.nan
    if isinstance(value, bool) or not math.isfinite(limit) or limit < 0:
        raise UsageError(f"the threshold {name}={value} is not a number from 0 up")
    return limit


def judge(
    ledger: Ledger,
    info: RunInfo,
    thresholds: Mapping[str, float],
    *,
    lag_limit_ms: float = GENERATOR_LAG_LIMIT_MS,
    missing_workers: int = 0,
) -> Verdict:
    """Return the verdict on a run."""
    measured = metrics(ledger, info)
    checks = tuple(
        Check(name, limit, measured.get(name)) for name, limit in sorted(thresholds.items())
    )
    broken = [f"{count} x {fault}" for fault, count in sorted(ledger.faults.items())]
    invalid = _invalid_reasons(ledger, lag_limit_ms, missing_workers)
    missed = [str(check) for check in checks if not check.met]
    unverified = "" if broken else _unverified(ledger)
    if unverified:
        missed.insert(0, unverified)
    if broken:
        code = Exit.INTEGRITY
    elif invalid:
        code = Exit.INVALID
    elif missed:
        code = Exit.THRESHOLD
    else:
        code = Exit.GOOD
    return Verdict(code, checks, (*broken, *invalid, *missed), unverified)


def _unverified(ledger: Ledger) -> str:
    """Return why nothing was verified, in a line; an empty string if something was."""
    if ledger.outcomes[Outcome.VERIFIED] or ledger.outcomes[Outcome.REJECTED]:
        return ""
    ended = ", ".join(
        f"{count} {OUTCOME_LABELS[outcome]}"
        for outcome in Outcome
        if (count := ledger.outcomes[outcome])
    )
    hint = ""
    if ledger.outcomes[Outcome.OPEN_AT_END]:
        hint = "; let the run or --drain-s be longer, or read less of each stream (--read-events)"
    return f"no stream was verified ({ended or 'none was started'}){hint}"


def _generator_failures(ledger: Ledger) -> list[str]:
    """Return how the load tests themselves failed, the most frequent first."""
    mark = "the load generator: "
    found = [failure for failure, _ in ledger.failures.most_common() if failure.startswith(mark)]
    return [failure.removeprefix(mark) for failure in found]


def _invalid_reasons(ledger: Ledger, lag_limit_ms: float, missing_workers: int) -> list[str]:
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
        reasons.append(f"{failed} requests failed by the generator's own fault: {worst}")
    if missing_workers:
        workers = "1 worker" if missing_workers == 1 else f"{missing_workers} workers"
        reasons.append(f"{workers} did not deliver all figures")
    return reasons

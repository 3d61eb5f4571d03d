"""Thresholds: the metrics that can have one, and how they are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from streamchat_conformance.core.toml_text import NotTomlError, read_toml

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.errors import LoadUsageError
from streamchat_load.metrics.ledger import PHASE_TIMES, TIMES
from streamchat_load.metrics.summary import QUANTILES
from streamchat_load.profiles.parameters import nearest, read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

MINIMA = (
    frozenset({"events_per_s", "open_mean", "bytes_per_s", "streams_per_s", "achieved_ratio"})
    | {
        f"{outcome.value.replace('-', '_')}_count"
        for outcome in (StreamOutcome.VERIFIED, StreamOutcome.REJECTED)
    }
    | {"started_count", "events_count", "verified_ratio", "rejected_ratio"}
    | {"goodput_ratio", "goodput_per_s", "tokens_per_s", "texts_per_s"}
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
        for outcome in StreamOutcome
        for kind in ("count", "ratio")
    }
    | {
        "started_count",
        "events_count",
        "events_per_s",
        "bytes_per_s",
        "streams_per_s",
        "open_mean",
        "goodput_ratio",
        "goodput_per_s",
        "tokens_per_s",
        "texts_per_s",
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
class ThresholdCheck:
    """One threshold, and whether the run met it. `value` is None when nothing was measured."""

    metric: str
    limit: float
    value: float | None

    @property
    def least(self) -> bool:
        """Whether the limit is the smallest good value."""
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
        return f"{self.metric}: {value}, {relation} {self.limit:g} required"


def read_thresholds(file: str | None, given: Sequence[str]) -> dict[str, float]:
    """Return thresholds by metric: defaults, those of a TOML file, and those given, in turn.

    The file has a table `thresholds` of `name = number`. Raises LoadUsageError.
    """
    found: dict[str, object] = dict(DEFAULT_THRESHOLDS)
    if file is not None:
        found |= _read_file(file)
    found |= read_settings(given, "threshold")
    return {name: _read_limit(name, value) for name, value in found.items()}


def _read_file(file: str) -> dict[str, object]:
    try:
        text = Path(file).read_text(encoding="utf-8")
        table = read_toml(text)
    except OSError as error:
        reason = error.strerror
        raise LoadUsageError(f"the thresholds {file!r} cannot be read: {reason}") from None
    except (UnicodeDecodeError, NotTomlError) as error:
        raise LoadUsageError(f"the thresholds {file!r} are not TOML: {error}") from None
    thresholds = table.get("thresholds")
    if not isinstance(thresholds, dict):
        raise LoadUsageError(f"{file!r} has no table [thresholds]")
    return thresholds


def _read_limit(name: str, value: object) -> float:
    if name not in KNOWN_METRICS:
        hint = nearest(name, KNOWN_METRICS)
        raise LoadUsageError(
            f"there is no metric {name!r} to set a threshold for{hint} (see docs/load-testing.md)"
        )
    try:
        limit = float(value) if isinstance(value, str | int | float) else math.nan
    except ValueError:
        limit = math.nan
    if isinstance(value, bool) or not math.isfinite(limit) or limit < 0:
        raise LoadUsageError(f"the threshold {name}={value} is not a number from 0 up")
    return limit

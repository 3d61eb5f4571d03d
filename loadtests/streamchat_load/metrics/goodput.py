"""Goodput: the requests that got a whole, correct stream within all limits that the user set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_load.client.outcome import StreamOutcome
from streamchat_load.errors import LoadUsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamchat_load.client.reading import StreamReading

LIMITED = ("head", "first_event", "first_text", "mean_gap", "longest_gap", "whole")
"""Times of a stream that may have a limit."""

LEFT_OUT = (StreamOutcome.ABANDONED, StreamOutcome.OPEN_AT_END, StreamOutcome.REJECTED)
"""Outcomes of requests that are no part of the goodput: the client ended or spoiled them."""


def read_limits(given: Mapping[str, str]) -> dict[str, float]:
    """Return limits by the name of the time, in milliseconds. Raises LoadUsageError."""
    found = {}
    for name, text in given.items():
        time, _, unit = name.rpartition("_")
        if unit != "ms" or time not in LIMITED:
            known = ", ".join(f"{each}_ms" for each in LIMITED)
            raise LoadUsageError(f"there is no limit {name!r}; known: {known}")
        try:
            limit_ms = float(text)
        except ValueError:
            limit_ms = -1.0
        if not 0 < limit_ms < float("inf"):
            raise LoadUsageError(f"the limit {name}={text} is not a number above 0")
        found[time] = limit_ms
    return found


def is_within(reading: StreamReading, limits_ms: Mapping[str, float]) -> bool:
    """Return whether a stream that is over kept all limits. What never came is not within one."""
    if not limits_ms:
        return True
    times_s = _times_s(reading)
    return all(
        (time_s := times_s[name]) is not None and time_s * 1000 <= limit_ms
        for name, limit_ms in limits_ms.items()
    )


def _times_s(reading: StreamReading) -> dict[str, float | None]:
    due_s, first_s, events = reading.due_s, reading.first_event_s, reading.folded
    mean_gap_s: float | None = 0.0
    if first_s is not None and events > 1:
        mean_gap_s = (reading.stamps_s[-1] - first_s) / (events - 1)
    return {
        "head": None if reading.head_s is None else reading.head_s - due_s,
        "first_event": None if first_s is None else first_s - due_s,
        "first_text": None if reading.first_text_s is None else reading.first_text_s - due_s,
        "mean_gap": mean_gap_s,
        "longest_gap": reading.longest_gap_s,
        "whole": reading.ended_s - due_s,
    }


def goodput_ratio(within: int, started: int, outcomes: Sequence[int]) -> float:
    """Return the share of requests within all limits; `outcomes` counts those in `LEFT_OUT`."""
    counted = started - sum(outcomes)
    return within / counted if counted > 0 else 0.0

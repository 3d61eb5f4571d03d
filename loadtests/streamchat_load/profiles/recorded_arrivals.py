"""Reading recorded arrivals from a file."""

from __future__ import annotations

import json
import math
from pathlib import Path

from streamchat_load.errors import LoadUsageError
from streamchat_load.profiles.plan import Arrival

ARRIVAL_LIMIT = 1_000_000
PAD_LIMIT_BYTES = 16 * 1024 * 1024
DURATION_LIMIT_S = 604_800.0


def read_arrivals(path: str, speed: float) -> list[Arrival]:
    """Return the arrivals of a file in order of time, the first at its own time.

    Each line is `seconds`, or `seconds,bytes`, or a JSON object with `t` and optionally `bytes`;
    empty lines and lines that begin with `#` are skipped. Raises LoadUsageError with the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise LoadUsageError(f"the file of arrivals {path!r} cannot be read: {reason}") from None
    arrivals = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        arrivals.append(_read_line(stripped, f"{path}, line {number}", speed))
        if len(arrivals) > ARRIVAL_LIMIT:
            raise LoadUsageError(f"{path} has more than {ARRIVAL_LIMIT} arrivals")
    if not arrivals:
        raise LoadUsageError(f"{path} has no arrivals")
    return sorted(arrivals, key=lambda arrival: arrival.at_s)


def _read_line(line: str, where: str, speed: float) -> Arrival:
    try:
        if line.startswith("{"):
            value = json.loads(line)
            at_s, pad_bytes = float(value["t"]), int(value.get("bytes", 0))
        else:
            first, _, second = line.partition(",")
            at_s, pad_bytes = float(first), int(second or 0)
    except (ValueError, KeyError, TypeError):
        raise LoadUsageError(
            f'{where}: {line[:60]!r} is not an arrival such as 1.5 or 1.5,2048 or {{"t": 1.5}}'
        ) from None
    if not math.isfinite(at_s) or not 0 <= at_s / speed <= DURATION_LIMIT_S:
        raise LoadUsageError(f"{where}: the time {at_s:g} is not from 0 to a week")
    if not 0 <= pad_bytes <= PAD_LIMIT_BYTES:
        raise LoadUsageError(f"{where}: {pad_bytes} bytes is not from 0 to {PAD_LIMIT_BYTES}")
    return Arrival(at_s / speed, pad_bytes)

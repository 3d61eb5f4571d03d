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
CAP_LIMIT = 1_000_000
"""The most tokens that a line may ask for."""
BYTES_PER_TOKEN = 5
"""How long the text is that is about one token: a short word with its space."""


def read_arrivals(path: str, speed: float) -> list[Arrival]:
    """Return the arrivals of a file in order of time, the first at its own time.

    Each line is `seconds`, or `seconds,bytes`, or a JSON object with `t` (or `timestamp`, in
    milliseconds) and optionally `bytes`, or the number of tokens of the prompt, and that of the
    answer (see `_NAMES`). Empty lines and lines that begin with `#` are skipped. Raises
    LoadUsageError with the line.
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


_NAMES = {
    "prompt": ("prompt_tokens", "input_length", "input_tokens"),
    "answer": ("output_tokens", "output_length", "completion_tokens"),
}
"""How traces of language models name the lengths of prompts and answers."""


def _read_object(line: str) -> tuple[float, int, int | None]:
    """Return the time, the bytes more and the limit of tokens of a JSON line."""
    value = json.loads(line)
    at_s = float(value["t"]) if "t" in value else float(value["timestamp"]) / 1000
    prompt = next((int(value[name]) for name in _NAMES["prompt"] if name in value), None)
    answer = next((int(value[name]) for name in _NAMES["answer"] if name in value), None)
    pad_bytes = int(value.get("bytes", 0)) if prompt is None else prompt * BYTES_PER_TOKEN
    return at_s, pad_bytes, answer


def _read_line(line: str, where: str, speed: float) -> Arrival:
    cap: int | None
    try:
        if line.startswith("{"):
            at_s, pad_bytes, cap = _read_object(line)
        else:
            first, _, second = line.partition(",")
            at_s, pad_bytes, cap = float(first), int(second or 0), None
    except (ValueError, KeyError, TypeError, OverflowError):
        raise LoadUsageError(
            f'{where}: {line[:60]!r} is not an arrival such as 1.5 or 1.5,2048 or {{"t": 1.5}}'
        ) from None
    if not math.isfinite(at_s) or not 0 <= at_s / speed <= DURATION_LIMIT_S:
        raise LoadUsageError(f"{where}: the time {at_s:g} is not from 0 to a week")
    if not 0 <= pad_bytes <= PAD_LIMIT_BYTES:
        raise LoadUsageError(f"{where}: {pad_bytes} bytes is not from 0 to {PAD_LIMIT_BYTES}")
    if cap is not None and not 1 <= cap <= CAP_LIMIT:
        raise LoadUsageError(f"{where}: {cap} tokens is not from 1 to {CAP_LIMIT}")
    return Arrival(at_s / speed, pad_bytes, cap)

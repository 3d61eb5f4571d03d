"""Whole judgements and many examples take long: by default a sample of each runs.

All run with `STREAMCHAT_MATRIX=all`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALL = os.environ.get("STREAMCHAT_MATRIX") == "all"


def sampled(names: Iterable[str], sample: Sequence[str]) -> list[str]:
    """Return all names, or those of the sample."""
    return sorted(names) if ALL else list(sample)


def examples(count: int) -> int:
    """Return how many examples a property is tried on: this many, or by default a quarter."""
    return count if ALL else max(1, count // 4)

"""Whole judgements take long: by default a sample runs, and all with `STREAMCHAT_MATRIX=all`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ALL = os.environ.get("STREAMCHAT_MATRIX") == "all"


def sampled(names: Iterable[str], sample: Sequence[str]) -> list[str]:
    """Return all names, or those of the sample."""
    return sorted(names) if ALL else list(sample)

"""The shapes of request that a plan sends."""

from __future__ import annotations

from itertools import islice
from random import Random
from typing import TYPE_CHECKING

from streamchat_load.dialects.dialect import RequestShape

if TYPE_CHECKING:
    from streamchat_load.profiles.plan import LoadPlan

SHAPE_LIMIT = 16
"""At most this many shapes of request are read; further ones have no template."""

CAPPED_SHAPE_LIMIT = 2
"""The same, where answers have lengths of their own."""


def shapes_of(plan: LoadPlan) -> list[RequestShape]:
    """Return each shape of request that a plan sends, up to the limit."""
    if plan.arrivals is None:
        turns = min(plan.behaviour.turns, SHAPE_LIMIT)
        return [RequestShape(turn=turn) for turn in range(turns)]
    found = {
        RequestShape(0, arrival.pad_bytes, arrival.cap): None
        for arrival in plan.arrivals(Random(0))
    }
    # Recorded lengths are all different: to learn from each takes too many tokens.
    limit = CAPPED_SHAPE_LIMIT if any(shape.cap is not None for shape in found) else SHAPE_LIMIT
    return list(islice(found, limit))

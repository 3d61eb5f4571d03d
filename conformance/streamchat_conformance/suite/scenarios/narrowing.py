"""One request that tries many things at once, and a smaller one where that fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from streamchat_conformance.judges import Reading, rules_of

Part = TypeVar("Part")


def breaks(reading: Reading, ids: Sequence[str]) -> bool:
    """Return whether an exchange breaks one of these judged requirements."""
    judges = rules_of(reading.dialect.name).judges
    return any(judges[id_](reading) for id_ in ids)


def narrowed(
    parts: Sequence[Part], ask: Callable[[Sequence[Part]], Reading], ids: Sequence[str]
) -> Reading:
    """Ask with all parts at once; return that answer, or the one that fails with the fewest.

    Halves are asked where the whole fails, so that a sound server costs one request.
    """
    reading = ask(parts)
    if len(parts) < 2 or not breaks(reading, ids):
        return reading
    middle = len(parts) // 2
    for half in (parts[:middle], parts[middle:]):
        found = narrowed(half, ask, ids)
        if breaks(found, ids):
            return found
    return reading

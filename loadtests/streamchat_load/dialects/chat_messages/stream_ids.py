"""Ids of answers, to recognise one that appears in two streams."""

from __future__ import annotations

from collections import OrderedDict

REMEMBERED = 100_000
"""How many ids are remembered: those of streams that are open, and of the last ones."""

RANDOM_CHARACTERS = 12
"""Two ids that differ by chance have at least this many characters that may differ."""


class StreamIds:
    """Which stream an id belongs to: the first in which it was seen.

    Some servers give all answers one id, or one of a few: those say nothing. Only long ids of a
    server that has given several different ones are its own mark of each stream.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()

    def claim(self, identifier: str, nonce: str) -> str | None:
        """Record that an id opens a stream; return the nonce of another one that had it."""
        owner = self._owners.setdefault(identifier, nonce)
        if len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)
        return owner if owner != nonce and self._is_random(identifier) else None

    def owner(self, identifier: str, nonce: str) -> str | None:
        """Return the nonce of another stream that an id belongs to, or None."""
        owner = self._owners.get(identifier)
        return owner if owner != nonce else None

    def _is_random(self, identifier: str) -> bool:
        _, _, own = identifier.rpartition("-")
        return len(own or identifier) >= RANDOM_CHARACTERS and len(self._owners) > 1

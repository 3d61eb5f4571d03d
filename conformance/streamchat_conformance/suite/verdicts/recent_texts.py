"""Texts that were sent lately, remembered by their hashes: in bounded memory, however many."""

from __future__ import annotations

import threading
from collections import OrderedDict

REMEMBERED = 50_000
"""How many texts are remembered; more than any run sends that is not bounded by time alone."""


class RecentTexts:
    """The last texts that were added, the oldest forgotten first."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._hashes: OrderedDict[int, None] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, text: str) -> bool:
        return hash(text) in self._hashes

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, text: str) -> None:
        """Remember a text; one that was added before is the latest again."""
        with self._lock:
            self._hashes[hash(text)] = None
            self._hashes.move_to_end(hash(text))
            if len(self._hashes) > self._remembered:
                self._hashes.popitem(last=False)

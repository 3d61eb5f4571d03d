"""Stop sequences: an answer ends before the first of them, wherever tokens are cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class StopSearch:
    """Looks for stop sequences in a text that comes in tokens.

    A token that may be the beginning of a stop sequence is held back until the next ones show
    whether it is.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = stops
        self._held: list[str] = []
        self.found: str | None = None
        """The stop sequence that was found."""

    def before_stop(self, token: str) -> Iterator[str]:
        """Yield the tokens, old and new, that are known to stand before any stop sequence."""
        self._held.append(token)
        text = "".join(self._held)
        found = [
            (place + len(stop), place, stop)
            for stop in self._stops
            if (place := text.find(stop)) >= 0
        ]
        if found:
            # The one that is complete first, whatever the tokens are.
            _, place, self.found = min(found)
            yield from _cut(self._held, place)
            self._held = []
            return
        safe = len(text) - max((_overlap(text, stop) for stop in self._stops), default=0)
        while self._held and len(self._held[0]) <= safe:
            safe -= len(self._held[0])
            yield self._held.pop(0)

    def rest(self) -> Iterator[str]:
        """Yield what was held back: no more text follows."""
        yield from self._held
        self._held = []


def _cut(tokens: list[str], length: int) -> Iterator[str]:
    """Yield the first `length` characters of the text, as the tokens have them."""
    for token in tokens:
        if length <= 0:
            return
        yield token[:length]
        length -= len(token)


def _overlap(text: str, stop: str) -> int:
    """Return how many of the text's last characters may be the beginning of `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)

"""Two texts that should be equal, shown where they differ."""

from __future__ import annotations

WIDTH = 80
"""How many characters of a text a finding shows."""
BEFORE = 30
"""How many of those stand before the difference, where it is not near the beginning."""


def where_they_differ(first: str, second: str) -> tuple[str, str]:
    """Return the piece of each of two texts that shows their first difference, quoted.

    The beginnings of two long answers are equal where only the last word is missing.
    """
    pairs = enumerate(zip(first, second, strict=False))
    shorter = min(len(first), len(second))
    at = next((place for place, (one, other) in pairs if one != other), shorter)
    start = max(0, at - BEFORE) if at > WIDTH - BEFORE else 0

    def shown(text: str) -> str:
        behind = "…" if len(text) > start + WIDTH else ""
        return f"{'…' if start else ''}{text[start : start + WIDTH]!r}{behind}"

    return shown(first), shown(second)

"""Choosing a stop sequence that an answer is known to have."""

from __future__ import annotations

SEARCHED = 500
"""How many places of a text are looked at for a stop sequence."""


def middle_of(text: str) -> str:
    """Return a stop sequence from the middle of a text: what stands there for the first time.

    Empty where the text is too short.
    """
    middle = len(text) // 2
    places = sorted(range(2, len(text) - 4), key=lambda at: abs(at - middle))
    for length in (3, 4, 2):
        for at in places[:SEARCHED]:
            piece = text[at : at + length]
            if text.find(piece) == at and piece.strip() == piece:
                return piece
    return ""

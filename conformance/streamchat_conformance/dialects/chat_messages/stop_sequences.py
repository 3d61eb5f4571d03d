"""Choosing a stop sequence that an answer is known to have, and seeing whether it stopped there."""

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


def goes_on(stopped: str, whole: str, sequence: str) -> bool:
    """Return whether a text goes on behind a stop sequence.

    One that ends there, or earlier than the whole text does, has stopped: a server that stops
    behind the token that completes the sequence sends the rest of that token, too.
    """
    is_cut = len(stopped) < len(whole) and whole.startswith(stopped)
    return bool(stopped.partition(sequence)[2]) and not is_cut

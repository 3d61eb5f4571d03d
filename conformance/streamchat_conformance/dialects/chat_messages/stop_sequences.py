"""Choosing a stop sequence that an answer is known to have, and seeing whether it stopped there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

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


def across_pieces(pieces: Sequence[str]) -> str:
    """Return a stop sequence that begins in one piece of a text and ends in the next one.

    It stands there for the first time, as near to the middle as there is one; empty without one.
    """
    text = "".join(pieces)
    borders = sorted({*accumulate(map(len, pieces))}, key=lambda at: abs(at - len(text) // 2))
    for at in borders[:SEARCHED]:
        for before, behind in ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3)):
            start = at - before
            piece = text[start : at + behind]
            if start < 2 or at + behind > len(text) - 2 or piece.strip() != piece:
                continue
            if len(piece) > 1 and text.find(piece) == start:
                return piece
    return ""


def goes_on(stopped: str, whole: str, sequence: str) -> bool:
    """Return whether a text goes on behind a stop sequence.

    One that ends there, or earlier than the whole text does, has stopped: a server that stops
    behind the token that completes the sequence sends the rest of that token, too.
    """
    is_cut = len(stopped) < len(whole) and whole.startswith(stopped)
    return bool(stopped.partition(sequence)[2]) and not is_cut

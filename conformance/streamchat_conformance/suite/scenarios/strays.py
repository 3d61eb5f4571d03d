"""Text of another answer in one that is otherwise what the same request gets alone, and lost text.

Answers need not repeat what requests say. Where equal requests, one after the other, get equal
answers, piece by piece, an answer next to others, or after one that was left, is compared with
them: what it has more than they have, and another answer has as well, has come from there. A model
whose answers vary differs in more than that, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

MOST_PIECES = 2
"""Answers that differ in more pieces are others."""
FEWEST_PIECES = 6
"""An answer with fewer pieces is no sign that the others are the same."""
LONG_TEXT = 20
"""A text of at least this many characters that ends an answer again is the same answer's."""


def strayed_pieces(
    alone: Sequence[str], said: Sequence[str], others: Collection[Sequence[str]]
) -> str:
    """Return the pieces of other answers in this one, joined; an empty string without any.

    `alone` has the pieces of the same answer alone, `said` those next to others.
    """
    if len(alone) < FEWEST_PIECES or len(said) < FEWEST_PIECES:
        return ""
    steps = SequenceMatcher(a=alone, b=said, autojunk=False).get_opcodes()
    changed = [step for step in steps if step[0] != "equal"]
    lost = sum(end - start for _, start, end, _, _ in changed)
    gained = [piece for *_, start, end in changed for piece in said[start:end]]
    if not gained or len(gained) > MOST_PIECES or lost > MOST_PIECES:
        return ""
    known = {piece for other in others for piece in other}
    strange = all(piece in known and piece not in alone for piece in gained)
    return "".join(gained) if strange else ""


def left_before(alone: str, said: str, others: Collection[str]) -> str:
    """Return the text of another answer that stands before the one that was asked for.

    An empty string where there is none.
    """
    if len(alone) < LONG_TEXT or not said.endswith(alone):
        return ""
    before = said.removesuffix(alone)
    found = bool(before.strip()) and any(before.strip() in other for other in others)
    return before if found else ""


def lost_pieces(alone: Sequence[str], said: Sequence[str]) -> str:
    """Return the pieces that an answer lacks, joined, where it differs in nothing else.

    An empty string where it lacks none, or differs in more. An answer that stops a little earlier
    may be another one.
    """
    if len(alone) < FEWEST_PIECES or not 0 < len(said) < len(alone):
        return ""
    lost: list[str] = []
    left = iter(said)
    awaited = next(left, None)
    for piece in alone:
        if piece == awaited:
            awaited = next(left, None)
        else:
            lost.append(piece)
    early = said == alone[: len(said)] and 2 * len(said) > len(alone)
    return "" if awaited is not None or early else "".join(lost)

"""Pieces of other answers in one that is otherwise what the same request gets alone."""

from __future__ import annotations

import pytest
from streamchat_conformance.suite.scenarios.strays import (
    left_before,
    lost_pieces,
    strayed_pieces,
)

ALONE = ("Ri", "vers", " and", " bri", "dges", " and", " boats")
OTHERS = [("Ow", "ls", " and", " el", "ks", " and", " cod")]


def changed(at: int, *pieces: str, lost: int = 1) -> tuple[str, ...]:
    return (*ALONE[:at], *pieces, *ALONE[at + lost :])


@pytest.mark.parametrize(
    ("said", "stray"),
    [
        (ALONE, ""),
        (changed(3, " el"), " el"),
        (changed(3, " el", lost=0), " el"),
        (changed(3, " el", "ks", lost=2), " elks"),
        (changed(3, " and"), ""),
        (changed(3, " fer"), ""),
        (changed(3, " el", " fer"), ""),
        (changed(3), ""),
        (OTHERS[0], ""),
        (("Ri", "vers", " el"), ""),
        ((), ""),
    ],
)
def test_a_piece_of_another_answer_is_found_where_the_rest_is_the_same(
    said: tuple[str, ...], stray: str
) -> None:
    assert strayed_pieces(ALONE, said, OTHERS) == stray


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Rivers and bridges and boats", ""),
        ("ks and codRivers and bridges and boats", "ks and cod"),
        ("Well. Rivers and bridges and boats", ""),
        (" Rivers and bridges and boats", ""),
        ("ks and cod", ""),
    ],
)
def test_what_was_left_of_another_answer_is_found_before_the_own_one(said: str, left: str) -> None:
    assert left_before("".join(ALONE), said, ["Owls and elks and cod"]) == left


def test_a_short_answer_says_nothing_of_what_stands_before_it() -> None:
    assert left_before("ok", "and cod ok", ["Owls and elks and cod"]) == ""


TEN = tuple(f"{number} " for number in range(10))


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        (TEN, ""),
        ((*TEN[:3], *TEN[4:]), "3 "),
        (TEN[:4], "4 5 6 7 8 9 "),
        (TEN[1:], "0 "),
        # A model may stop earlier another time, or go on, or say something else.
        (TEN[:8], ""),
        ((*TEN, "10 "), ""),
        ((*TEN[:3], "x ", *TEN[4:]), ""),
        ((*TEN[:3], "x ", *TEN[5:]), ""),
        # Two pieces that come as one have lost nothing.
        ((*TEN[:3], "3 4 ", *TEN[5:]), ""),
        ((), ""),
    ],
)
def test_an_answer_has_lost_what_it_lacks_where_it_differs_in_nothing_else(
    said: tuple[str, ...], lost: str
) -> None:
    assert lost_pieces(TEN, said) == lost

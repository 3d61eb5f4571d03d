"""Hints at what was meant by an unknown word."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from streamchat_conformance.core.nearest import did_you_mean, nearest, nearest_of


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("refusals", ("request", "refusal"), "did you mean 'refusal'?"),
        ("keep_alive", ("keepalive", "data"), "did you mean 'keepalive'?"),
        ("MUST", ("must", "should"), "did you mean 'must'?"),
        ("zzz", ("must", "", "any"), "known are must, any"),
        ("zzz", frozenset(("must", "any")), "known are any, must"),
        ("///", ("must", "/", "--"), "known are must, /, --"),
    ],
)
def test_the_hint_is_the_nearest_word_or_all_of_them(
    word: str, known: Collection[str], hint: str
) -> None:
    assert nearest(word, known) == hint


def test_all_words_may_follow_the_nearest_one() -> None:
    known = ("quick", "default")
    assert nearest("quik", known, list_all=True) == "did you mean 'quick'? known are quick, default"
    assert nearest("zzz", known, list_all=True) == "known are quick, default"


def test_several_words_are_asked_for_in_one_question() -> None:
    known = ["sse.utf8", "sse.event-type", "payload.json"]
    near = nearest_of("payload.jsn", known, most=3, cutoff=0.5)
    assert did_you_mean(near) == "did you mean 'payload.json'?"
    assert did_you_mean(["a", "b"]) == "did you mean 'a' or 'b'?"
    assert did_you_mean([]) == ""

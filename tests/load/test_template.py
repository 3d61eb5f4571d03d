from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from streamchat_load.verification.template import (
    LEARNING_NONCES,
    NONCE_DIGITS,
    StreamTemplate,
    learn_template,
)

if TYPE_CHECKING:
    from collections.abc import Callable

nonces = st.text("0123456789abcdef", min_size=NONCE_DIGITS, max_size=NONCE_DIGITS)


def learned(answer: Callable[[str], list[str]], proof: str) -> StreamTemplate | None:
    first, second = map(answer, LEARNING_NONCES)
    return learn_template(first, second, answer(proof), proof)


def echo(nonce: str) -> list[str]:
    prompt = f"Load sc-{nonce}: Grüße"
    return [json.dumps({"prompt": prompt, "response": f"{number} {nonce}"}) for number in range(4)]


def typewriter(step: int) -> Callable[[str], list[str]]:
    def answer(nonce: str) -> list[str]:
        text = f"You said sc-{nonce}, twice: {nonce}."
        return [text[at : at + step] for at in range(0, len(text), step)]

    return answer


@given(nonces, nonces)
def test_an_echo_is_predictable_for_every_nonce(proof: str, nonce: str) -> None:
    template = learned(echo, proof)
    assert template is not None
    assert template.texts(nonce) == echo(nonce)


@given(nonces, nonces, st.integers(1, 30))
def test_a_nonce_that_is_cut_over_several_events_is_predictable(
    proof: str, nonce: str, step: int
) -> None:
    answer = typewriter(step)
    template = learned(answer, proof)
    assert template is not None
    assert template.texts(nonce) == answer(nonce)


def test_streams_that_differ_by_more_than_the_nonce_have_no_template() -> None:
    clock = iter(range(1000))

    def answer(nonce: str) -> list[str]:
        return [f"{nonce} at {next(clock):04}"]

    assert learned(answer, "0" * 16) is None


def test_a_server_that_answers_the_proof_with_anothers_text_has_no_template() -> None:
    first, second = map(echo, LEARNING_NONCES)
    assert learn_template(first, second, first, "0" * 16) is None


def test_texts_of_different_lengths_have_no_template() -> None:
    assert learn_template(["a"], ["ab"], ["a"], "0" * 16) is None
    assert learn_template([], [], [], "0" * 16) is None


def test_streams_that_were_cut_are_compared_as_far_as_all_go() -> None:
    proof = "0" * 16
    first, second = map(echo, LEARNING_NONCES)
    template = learn_template(first, second[:2], echo(proof)[:3], proof)
    assert template is not None
    assert len(template.events) == 2


def test_distinct_texts_are_counted() -> None:
    template = learn_template(
        ["same", "same", "x"], ["same", "same", "x"], ["same", "same", "x"], "0" * 16
    )
    assert template is not None
    assert template.distinct == 2


def test_no_two_positions_of_the_learning_nonces_look_the_same() -> None:
    pairs = list(zip(*LEARNING_NONCES, strict=True))
    assert len(set(pairs)) == len(pairs) == NONCE_DIGITS
    assert all(one != other for one, other in pairs)


@given(nonces, nonces, st.integers(2, 40))
def test_another_streams_text_is_recognised_where_digits_stand_together(
    nonce: str, other: str, step: int
) -> None:
    template = learned(typewriter(step), nonce)
    assert template is not None
    for event, text in zip(template.events, typewriter(step)(other), strict=True):
        shown = any(
            not isinstance(piece, str) and piece[1] - piece[0] > 1 for piece in event.pieces
        )
        assert event.fits(text) is shown
        assert not event.fits(text + ".")
        assert not event.fits("?" + text[1:])

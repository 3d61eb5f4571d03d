"""A text ends before its first stop sequence, whatever its tokens are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamchat_reference.dialects.stops import StopSearch

LETTERS = "ab"
"""Few letters, so that stop sequences begin often and overlap."""


def released(tokens: list[str], stops: list[str]) -> tuple[list[str], bool]:
    """Return the tokens that come out, and whether a stop sequence was found."""
    search = StopSearch(stops)
    out: list[str] = []
    for token in tokens:
        out += search.before_stop(token)
        if search.found:
            return out, True
    return [*out, *search.rest()], False


def expected(text: str, stops: list[str]) -> str:
    """Return the text before the stop sequence that is complete first, letter by letter."""
    for end in range(len(text) + 1):
        ending = [stop for stop in stops if text[:end].endswith(stop)]
        if ending:
            return text[: end - max(map(len, ending))]
    return text


@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=4), max_size=8),
    st.lists(st.text(LETTERS, min_size=1, max_size=5), max_size=4),
)
def test_the_text_ends_before_the_first_stop_wherever_tokens_are_cut(
    tokens: list[str], stops: list[str]
) -> None:
    text = "".join(tokens)
    out, found = released(tokens, stops)
    assert "".join(out) == expected(text, stops)
    assert found == any(stop in text for stop in stops)
    # Tokens stay what they are; only the last one may be cut.
    assert out[:-1] == tokens[: max(0, len(out) - 1)]


@pytest.mark.parametrize(
    ("tokens", "stops", "out"),
    [
        (["one", " two", " three"], ["two"], ["one", " "]),
        (["one", " t", "wo", " three"], ["two"], ["one", " "]),
        (["one", " tw", "ice"], ["two"], ["one", " tw", "ice"]),
        (["one", " tw"], ["two"], ["one", " tw"]),
        (["a", "b", "c"], ["abc"], []),
        (["a", "b", "c"], [], ["a", "b", "c"]),
        (["xaby"], ["ab", "xaby"], ["x"]),
        (["xab", "y"], ["ab", "xaby"], ["x"]),
        (["\N{GRINNING FACE}", "\N{GRINNING FACE}!"], ["!"], ["\N{GRINNING FACE}"] * 2),
    ],
)
def test_examples_of_stops(tokens: list[str], stops: list[str], out: list[str]) -> None:
    assert released(tokens, stops)[0] == out


def test_a_token_that_begins_no_stop_is_not_held_back() -> None:
    search = StopSearch(["STOP"])
    assert list(search.before_stop("text")) == ["text"]
    assert list(search.before_stop("more S")) == []
    assert list(search.before_stop("un")) == ["more S", "un"]

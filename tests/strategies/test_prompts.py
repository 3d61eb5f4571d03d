from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from streamchat_conformance.strategies import (
    LINE_SEPARATORS,
    injection_prompts,
    line_separator_prompts,
    prompts,
)

if TYPE_CHECKING:
    from collections.abc import Callable


PROPERTY = settings(deadline=None)


@PROPERTY
@given(prompts(max_size=30))
def test_a_prompt_is_scalar_values_and_holds_to_its_size(prompt: str) -> None:
    assert len(prompt) <= 30
    assert prompt.encode("utf-8").decode("utf-8") == prompt
    assert "\ufffd" not in prompt


@PROPERTY
@given(prompts(max_size=0))
def test_a_prompt_of_no_size_is_empty(prompt: str) -> None:
    assert prompt == ""


@pytest.mark.parametrize(
    "feature",
    [
        *LINE_SEPARATORS,
        "\ufeff",
        "\ufffe",
        "\uffff",
        "\U0010ffff",
        "\u202e",
        "\u0301",
        "\u200d",
        "\x7f",
        '"',
        "\\",
        "\n\ndata:",
        "\r\n\r\n",
    ],
    ids=ascii,
)
def test_prompts_find_what_is_awkward(minimal: Callable[..., Any], feature: str) -> None:
    assert feature in minimal(prompts(), lambda prompt: feature in prompt)


@pytest.mark.parametrize("plane", [1, 2, 3, 9, 14, 15, 16])
def test_prompts_reach_every_kind_of_plane(minimal: Callable[..., Any], plane: int) -> None:
    found = minimal(prompts(), lambda prompt: any(ord(char) >> 16 == plane for char in prompt))
    assert len(found) == 1


def test_prompts_find_unassigned_and_private_characters(minimal: Callable[..., Any]) -> None:
    for category in ("Cn", "Co", "Cf", "Cc", "Mn"):
        minimal(
            prompts(), lambda text, category=category: category in map(unicodedata.category, text)
        )


def test_prompts_find_long_runs_of_one_character(minimal: Callable[..., Any]) -> None:
    run = minimal(prompts(max_size=500), lambda text: len(text) > 400 and len(set(text)) == 1)
    assert len(run) == 401


def test_the_replacement_character_comes_only_when_asked_for(minimal: Callable[..., Any]) -> None:
    found = minimal(prompts(replacement_character=True), lambda text: "\ufffd" in text)
    assert found == "\ufffd"


def test_prompts_shrink_to_short_ascii(minimal: Callable[..., Any]) -> None:
    assert minimal(prompts()) == ""
    assert minimal(prompts(), lambda text: len(text) >= 3) == "000"


@PROPERTY
@given(line_separator_prompts(max_size=5))
def test_a_line_separator_prompt_holds_a_separator(prompt: str) -> None:
    assert any(separator in prompt for separator in LINE_SEPARATORS)
    assert len(prompt) <= 5


@PROPERTY
@given(line_separator_prompts(max_size=0))
def test_a_line_separator_prompt_of_no_size_is_empty(prompt: str) -> None:
    assert prompt == ""


@pytest.mark.parametrize("separator", LINE_SEPARATORS, ids=ascii)
def test_each_line_separator_shrinks_to_itself(minimal: Callable[..., Any], separator: str) -> None:
    assert minimal(line_separator_prompts(), lambda text: separator in text) == separator


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"], ids=ascii)
@pytest.mark.parametrize("field", ["data", "event", "id", "retry", ""])
def test_injections_try_every_field_with_every_line_end(
    minimal: Callable[..., Any], end: str, field: str
) -> None:
    injected = f"{end}{field}:"
    assert len(minimal(injection_prompts(), lambda text: injected in text)) < 60


@pytest.mark.parametrize(
    "injected",
    ["\r\nX-Injected: 1", "\r\n\r\nHTTP/1.1 200 OK", "0\r\n\r\n", "<script>", "OR '1'='1'", '"}'],
    ids=ascii,
)
def test_injections_try_the_head_the_framing_and_documents(
    minimal: Callable[..., Any], injected: str
) -> None:
    minimal(injection_prompts(), lambda text: injected in text)


def test_injections_stand_in_the_middle_of_text_too(minimal: Callable[..., Any]) -> None:
    found = minimal(injection_prompts(), lambda text: text[0] == text[-1] == "a")
    assert "\n\ndata:" in found

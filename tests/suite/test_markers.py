"""Whose answer a stream is, by the words that its request asks for."""

from __future__ import annotations

import pytest
from streamchat_conformance.suite.scenarios.markers import foreign_marker, marked_prompt, marker

COUNT = 12
OWN = marked_prompt(0)
SAID = f"{marker(0)} " + "owl " * 8


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        (SAID, ""),
        (f"You said: {OWN}", ""),
        (SAID.replace("owl ", "elk ", 1), "elk"),
        (SAID.replace("owl owl", "owl  yak", 1), "yak"),
        (f"{marker(3)} {'yak ' * 8}", marker(3)),
        (f"{marker(0)} {'elk ' * 8}", "elk"),
        (f"{marker(0)} owl {'yak ' * 7}", "yak"),
        (f"{marker(0)} {'elk yak ' * 4}", ""),
        ("owl elk yak", ""),
        ("An elk and an owl, an owl and a cod.", ""),
        ("Rivers and bridges, and boats.", ""),
        (SAID.replace("owl owl", "owlet elkhound", 1), ""),
        ("", ""),
    ],
)
def test_a_word_of_another_request_is_found_in_an_answer_to_its_own(
    text: str, foreign: str
) -> None:
    assert foreign_marker(text, str([{"role": "user", "content": OWN}]), COUNT) == foreign


def test_no_two_of_the_requests_at_once_have_a_word_in_common() -> None:
    prompts = [marked_prompt(number) for number in range(16)]
    assert not any(foreign_marker(prompt.partition(": ")[2], prompt, 16) for prompt in prompts)
    assert len(set(prompts)) == len(prompts)

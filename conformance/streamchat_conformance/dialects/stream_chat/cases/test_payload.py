"""payload: what the events say, for prompts and histories of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import strategies as st

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest, chat_of
from streamchat_conformance.dialects.stream_chat.rules import JUDGES
from streamchat_conformance.dialects.stream_chat.strategies import (
    NAMED_LIKE_PROTOTYPES,
    ODDLY_NAMED,
    json_values_within_doubles,
    raw_body,
)
from streamchat_conformance.strategies import exact_numbers, prompts
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, verdict

OWN = frozenset(
    {
        "payload.prompt-echo",
        "payload.history-echo",
        "payload.history-echo-exact",
    }
)
STRADDLING = "é日😀日" * 5400
"""64 KiB in which characters take 2, 3 and 4 bytes, and 1 and 2 units of UTF-16: wherever a server
cuts it into pieces of one size, some cut falls inside a character."""
NESTED: list[Any] = ["deep"]
for _ in range(15):
    NESTED = [{"a": NESTED}]
MESSAGES = [
    {"role": "system", "content": " Be brief. "},
    {"role": "USER", "content": "Hi", "name": "Ann", "content_type": "text"},
    {"role": "user", "content": "Hi"},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "arguments": "{}"}]},
    {"role": "tool", "content": [{"type": "text", "text": "12"}, {"type": "text", "text": "3"}]},
    {"role": "assistant", "content": ""},
    {"role": "system", "content": "Be briefer."},
    {},
]
"""What chat servers make uniform before they hand it to a model."""
LOOKALIKES = [
    *("2024-01-31", "2024-01-31T12:00:00Z", "2024-01-31 12:00:00", "12:00", "P1D"),
    *("12345", "-1", "1.50", "1e3", "0x10", "007", "true", "False", "null", "None", "NaN", "[]"),
    *(
        "550E8400-E29B-41D4-A716-446655440000",
        "dGV4dA==",
        "%20",
        "&amp;",
        "https://EXAMPLE.com/%7e",
    ),
]
"""Strings that a reader with ideas of its own takes for something else."""


def _chat(target: Target, prompt: str, history: list[Any] | None = None) -> ChatRequest:
    plain = chat_of(target.plain(prompt))
    return plain if history is None else replace(plain, history=history)


@decides("payload.prompt-echo")
@generated(
    lambda: st.tuples(prompts(), st.booleans()),
    examples=[
        ("", True),
        (" leading and trailing ", True),
        ('tab\tquote"backslash\\slash/', True),
        ("é e\u0301 ﬁ Å", False),
        ("😀👩‍👩‍👧‍👦🇩🇪", False),
        ("\u0000\u0001\u001f\u007f\u0080", True),
        ("\u202e\u200f\u200b\ufeff\ufffe\uffff\U0010ffff", False),
        ("0", True),
        ("null", True),
        ('{"prompt": "x"}', True),
        ("a" * 5000, True),
        (STRADDLING, False),
    ],
)
def test_the_prompt_comes_back_code_point_for_code_point(
    target: Target, drawn: tuple[str, bool]
) -> None:
    prompt, escaped = drawn
    request = HttpRequest.chat(_chat(target, prompt), ensure_ascii=escaped)
    check(target.send(request), "payload.prompt-echo")


@decides("payload.history-echo")
@generated(
    lambda: st.lists(json_values_within_doubles(), max_size=4),
    examples=[
        [],
        [True, 1, 1.0, False, 0, None, ""],
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        [{"": {"a": [], "b": {}}}, [[[]]]],
        [9007199254740991, -9007199254740991, 0.1, 1e308, 5e-324],
        [f"turn {number}" for number in range(40)],
        ["é", "e\u0301", {"é": 1, "e\u0301": 2}],
        [{"a": 1, "A": 2, "a ": 3}],
        NESTED,
        MESSAGES,
        LOOKALIKES,
        ODDLY_NAMED,
        NAMED_LIKE_PROTOTYPES,
    ],
)
def test_the_history_comes_back_as_the_same_json(target: Target, history: list[Any]) -> None:
    check(target.chat(_chat(target, "Hello", history)), "payload.history-echo")


@decides("payload.history-echo-exact")
@generated(
    lambda: st.lists(exact_numbers(), min_size=1, max_size=3),
    examples=[
        ["9007199254740993"],
        ["-0.0"],
        ["0.1000000000000000055511151231257827"],
        ["18446744073709551617", "1" * 60],
    ],
    share=0.5,
)
def test_numbers_beyond_doubles_come_back_exactly(target: Target, numbers: list[str]) -> None:
    body = raw_body(history=b"[" + ",".join(numbers).encode("ascii") + b"]")
    check(target.post(body), "payload.history-echo-exact")


@pytest.mark.parametrize("judged_id", JUDGES.of_area("payload", without=OWN))
def test_every_event_says_what_it_should(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

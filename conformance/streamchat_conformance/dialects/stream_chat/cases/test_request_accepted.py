"""request: histories that have to be accepted."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.catalogue import decides
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.dialects.stream_chat.strategies import (
    NAMED_LIKE_PROTOTYPES,
    ODDLY_NAMED,
    any_histories,
    histories,
)
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check


@decides("request.history-empty")
@costs(1)
@independent()
def test_an_empty_history_is_accepted(target: Target) -> None:
    check(target.chat(ChatRequest("Hello", [])), "request.history-empty")


@decides("request.history-items")
@generated(
    lambda: histories(max_items=4),
    examples=[
        ["Hello", "Hi"],
        [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}],
        ["Hello", {"role": "user", "content": "Hi"}],
        [f"turn {number}" for number in range(100)],
        [{"role": "user", "content": f"turn {number}"} for number in range(120)],
    ],
    share=0.5,
)
def test_items_that_are_strings_or_messages_are_accepted(target: Target, history: Any) -> None:
    check(target.chat(ChatRequest("Hello", history)), "request.history-items")


@decides("request.history-any-json")
@generated(
    any_histories,
    examples=[
        *([None], [True], [0], [1.5], [[]], [{}], [[["nested"], {"a": {"": [None]}}]]),
        ODDLY_NAMED,
        NAMED_LIKE_PROTOTYPES,
    ],
)
def test_any_json_value_is_accepted_as_a_history_item(target: Target, history: Any) -> None:
    check(target.chat(ChatRequest("Hello", history)), "request.history-any-json")


@decides("request.prompt-empty")
@costs(1)
@independent()
def test_an_empty_prompt_is_accepted(target: Target) -> None:
    check(target.chat(target.plain("")), "request.prompt-empty")

"""payload: what the events say, for prompts and histories of every kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    astral_prompts,
    exact_numbers,
    injection_prompts,
    json_values_within_doubles,
    line_separator_prompts,
    prompts,
    raw_body,
)
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.narrowing import narrowed
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, verdict

OWN = frozenset(
    {
        "payload.prompt-echo",
        "payload.history-echo",
        "payload.history-echo-exact",
        "payload.line-separators",
        "payload.no-injection",
        "payload.whole-characters",
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


def _few(target: Target) -> int:
    """Return how many events to read after dangerous text: two, if they are quick."""
    return 2 if target.baseline.interval_s < 0.02 else 1


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


@decides("payload.line-separators")
@generated(
    lambda: st.tuples(line_separator_prompts(), st.booleans(), st.booleans()),
    examples=[
        (text, in_history, escaped)
        for text in (
            "a\nb",
            "a\r\nb",
            "a\rb",
            "a\u2028b\u2029c\u0085d",
            "a\x0bb\x0cc\x1cd\x1de\x1ef",
        )
        for in_history in (False, True)
        for escaped in (False, True)
    ]
    + [("a\n\nb\u0000c\n", False, True), ("\n", True, True), ("\r\n\r\n", False, True)],
)
def test_line_separators_add_no_line_and_come_back(
    target: Target, drawn: tuple[str, bool, bool]
) -> None:
    text, in_history, escaped = drawn
    chat = _chat(target, "Hello", [text]) if in_history else _chat(target, text)
    request = HttpRequest.chat(chat, ensure_ascii=escaped)
    check(target.send(request, events=_few(target)), "payload.line-separators")


@decides("payload.whole-characters")
@generated(
    astral_prompts,
    examples=["😀" * 160, "a" + "😀" * 160, "👩🏽‍💻" * 40, "\U00010000a\U0010fffd日" * 60],
    share=0.1,
)
def test_a_character_never_comes_in_two_events(target: Target, prompt: str) -> None:
    interval_s = target.baseline.interval_s
    events = 12 if interval_s < 0.02 else 4 if interval_s < 0.25 else 2
    history = chat_of(target.recalling(prompt)).history
    reading = target.chat(_chat(target, prompt, history), events=events)
    check(reading, "payload.whole-characters")


INJECTIONS = tuple(
    f"{before}{end}{end}data:{space}{payload}{end}{end}"
    for before in ("spoken for", "")
    for end in ("\n", "\r", "\r\n", "%0A", "%0D%0A")
    for space in ("", " ")
    for payload in ('{"response":"injected"}',)
) + tuple(
    f"spoken for{end}{line}{end}"
    for end in ("\n", "\r", "\r\n", "\0")
    for line in (": another comment", "id: another-id", "event: another-event", "retry: 98765432")
)
_PLACES: dict[str, Callable[[str], tuple[str, list[Any] | None]]] = {
    "prompt": lambda text: (text, None),
    "item": lambda text: ("Hello", [text]),
    "content": lambda text: ("Hello", [{"role": "user", "content": text}]),
    "role": lambda text: ("Hello", [{"role": text, "content": "Hi"}]),
    "name": lambda text: ("Hello", [{"role": "user", "content": "Hi", "name": text}]),
    "id": lambda text: ("Hello", [{"id": text, "role": "user", "content": "Hi"}]),
    "type": lambda text: ("Hello", [{"role": "user", "content": "Hi", "type": text}]),
    "member": lambda text: ("Hello", [{"role": "user", "content": "Hi", text: "x"}]),
    "nested": lambda text: ("Hello", [{"a": [[{"b": text}]]}, [[text]]]),
    # What a server repeats is most often of the last message.
    "last message": lambda text: (
        "Hello",
        [{text: "x", **dict.fromkeys(("id", "type", "name", "role", "content"), text)}],
    ),
}
"""Where text of the request may stand that a server repeats outside the data."""
INJECTED = ("payload.no-injection", "headers.no-injection")


@decides("payload.no-injection")
@generated(
    lambda: st.tuples(injection_prompts(), st.sampled_from([(place,) for place in _PLACES])),
    examples=[(text, tuple(_PLACES)) for text in INJECTIONS],
)
def test_text_that_looks_like_an_event_adds_none(
    target: Target, drawn: tuple[str, tuple[str, ...]]
) -> None:
    text, places = drawn

    def ask(some: Sequence[str]) -> Reading:
        placed = [_PLACES[place](text) for place in some]
        prompt = next((prompt for prompt, items in placed if items is None), "Hello")
        items = [item for _, items in placed for item in items or ()]
        return target.chat(_chat(target, prompt, items or None), events=_few(target))

    reading = narrowed(places, ask, INJECTED)
    check(reading, *INJECTED)
    if len(places) > 1 and not reading.accepted:
        # A server may refuse such a role or name. What it takes is judged by itself.
        for place in places:
            check(ask([place]), *INJECTED)


@pytest.mark.parametrize("judged_id", JUDGES.of_area("payload", without=OWN))
def test_every_event_says_what_it_should(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

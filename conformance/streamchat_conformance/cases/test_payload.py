"""payload: what the events say, for prompts and histories of every kind."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import strategies as st

from streamchat_conformance.catalogue import MUST, Capability, requirement
from streamchat_conformance.chat.request import ChatRequest, HttpRequest
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.recorder import Plan, record_together
from streamchat_conformance.strategies import (
    exact_numbers,
    injection_prompts,
    json_values_within_doubles,
    line_separator_prompts,
    prompts,
    raw_body,
)
from streamchat_conformance.suite.conditions import Answered
from streamchat_conformance.suite.crowd import observe_together
from streamchat_conformance.suite.generated import generated
from streamchat_conformance.suite.judged import check, decides, judged_ids, verdict
from streamchat_conformance.suite.outcomes import Blocked, Violation
from streamchat_conformance.suite.target import SLOW_S, Target

OWN = frozenset(
    {
        "payload.prompt-echo",
        "payload.history-echo",
        "payload.history-echo-exact",
        "payload.line-separators",
        "payload.no-injection",
    }
)
NONCES = 8
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
WHOLE_S = 2.0
"""Concurrent streams that end within this time are read to their end (seconds)."""


def _chat(target: Target, prompt: str, history: list[Any] | None = None) -> ChatRequest:
    return ChatRequest(prompt, target.plain().history if history is None else history)


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


INJECTIONS = tuple(
    f"{before}{end}{end}data:{space}{payload}{end}{end}"
    for before in ("x", "")
    for end in ("\n", "\r", "\r\n")
    for space in ("", " ")
    for payload in ('{"response":"injected"}',)
)


@decides("payload.no-injection")
@generated(
    lambda: st.tuples(injection_prompts(), st.booleans()),
    examples=[(text, in_history) for text in INJECTIONS for in_history in (False, True)],
)
def test_text_that_looks_like_an_event_adds_none(target: Target, drawn: tuple[str, bool]) -> None:
    text, in_history = drawn
    chat = _chat(target, "Hello", [text]) if in_history else _chat(target, text)
    check(target.chat(chat, events=_few(target)), "payload.no-injection", "headers.no-injection")


@requirement(
    "payload.isolation",
    MUST,
    "Concurrent streams never show each other's prompt or history.",
    source="zoedsoupe/anubis-mcp#144, nesquena/hermes-webui#1584, "
    "modelcontextprotocol/typescript-sdk#2547, mlc-ai/web-llm#522",
    needs=Capability.ECHO,
)
def test_concurrent_streams_show_their_own_request_only(target: Target) -> None:
    if target.red("resilience.concurrent"):
        raise Blocked("resilience.concurrent", "streams are not served side by side")
    baseline = target.baseline
    whole = baseline.finite and baseline.duration_s <= WHOLE_S
    stop = Answered(6 if baseline.interval_s < 0.5 else 2, whole=whole)
    for round_ in range(2 if baseline.first_event_s < SLOW_S else 1):
        nonces = [f"nonce-{round_}-{number}-{number * 7919 + 13:05d}" for number in range(NONCES)]
        plans = [
            Plan(
                endpoint=target.endpoint,
                request=target.encode(
                    HttpRequest.chat(ChatRequest(f"{nonce}-p", target.history(f"{nonce}-h")))
                ),
                until=stop,
                label=f"one of {NONCES} concurrent streams",
            )
            for nonce in nonces
        ]
        readings = observe_together(target, record_together(plans, target.limits))
        if not any(reading.events for reading in readings):
            raise Blocked("resilience.concurrent", "no concurrent stream was served")
        for nonce, reading in zip(nonces, readings, strict=True):
            text = reading.body.decode("utf-8", "replace")
            strange = [other for other in nonces if other != nonce and other in text]
            if strange:
                finding = Finding(
                    "payload.isolation",
                    "a stream shows what another client wrote",
                    f"{nonce} only",
                    json.dumps(strange),
                )
                raise Violation((finding, reading.exchange))


@pytest.mark.parametrize("judged_id", judged_ids("payload", without=OWN))
def test_every_event_says_what_it_should(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

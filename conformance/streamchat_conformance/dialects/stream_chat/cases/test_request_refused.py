"""request: faults of prompt and history, and how they are reported."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.catalogue import decides
from streamchat_conformance.dialects.stream_chat.strategies import (
    any_json,
    bodies_missing,
    bodies_with,
)
from streamchat_conformance.strategies import json_text
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check

_FAULTY: tuple[dict[str, Any], ...] = (
    {"x": 1},
    {"history": None},
    {"prompt": None},
    {"prompt": None, "history": 1},
    {"prompt": None, "history": {}},
    {"history": "", "x": []},
)
FAULTY_PAIRS = [json.dumps(members).encode() for members in _FAULTY]
"""Requests with two faults each."""


@decides("request.prompt-missing")
@generated(lambda: bodies_missing("prompt"), examples=[b'{"history": []}'], share=0.5)
def test_a_request_without_prompt_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.prompt-missing")


@decides("request.prompt-null")
@generated(
    lambda: bodies_with("prompt", st.none()),
    examples=[b'{"prompt": null, "history": []}', b'{"history": ["Hi"], "prompt": null}'],
    share=0.3,
)
def test_a_prompt_that_is_null_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.prompt-null")


@decides("request.prompt-not-string")
@generated(
    lambda: bodies_with("prompt", any_json().filter(_is_no_text)),
    examples=[
        json_text({"prompt": prompt, "history": []})
        for prompt in (0, 1, 1.5, True, False, [], ["Hello"], {}, {"text": "Hello"})
    ],
    share=0.5,
)
def test_a_prompt_that_is_no_string_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.prompt-not-string")


def _is_no_text(value: Any) -> bool:
    return value is not None and not isinstance(value, str)


@decides("request.history-missing")
@generated(lambda: bodies_missing("history"), examples=[b'{"prompt": "Hello"}'], share=0.5)
def test_a_request_without_history_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.history-missing")


@decides("request.history-null")
@generated(
    lambda: bodies_with("history", st.none()),
    examples=[b'{"prompt": "Hello", "history": null}'],
    share=0.3,
)
def test_a_history_that_is_null_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.history-null")


@decides("request.history-not-list")
@generated(
    lambda: bodies_with("history", any_json().filter(_is_no_list)),
    examples=[
        json_text({"prompt": "Hello", "history": history})
        for history in ("", "Hi", 0, 1, 1.5, True, False, {}, {"0": "Hi"})
    ],
    share=0.5,
)
def test_a_history_that_is_no_list_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.history-not-list")


def _is_no_list(value: Any) -> bool:
    return value is not None and not isinstance(value, list)


@decides("request.error-order")
@generated(
    lambda: st.sampled_from(FAULTY_PAIRS),
    examples=[b"{}", b'{"history": "Hi"}', b'{"prompt": null, "history": null}'],
    share=0.2,
)
def test_of_several_faults_the_first_is_reported(target: Target, body: bytes) -> None:
    check(target.post(body), "request.error-order")


@decides("request.error-wording")
@generated(
    lambda: st.sampled_from([b"", b"{}", b'{"prompt": "Hi"}', b'{"prompt": "Hi", "history": {}}']),
    examples=[
        b"nonsense",
        b'{"history": []}',
        b'{"prompt": "Hello"}',
        b'{"prompt":"Hi","history":1}',
    ],
    share=0.1,
)
def test_refusals_have_the_articles_words(target: Target, body: bytes) -> None:
    check(target.post(body), "request.error-wording")

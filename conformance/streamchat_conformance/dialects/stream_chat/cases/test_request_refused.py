"""request: what has to be refused, and what must at least be survived."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.fields import media_type as read_media_type
from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.dialects.stream_chat.requests import chat_of
from streamchat_conformance.dialects.stream_chat.strategies import (
    any_json,
    arbitrary_bodies,
    bodies_missing,
    bodies_with,
    corrupted_bodies,
    deep_nesting,
    huge_number,
    json_text,
    lone_surrogate_bodies,
    malformed_bodies,
    non_finite_bodies,
    not_object_bodies,
    not_utf8_bodies,
)
from streamchat_conformance.strategies import media_types_not_json
from streamchat_conformance.suite.budget.cost import costs
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

VALID = b'{"prompt": "Hello", "history": ["Hi"]}'
DEPTH = 100_000
DIGITS = 5_000


@decides("request.media-type-not-json")
@generated(
    media_types_not_json,
    examples=[
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "text/plain; charset=utf-8",
        "text/html",
    ],
    share=0.5,
)
def test_a_body_that_is_not_declared_as_json_is_refused(
    target: Target, media_type: str | None
) -> None:
    chat = chat_of(target.plain())
    bodies = [chat.body()]
    declared = media_type and read_media_type(media_type)
    if declared and declared.type == "multipart":
        # Not JSON in any respect: whatever reads forms has nothing to object to.
        bodies.append(chat.form(declared.parameters["boundary"]))
    for body in bodies:
        request = HttpRequest(body=body, content_type=media_type)
        check(target.send(request), "request.media-type-not-json")


@decides("request.body-empty")
@costs(3)
def test_an_empty_body_is_refused(target: Target) -> None:
    check(target.post(b"", label="an empty body"), "request.body-empty")
    no_length = HttpRequest(body=b"", framing=())
    check(target.send(no_length, label="no body at all"), "request.body-empty")
    chunked = HttpRequest(body=b"0\r\n\r\n", framing=CHUNKED)
    check(target.send(chunked, label="an empty chunked body"), "request.body-empty")


def _malformed(target: Target) -> list[bytes]:
    """Return the common mistakes, and each fault at each place, as many as there is time for."""
    enumerated = corrupted_bodies(json.dumps(chat_of(target.plain()).history))
    return [*MISTAKES, *enumerated[: 4 * target.settings.thoroughness.examples]]


MISTAKES = [
    b"{",
    b'{"prompt": "Hello", "history": [',
    b'{"prompt": "Hello", "history": [],}',
    VALID + VALID,
    VALID + b" x",
    b"Hello",
    b"{'prompt': 'Hello', 'history': []}",
    b'{"prompt": "He\nllo", "history": []}',
    b'{prompt: "Hello", history: []}',
    b'{"prompt": "Hello" "history": []}',
    b" ",
]


@decides("request.body-malformed")
@generated(malformed_bodies, examples=_malformed, share=0.7)
def test_text_that_is_not_json_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.body-malformed")


@decides("request.body-not-utf8")
@generated(
    not_utf8_bodies,
    examples=[
        b'{"prompt": "Gr\xfc\xdfe", "history": []}',
        b'{"prompt": "\xc0\xaf", "history": []}',
        b'{"prompt": "\xed\xa0\x80", "history": []}',
        b'{"prompt": "Hello", "history": ["\xff"]}',
        VALID.decode().encode("utf-16"),
        VALID.decode().encode("utf-16-le"),
    ],
)
def test_bytes_that_are_not_utf8_are_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.body-not-utf8")


@decides("request.body-not-object")
@generated(
    not_object_bodies,
    examples=[b"[]", b'"prompt"', b"1", b"-0.5e3", b"true", b"false", b"null", b'[{"prompt":"x"}]'],
    share=0.5,
)
def test_json_that_is_no_object_is_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.body-not-object")


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


@decides("request.non-finite-numbers")
@generated(
    non_finite_bodies,
    examples=[
        b'{"prompt": "Hello", "history": [NaN]}',
        b'{"prompt": "Hello", "history": [Infinity]}',
        b'{"prompt": "Hello", "history": [-Infinity]}',
        b'{"prompt": "Hello", "history": [{"score": NaN}]}',
        b'{"prompt": "Hello", "history": [[[-Infinity]]]}',
        b'{"prompt": "Hello", "history": [], "temperature": NaN}',
    ],
    share=0.2,
)
def test_numbers_that_json_does_not_have_are_refused(target: Target, body: bytes) -> None:
    check(target.post(body), "request.non-finite-numbers")


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


@decides("request.lone-surrogate")
@generated(
    lone_surrogate_bodies,
    examples=[
        b'{"prompt": "\\ud83d", "history": []}',
        b'{"prompt": "\\ude00\\ud83d", "history": []}',
        b'{"prompt": "Hello", "history": ["\\udfff"]}',
        b'{"prompt": "Hello", "history": [{"\\ud800": 1}]}',
    ],
    share=0.5,
)
def test_half_a_surrogate_pair_is_survived(target: Target, body: bytes) -> None:
    check(target.post(body), "request.lone-surrogate")


@decides("request.deep-nesting")
@costs(4, largest_bytes=600_000)
def test_deep_nesting_is_survived(target: Target) -> None:
    for objects in (False, True):
        reading = target.post(deep_nesting(DEPTH, objects=objects), label="100,000 levels")
        target.check_alive("100,000 levels of nesting")
        check(reading, "request.deep-nesting")


@decides("request.huge-number")
@costs(2, largest_bytes=5000)
def test_a_huge_number_is_survived(target: Target) -> None:
    reading = target.post(huge_number(DIGITS), label="an integer of 5,000 digits")
    target.check_alive("an integer of 5,000 digits")
    check(reading, "request.huge-number")


@decides("request.never-5xx")
@generated(
    arbitrary_bodies,
    examples=[
        b"\x00",
        b"\xff\xfe",
        b'{"prompt": {"$ne": null}, "history": [{"role": null}]}',
        b'{"prompt": "", "history": [[[[]]], null, {"content": null}]}',
        b'{"prompt": "Hello", "history": [1e400, -1e400, 1e-400]}',
        b'{"prompt": "a", "prompt": "b", "history": [], "history": 0}',
        b"\xef\xbb\xbf" + VALID,
    ],
    share=3.0,
)
def test_no_body_draws_an_internal_error(target: Target, body: bytes) -> None:
    check(target.post(body), "request.never-5xx")

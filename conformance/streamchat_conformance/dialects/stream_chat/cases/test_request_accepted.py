"""request: what has to be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.dialects.stream_chat.classification import is_spoken_for
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest, chat_of
from streamchat_conformance.dialects.stream_chat.strategies import (
    NAMED_LIKE_PROTOTYPES,
    ODDLY_NAMED,
    SPOKEN_FOR,
    any_histories,
    extra_members,
    histories,
    json_text,
    prompts,
)
from streamchat_conformance.judges import Reading
from streamchat_conformance.strategies import chunked, chunkings, media_types_json
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.narrowing import narrowed
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import SLOW_S, Target
from streamchat_conformance.suite.verdicts.judged import check, violation

LARGE = 64 * 1024
VERY_LARGE = 1024 * 1024
TAKEN_AS_TEXT = (
    "request.prompt-unicode",
    "request.never-5xx",
    "payload.prompt-echo",
    "payload.history-echo",
)
"""What a server breaks that takes words of a prompt for more than text."""
PAUSE_S = 0.05
"""How far apart pieces of a request are sent, so that each is a read of its own (seconds)."""


@decides("request.valid-accepted")
@costs(6, sequential=1)
def test_a_valid_request_gets_a_stream(target: Target) -> None:
    check(target.chat(target.plain(), label="a plain request"), "request.valid-accepted")
    if not target.baseline.streams or target.sequential:
        return
    data = target.encode(HttpRequest.chat(target.plain()))
    ways = [*_in_pieces(data), *_in_other_case(data)]

    def ask(pieces: list[bytes]) -> Reading:
        label = f"a plain request in {len(pieces)} piece(s), {pieces[0][:40]!r}"
        return target.send(b"".join(pieces), pieces=pieces, pause_s=PAUSE_S, label=label)

    at_once = len(ways) if target.baseline.first_event_s >= SLOW_S else 1
    for reading in run_together(ask, ways, at_once=at_once):
        check(reading, "request.valid-accepted")


def _in_pieces(data: bytes) -> Iterator[list[bytes]]:
    # TCP is a stream of bytes. Python's http.client, which is under the article's own client,
    # sends head and body apart, and networks cut anywhere.
    body_at = data.index(b"\r\n\r\n") + 4
    for cuts in ((body_at,), (body_at + 9,), (20, body_at - 2)):
        yield [data[start:end] for start, end in pairwise((0, *cuts, len(data)))]


def _in_other_case(data: bytes) -> Iterator[list[bytes]]:
    # RFC 9110 section 5.1: field names are case-insensitive. Node's fetch sends small letters.
    head, separator, body = data.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    named = [field.partition(b":") for field in fields]
    for cased in (bytes.lower, bytes.upper):
        lines = [line, *(cased(name) + colon + value for name, colon, value in named)]
        yield [b"\r\n".join(lines) + separator + body]


@decides("request.history-empty")
@costs(1)
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


@decides("request.prompt-empty")
@costs(1)
def test_an_empty_prompt_is_accepted(target: Target) -> None:
    check(target.chat(target.plain("")), "request.prompt-empty")


@decides("request.prompt-unicode")
@generated(
    lambda: st.tuples(prompts().map(lambda text: (text,)), prompts(max_size=10), st.booleans()),
    examples=[
        (("Grüße",), "ÿ", False),
        (("日本語",), "한국어", True),
        (("😀👩‍👩‍👧‍👦",), "\U0010ffff", False),
        (("😀",), "\U0001d4b3", True),
        (("a\u0000b\u001f\u007f",), "\ue000\ufdd0", True),
        (SPOKEN_FOR, "", False),
    ],
)
def test_any_unicode_text_is_accepted_escaped_or_raw(
    target: Target, drawn: tuple[tuple[str, ...], str, bool]
) -> None:
    texts, item, escaped = drawn

    def ask(some: Sequence[str]) -> Reading:
        text = " ".join(some)
        chat = replace(chat_of(target.recalling(item or text)), prompt=text)
        return target.send(HttpRequest.chat(chat, ensure_ascii=escaped))

    reading = narrowed(texts, ask, TAKEN_AS_TEXT)
    # Words that a tokenizer takes for its own are no question of Unicode: where they bring the
    # server down, that is request.never-5xx.
    failed = reading.head is None or reading.status >= 500
    if failed and is_spoken_for(reading.asked.values):
        return
    check(reading, "request.prompt-unicode")


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


@decides("request.unknown-members")
@generated(
    extra_members,
    examples=[{"model": "any"}, {"stream": True, "": None}, {"Prompt": 1, "HISTORY": "x"}],
    share=0.5,
)
def test_unknown_members_are_ignored(target: Target, extra: dict[str, Any]) -> None:
    chat = replace(chat_of(target.plain()), extra=extra)
    check(target.chat(chat), "request.unknown-members")


@decides("request.media-type-parameters")
@generated(
    media_types_json,
    examples=[
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        'application/json; charset="utf-8"',
        "application/json ; Charset=utf-8",
    ],
    share=0.5,
)
def test_the_json_media_type_is_known_in_any_spelling(target: Target, media_type: str) -> None:
    request = HttpRequest.chat(target.plain(), content_type=media_type)
    check(target.send(request), "request.media-type-parameters")


@decides("request.media-type-suffix")
def test_json_suffixes_are_accepted(target: Target) -> None:
    media_types = ("application/vnd.api+json", "application/ld+json")
    plain = target.plain()
    requests = [HttpRequest.chat(plain, content_type=media_type) for media_type in media_types]
    for reading in target.send_all(requests):
        check(reading, "request.media-type-suffix")


@decides("request.large-prompt")
@costs(3, largest_bytes=64 * 1024)
def test_a_large_prompt_is_accepted(target: Target) -> None:
    texts = [
        "All work and no play. " * (size // 22 + 1) for size in (LARGE // 4, LARGE // 2, LARGE)
    ]
    requests = [HttpRequest.chat(target.plain(text)) for text in texts]
    for reading in target.send_all(requests, label="a large prompt"):
        check(reading, "request.large-prompt")


@decides("request.very-large-prompt")
@costs(2, largest_bytes=1024 * 1024)
def test_a_very_large_prompt_is_accepted_or_refused_as_json(target: Target) -> None:
    reading = target.chat(target.plain("a" * VERY_LARGE), label="a prompt of 1 MiB")
    target.check_alive("a prompt of 1 MiB")
    check(reading, "request.very-large-prompt")


@decides("request.chunked-body")
@generated(
    lambda: (
        st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), min_size=1, max_size=20)
        .map(lambda prompt: json_text({"prompt": prompt, "history": ["Hi"]}))
        .flatmap(chunkings)
    ),
    examples=[
        chunked([b'{"prompt": "Hello", "history": ["Hi"]}']),
        chunked([b'{"prompt"', b': "Hello", "hist', b'ory": ["Hi"]}']),
        chunked([bytes([byte]) for byte in b'{"prompt": "Hello", "history": ["Hi"]}']),
    ],
    share=0.5,
)
def test_a_chunked_body_is_read(target: Target, coded: bytes) -> None:
    request = HttpRequest(body=coded, framing=CHUNKED)
    check(target.send(request), "request.chunked-body")


@decides("request.chunk-extensions")
@generated(
    lambda: chunkings(
        json_text({"prompt": "Hello", "history": ["Hi"]}), extensions=True, trailers=True
    ).filter(lambda coded: b";" in coded or not coded.endswith(b"\r\n0\r\n\r\n")),
    examples=[
        chunked([b'{"prompt": "Hello", "history": ["Hi"]}'], extension=b";a=b"),
        chunked([b'{"prompt": "Hello", ', b'"history": ["Hi"]}'], extension=b';a="b;c"'),
        chunked([b'{"prompt": "Hello", "history": ["Hi"]}'], trailers=b"X-Checksum: 1\r\n"),
    ],
    share=0.3,
)
def test_chunk_extensions_and_trailers_are_ignored(target: Target, coded: bytes) -> None:
    id_ = "request.chunk-extensions"
    request = HttpRequest(body=coded, framing=CHUNKED)
    reading = target.send(request, label="chunk extensions or trailers", observe=False)
    if reading.head is None and not reading.closed:
        message = "a chunked request with extensions or trailers was never answered"
        raise violation(id_, message, "200, text/event-stream", reading)
    check(reading, id_)
    target.ledger.observe_reading(reading)

"""request: what has to be accepted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from streamchat_conformance.catalogue import ECHO, MAY, decides
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import CHUNKED, HttpRequest
from streamchat_conformance.core.json_place import with_member
from streamchat_conformance.dialects.valid_requests import is_spoken_for
from streamchat_conformance.judges import Reading
from streamchat_conformance.strategies import (
    LINE_SEPARATORS,
    SPOKEN_FOR,
    chunked,
    chunkings,
    extra_members,
    media_types_json,
    prompts,
)
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.generated import generated, generated_for
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.narrowing import narrowed
from streamchat_conformance.suite.scenarios.plain_requests import check_forms
from streamchat_conformance.suite.scenarios.whole_answers import until_end
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable, Violation

LARGE_BYTES = 64 * 1024
VERY_LARGE_BYTES = 1024 * 1024


def _taken_as_text(target: Target) -> list[str]:
    """Return what a server breaks that takes words of a prompt for more than text."""
    repeats = [
        id_
        for id_, judge in target.ledger.rules.judges.items()
        if ECHO in judge.requirement.needs and judge.requirement.level is not MAY
    ]
    return ["request.prompt-unicode", "request.never-5xx", *repeats]


@decides("request.valid-accepted")
@costs(6, sequential=1)
@independent(at_once=5)
def test_a_valid_request_gets_a_stream(target: Target) -> None:
    check(target.chat(target.plain(), label="a plain request"), "request.valid-accepted")
    check_forms(target, "request.valid-accepted")


REPEATED = "Repeat this, and nothing else: " + "".join(
    f"a{separator}b" for separator in LINE_SEPARATORS
)
"""What a model says of it is judged with all other streams: it must add no line to them."""


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
        ((REPEATED,), "", False),
        ((REPEATED,), "", True),
    ],
)
def test_any_unicode_text_is_accepted_escaped_or_raw(
    target: Target, drawn: tuple[tuple[str, ...], str, bool]
) -> None:
    texts, item, escaped = drawn

    def ask(some: Sequence[str]) -> Reading:
        text = " ".join(some)
        chat = target.recalling(item or text, now=text)
        stop = until_end(target) if text == REPEATED else None
        return target.send(HttpRequest.chat(chat, ensure_ascii=escaped), stop=stop)

    reading = narrowed(texts, ask, _taken_as_text(target))
    if reading.refused:
        # Where any earlier turns are refused, that is no question of Unicode, and is seen so.
        target.chat(target.recalling("Hello.", now="Hello."), label="a plain conversation")
    # Words that a tokenizer takes for its own are no question of Unicode: where they bring the
    # server down, that is request.never-5xx.
    failed = reading.head is None or reading.status >= 500
    if failed and is_spoken_for(reading.asked.values):
        return
    check(reading, "request.prompt-unicode")


def _unknown(target: Target, *members: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the members without those that requests of the dialect have."""
    known = target.places.members
    return [{name: value for name, value in some.items() if name not in known} for some in members]


FOREIGN = {"streamchat-conformance": 4711}
"""A value that no server has for a member of its answer."""


def _cased(names: Iterable[str]) -> list[str]:
    """Return names of members in letters of another case, which are names of no member."""
    return [name.upper() if at % 2 else name.title() for at, name in enumerate(names)]


@decides("request.unknown-members")
@generated(
    extra_members,
    examples=lambda target: [
        *_unknown(target, {"model": "any"}, {"stream": True, "": None}),
        dict(zip(_cased(target.places.members), (1, "x", None), strict=False)),
        *([dict.fromkeys(target.places.answered, FOREIGN)] if target.places.answered else []),
    ],
    share=0.5,
)
def test_unknown_members_are_ignored(target: Target, extra: dict[str, Any]) -> None:
    body = target.plain().body()
    for name, value in extra.items():
        body = with_member(body, json.dumps({name: value}).encode()[1:-1])
    reading = target.send(HttpRequest(body=body), observe=False)
    check(reading, "request.unknown-members")
    _check_own(reading, extra)
    target.ledger.observe_reading(reading)


def _check_own(reading: Reading, extra: dict[str, Any]) -> None:
    """Raise Violation when a member of the request takes the place of one of the answer's."""
    for _, payload in reading.payloads:
        value = payload.value if isinstance(payload.value, dict) else {}
        for name, given in extra.items():
            if given == FOREIGN == value.get(name):
                id_ = "request.unknown-members"
                message = f"the request's own member `{name}` takes the place of the answer's"
                expected, received = "the answer as without that member", json.dumps(FOREIGN)
                raise Violation((Finding(id_, message, expected, received), reading.exchange))


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
@independent(at_once=2)
def test_json_suffixes_are_accepted(target: Target) -> None:
    media_types = ("application/vnd.api+json", "application/ld+json")
    plain = target.plain()
    requests = [HttpRequest.chat(plain, content_type=media_type) for media_type in media_types]
    readings = target.send_all(requests)
    one_by_one(lambda reading: check(reading, "request.media-type-suffix"), readings)


def _require_large(target: Target, id_: str) -> None:
    """Raise NotApplicable where this target is to be sent no prompt that is so large."""
    if target.settings.skips_large(id_):
        given = target.settings.deployment.skip_large is not None
        why = "[target] says so" if given else "send them with --large-prompts"
        raise NotApplicable(f"large prompts are left out: {why}")


@decides("request.large-prompt")
@costs(3, largest_bytes=64 * 1024)
@independent(at_once=3)
def test_a_large_prompt_is_accepted(target: Target) -> None:
    _require_large(target, "request.large-prompt")
    texts = [
        "All work and no play. " * (size // 22 + 1)
        for size in (LARGE_BYTES // 4, LARGE_BYTES // 2, LARGE_BYTES)
    ]
    context = target.settings.deployment.context
    fitting = [text for text in texts if context is None or len(text) < context]
    if not fitting:
        raise NotApplicable(f"no large prompt is sure to fit into {context} tokens")
    requests = [HttpRequest.chat(target.plain(text)) for text in fitting]
    readings = target.send_all(requests, label="a large prompt")
    one_by_one(lambda reading: check(reading, "request.large-prompt"), readings)


@decides("request.very-large-prompt")
@costs(2, largest_bytes=1024 * 1024)
@independent()
def test_a_very_large_prompt_is_accepted_or_refused_as_json(target: Target) -> None:
    _require_large(target, "request.very-large-prompt")
    reading = target.chat(target.plain("a" * VERY_LARGE_BYTES), label="a prompt of 1 MiB")
    target.check_alive("a prompt of 1 MiB")
    check(reading, "request.very-large-prompt")


LONG = "All work and no play. " * 40


def _chunked_examples(target: Target) -> list[bytes]:
    body = target.plain().body()
    third = len(body) // 3
    return [
        chunked([body]),
        chunked([body[:third], body[third:-third], body[-third:]]),
        chunked([bytes([byte]) for byte in body]),
        # More than a line, and more than some readers take at once.
        *(chunked(_cut(target.plain(LONG).body(), size)) for size in (100, 600)),
    ]


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


@decides("request.chunked-body")
@generated_for(
    lambda target: (
        st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20), min_size=1, max_size=20)
        .map(lambda text: target.plain(text).body())
        .flatmap(chunkings)
    ),
    examples=_chunked_examples,
    share=0.5,
)
def test_a_chunked_body_is_read(target: Target, coded: bytes) -> None:
    request = HttpRequest(body=coded, framing=CHUNKED)
    check(target.send(request), "request.chunked-body")


def _extended_examples(target: Target) -> list[bytes]:
    body = target.plain().body()
    half = len(body) // 2
    return [
        chunked([body], extension=b";a=b"),
        chunked([body[:half], body[half:]], extension=b';a="b;c"'),
        chunked([body], trailers=b"X-Checksum: 1\r\n"),
    ]


@decides("request.chunk-extensions")
@generated_for(
    lambda target: chunkings(target.plain().body(), extensions=True, trailers=True).filter(
        lambda coded: b";" in coded or not coded.endswith(b"\r\n0\r\n\r\n")
    ),
    examples=_extended_examples,
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

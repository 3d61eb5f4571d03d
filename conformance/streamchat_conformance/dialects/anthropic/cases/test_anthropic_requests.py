"""anthropic: which requests are accepted, and which are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from streamchat_conformance.catalogue import SHOULD, decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.anthropic.classification import TOLERATED
from streamchat_conformance.dialects.anthropic.judges.requests import tolerance_problem
from streamchat_conformance.dialects.anthropic.kinds import SCRIPTS
from streamchat_conformance.dialects.anthropic.requests import (
    NEWER_VERSION,
    OLDER_VERSION,
    VERSION,
    MessageRequest,
)
from streamchat_conformance.dialects.anthropic.rules import requirement
from streamchat_conformance.dialects.anthropic.strategies import (
    histories,
    invalid_messages,
    not_messages,
)
from streamchat_conformance.dialects.anthropic.stream_rows import VERSIONS
from streamchat_conformance.dialects.chat_messages.requests import assistant, user
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.whole_answers import until_whole
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, violation
from streamchat_conformance.suite.verdicts.outcomes import Barred

BETA = "?beta=true"
"""What agents add to the path."""
LONG_HISTORY = 50
"""Exchanges in a long history: 101 messages with the last one."""


def _base(target: Target) -> MessageRequest:
    return MessageRequest.of(target.plain())


def _accepted(target: Target, request: MessageRequest, row: str) -> None:
    """Send a request that has to be accepted, and check that it is."""
    target.require_stream()
    reading = target.send(HttpRequest.chat(request), observe=False)
    text = (target.dialect.refusals.text(reading.body) or "").lower()
    if reading.refused and ("context" in text or "too long" in text):
        raise Barred(f"the server's context is too small: {text[:120]}")
    target.ledger.observe_reading(reading)
    check(reading, row)


@decides("anthropic.content-forms")
@costs(3)
@independent()
def test_content_is_accepted_as_a_string_and_in_blocks(target: Target) -> None:
    text = str(_base(target).messages[-1]["content"])

    def check_accepted(texts: list[str]) -> None:
        blocks = [{"type": "text", "text": each} for each in texts]
        changed = replace(_base(target), messages=(user(blocks),))
        _accepted(target, changed, "anthropic.content-forms")

    one_by_one(check_accepted, ([text], ["Please.", text]))


@decides("anthropic.history-roles")
@generated(
    histories,
    examples=[
        # A run that tries one example alone tries the one that more servers refuse.
        (*(user("Hi"), assistant("Hello.")) * LONG_HISTORY, user("Say hello.")),
        (user("Hi"), assistant("Hello."), user("Say hello.")),
    ],
)
def test_a_history_is_accepted(target: Target, messages: tuple[Any, ...]) -> None:
    _accepted(target, replace(_base(target), messages=messages), "anthropic.history-roles")


@decides("anthropic.messages-missing")
@generated(not_messages, examples=[..., None, "Hello", 1, {"role": "user"}])
def test_messages_that_are_no_array_are_refused(target: Target, messages: Any) -> None:
    members = _base(target).members()
    del members["messages"]
    if messages is not ...:
        members["messages"] = messages
    check(target.post(json.dumps(members).encode()), "anthropic.messages-missing")


@decides("anthropic.messages-invalid")
@generated(
    invalid_messages,
    examples=[[], ["Hello"], [None], [{"content": "Hi"}], [{"role": "nobody", "content": "Hi"}]],
)
def test_messages_of_another_shape_are_refused(target: Target, messages: list[Any]) -> None:
    members = {**_base(target).members(), "messages": messages}
    check(target.post(json.dumps(members).encode()), "anthropic.messages-invalid")


@decides("anthropic.required-missing")
@costs(2)
@independent()
def test_a_request_without_a_model_or_a_limit_is_refused(target: Target) -> None:

    def check_refused(name: str) -> None:
        check(target.post(_base(target).without(name)), "anthropic.required-missing")

    one_by_one(check_refused, ("model", "max_tokens"))


@decides("anthropic.stream-optional")
@costs(3)
@independent()
def test_without_a_stream_the_answer_is_one_message(target: Target) -> None:
    target.require_stream()
    request = _base(target)
    whole = request.with_options(stream=False)
    # A length that counts characters is right where all of them are ASCII.
    bodies = (request.without("stream"), whole.body(), whole.saying(SCRIPTS).body())

    def check_one_message(body: bytes) -> None:
        reading = target.send(HttpRequest(body=body), label="no stream")
        check(reading, "anthropic.stream-optional")

    one_by_one(check_one_message, bodies)


@decides("anthropic.tolerance")
@costs(4)
@independent()
def test_what_servers_differ_about_is_taken_or_refused(target: Target) -> None:
    target.require_stream()
    request = _base(target).with_options(streamchat_conformance=True)
    reading = target.send(HttpRequest.chat(request), label="an unknown member")
    check(reading, TOLERATED)
    beta = f"{target.endpoint.path}{'&' if '?' in target.endpoint.path else '?'}beta=true"
    for http, label in (
        (_plain(target, path=beta), BETA),
        (_plain(target).with_fields(OLDER_VERSION), "an older anthropic-version"),
        (_without_version(target), "no anthropic-version"),
    ):
        # What such a request brings is not what others are judged by.
        reading = target.send(http, stop=until_whole(target), label=label, observe=False)
        problem = tolerance_problem(reading)
        if problem:
            raise violation(TOLERATED, f"{label}: {problem}", "200, or a 4xx", reading)
        # It is how agents ask: where it brings a stream, they read that one.
        if label == BETA and reading.accepted:
            target.ledger.observe_reading(replace(reading, path=beta))


@requirement(
    "anthropic.sdk-version",
    SHOULD,
    "A plain request is served with the anthropic-version that the official clients send, too.",
    source=f"{VERSIONS}; practice (anthropic 2.14.0, @anthropic-ai/sdk 1.14.0)",
)
def test_the_version_of_the_official_clients_is_served(target: Target) -> None:
    target.require_stream()
    request = _plain(target).with_fields(NEWER_VERSION)
    reading = target.send(request, label="the official clients' version", observe=False)
    if reading.accepted or reading.overloaded:
        return
    message = f"a plain request with {': '.join(NEWER_VERSION)} is not served"
    raise violation("anthropic.sdk-version", message, "200 and a stream", reading)


def _plain(target: Target, **changes: Any) -> HttpRequest:
    return HttpRequest.chat(_base(target), **changes)


def _without_version(target: Target) -> bytes:
    """Return the plain request without the version of the API, whoever would add it."""
    fields = target.dialect.fields_with(target.settings.headers, HttpRequest())
    return _plain(target).encode(
        authority=target.endpoint.authority,
        path=target.endpoint.path,
        extra=[each for each in fields if each[0].lower() != VERSION[0]],
    )

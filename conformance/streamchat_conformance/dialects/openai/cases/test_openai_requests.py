"""openai: which requests are accepted, which are refused, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from streamchat_conformance.catalogue import SHOULD, decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.chat_messages.requests import assistant, user
from streamchat_conformance.dialects.chat_messages.token_limits import exceeds
from streamchat_conformance.dialects.openai.capabilities import USAGE, with_usage
from streamchat_conformance.dialects.openai.judges.requests import REQUEST
from streamchat_conformance.dialects.openai.requests import (
    CAP_NAMES,
    UNKNOWN_MODEL,
    CompletionRequest,
)
from streamchat_conformance.dialects.openai.rules import requirement
from streamchat_conformance.dialects.openai.scenarios import (
    Whole,
    base,
    completion_tokens,
    counting,
    whole,
)
from streamchat_conformance.dialects.openai.strategies import (
    bodies_without_messages,
    conversations,
    lax_bodies,
    strange_messages,
)
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer
from streamchat_conformance.recorder import Until
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, violation
from streamchat_conformance.suite.verdicts.outcomes import Barred, Blocked

CALL_ID = "call_abc123"
SHORT_CAP = 16
BEHIND_A_ROLE = 3
"""Events of an answer to an invalid request: an error may stand behind the role of an answer."""
WITHIN_S = 20.0
"""How long an answer to a conversation is read at most (seconds)."""
LONG_HISTORY = 50
"""Exchanges in a long history: 101 messages with the last one."""


def _accepted(
    target: Target, request: CompletionRequest, row: str, *, stop: Until | None = None
) -> Reading:
    """Send a request that has to be accepted, and check that it is.

    Where the server says that its context is too small, nothing can be said.
    """
    target.require_stream()
    reading = target.send(HttpRequest.chat(request), stop=stop, observe=False)
    text = (target.dialect.refusals.text(reading.body) or "").lower()
    if reading.refused and "context" in text:
        raise Barred(f"the server's context is too small: {text[:120]}")
    target.ledger.observe_reading(reading)
    return check(reading, row)


@decides("openai.request-history")
@generated(
    conversations,
    examples=[
        # A run that tries one example alone tries the one that more servers refuse.
        (*(user("Hi"), assistant("Hello.")) * LONG_HISTORY, user("Say hello.")),
        (user("Hi"), assistant("Hello."), user("Say hello.")),
    ],
)
def test_a_conversation_is_accepted(
    target: Target, messages: tuple[Mapping[str, Any], ...]
) -> None:
    # What goes wrong in few streams shows in many: these are read to their end.
    request = replace(base(target), messages=messages).capped(SHORT_CAP)
    request = with_usage(request) if target.has(USAGE) else request
    _accepted(target, request, "openai.request-history", stop=Whole(WITHIN_S))


@decides("openai.request-system")
@independent()
def test_a_system_message_in_front_is_accepted(target: Target) -> None:
    request = base(target)
    system = {"role": "system", "content": "Answer briefly."}
    messages = (system, *request.messages)
    _accepted(target, replace(request, messages=messages), "openai.request-system")


@decides("openai.request-content-parts")
@independent()
def test_content_in_parts_is_accepted(target: Target) -> None:
    request = base(target)
    text = str(request.messages[-1]["content"])

    def check_accepted(texts: list[str]) -> None:
        parts = [{"type": "text", "text": each} for each in texts]
        changed = replace(request, messages=(user(parts),))
        _accepted(target, changed, "openai.request-content-parts")

    one_by_one(check_accepted, ([text], ["Please.", text]))


@decides("openai.request-tool-history")
@independent()
def test_the_result_of_a_tool_is_accepted(target: Target) -> None:
    function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    call = {"id": CALL_ID, "type": "function", "function": function}
    messages = (
        user("What is the weather in Paris?"),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": CALL_ID, "content": "18 degrees, sunny"},
    )
    _accepted(target, replace(base(target), messages=messages), "openai.request-tool-history")


@decides("openai.request-null-options")
@costs(5)
@independent()
def test_null_is_the_same_as_absence(target: Target) -> None:
    request = base(target)
    names = ["stop", "n", "logprobs", "stream_options"]
    if request.cap_name != CAP_NAMES[1]:
        names.append(CAP_NAMES[1])
    one_by_one(
        lambda name: _accepted(
            target, request.with_options(**{name: None}), "openai.request-null-options"
        ),
        names,
    )


@decides("request.prompt-empty")
@independent()
def test_an_empty_message_is_accepted(target: Target) -> None:
    _accepted(target, base(target).saying(""), "request.prompt-empty")


@decides("openai.stream-options-empty")
@independent()
def test_empty_options_of_streams_do_no_harm(target: Target) -> None:
    target.require_stream()
    request = base(target).with_options(stream_options={})
    reading = whole(target, request, "empty stream_options")
    check(reading, "openai.stream-options-empty")


@decides("openai.stream-false")
@independent()
def test_without_a_stream_the_answer_is_one_body(target: Target) -> None:
    target.require_stream()
    request = base(target)
    bodies = (request.without("stream"), request.with_options(stream=False).body())
    one_by_one(
        lambda body: check(
            target.send(HttpRequest(body=body), label="no stream"), "openai.stream-false"
        ),
        bodies,
    )


def _check_refused(target: Target, members: Mapping[str, Any], row: str) -> None:
    body = HttpRequest(body=json.dumps(members).encode())
    check(target.send(body, events=BEHIND_A_ROLE), row)


@decides("openai.messages-missing")
@generated(bodies_without_messages, examples=[..., None, "Hello", 1, {}, {"role": "user"}])
def test_messages_that_are_no_array_are_refused(target: Target, messages: Any) -> None:
    members = base(target).members()
    del members["messages"]
    if messages is not ...:
        members["messages"] = messages
    _check_refused(target, members, "openai.messages-missing")


@decides("openai.message-not-object")
@generated(strange_messages, examples=[["Hello"], [1], [None], [user("Hi"), "Hello"]])
def test_a_message_that_is_no_object_is_refused(target: Target, messages: list[Any]) -> None:
    members = {**base(target).members(), "messages": messages}
    _check_refused(target, members, "openai.message-not-object")


@decides("openai.messages-lax")
@generated(
    lax_bodies,
    examples=[
        [],
        [{"content": "Hi"}],
        [{"role": "user", "content": 123}],
        [{"role": "user", "content": True}],
        [{"role": "user", "content": {}}],
    ],
)
def test_a_message_of_another_shape_is_refused(target: Target, messages: list[Any]) -> None:
    members = {**base(target).members(), "messages": messages}
    _check_refused(target, members, "openai.messages-lax")


@decides("openai.error-not-streamed")
@costs(4)
@independent()
def test_an_option_that_cannot_be_is_not_refused_in_a_stream(target: Target) -> None:
    request = base(target)
    row = "openai.error-not-streamed"

    def check_option(option: dict[str, Any]) -> None:
        check(whole(target, request.with_options(**option), "an option that cannot be"), row)

    def check_members(members: dict[str, Any]) -> None:
        _check_refused(target, {**members, "stream": True}, row)

    options: list[dict[str, Any]] = [{"n": 0}, {"response_format": {"type": "no-such-format"}}]
    invalid = [{**request.members(), "messages": "Hello"}, {"model": request.model}]
    checks = [*(partial(check_option, each) for each in options)]
    checks += [partial(check_members, each) for each in invalid]
    one_by_one(lambda each: each(), checks)


@decides("openai.model-lax")
@independent()
def test_a_model_that_does_not_exist_is_refused_or_answered(target: Target) -> None:
    request = base(target)
    bodies = (request.without("model"), replace(request, model=UNKNOWN_MODEL).body())
    one_by_one(
        lambda body: check(
            target.send(HttpRequest(body=body), label="another model"), "openai.model-lax"
        ),
        bodies,
    )


@decides("openai.lax")
@costs(3)
@independent()
def test_what_servers_differ_about_is_taken_or_refused(target: Target) -> None:
    request = base(target)
    developer = {"role": "developer", "content": "Answer briefly."}
    odd = (
        request.with_options(streamchat_conformance=True),
        request.with_options(stream=False, stream_options={"include_usage": True}),
        replace(request, messages=(developer, *request.messages)),
    )
    one_by_one(
        lambda changed: check(
            target.send(HttpRequest.chat(changed), label="an odd request"), "openai.lax"
        ),
        odd,
    )


@requirement(
    "openai.max-tokens-names",
    SHOULD,
    "max_tokens and max_completion_tokens are both accepted, and limit the answer.",
    source=REQUEST,
)
@costs(3)
@independent()
def test_the_limit_is_accepted_under_both_names(target: Target) -> None:
    target.require_stream()
    request = base(target)
    if request.cap is None:
        raise Blocked("openai.max-tokens", "the limit is accepted under neither name")

    def check_accepted(name: str) -> None:
        reading = target.send(HttpRequest.chat(replace(request, cap_name=name)))
        if reading.refused and not reading.barred:
            message = f"a request with `{name}` is refused"
            raise violation("openai.max-tokens-names", message, "200 and a stream", reading)
        if not reading.accepted:
            raise Barred(f"no answer to a request with {name}: {answer(reading)}")

    one_by_one(check_accepted, CAP_NAMES)
    # Whether the limit counts under the other name is openai.max-tokens.
    other = next(name for name in CAP_NAMES if name != request.cap_name)
    if (ignored := _ignored_limit(target, other)) is None:
        return
    if _ignored_limit(target, request.cap_name) is not None:
        raise Blocked("openai.max-tokens", "the limit has no effect under either name")
    message, reading = ignored
    raise violation("openai.max-tokens-names", message, "an answer within its limit", reading)


def _ignored_limit(target: Target, name: str) -> tuple[str, Reading] | None:
    """Return how a member does not limit the answer, where the usage says how long that is."""
    if not target.has(USAGE):
        return None
    request = with_usage(replace(counting(target).capped(SHORT_CAP), cap_name=name))
    reading = whole(target, request, f"a limit of {SHORT_CAP} tokens in {name}")
    tokens = completion_tokens(reading)
    if not exceeds(tokens, SHORT_CAP):
        return None
    return f"`{name}` is {SHORT_CAP}, and {tokens} tokens come: it is ignored", reading

"""anthropic: what streamed messages say, in which order, and what shows on request only."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streamchat_conformance.catalogue import AUTH, SHOULD, SLOW, decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.anthropic.capabilities import with_thinking, with_tool
from streamchat_conformance.dialects.anthropic.data import EventKind
from streamchat_conformance.dialects.anthropic.judges.requests import REQUEST
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.kinds import KINDS
from streamchat_conformance.dialects.anthropic.requests import MessageRequest
from streamchat_conformance.dialects.anthropic.rules import JUDGES, requirement
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.scenarios.watched_alone import enter_confirmed
from streamchat_conformance.suite.scenarios.whole_answers import (
    COMPANY,
    whole,
    whole_after_refusal,
    whole_in_company,
)
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, verdict, violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

LIVE = frozenset(
    {
        *("anthropic.message-stop", "anthropic.tool-block", "anthropic.tool-stop-reason"),
        *("anthropic.thinking-signature", "anthropic.error-event", "anthropic.heartbeat"),
        # cases/test_anthropic_requests.py
        *("anthropic.content-forms", "anthropic.history-roles", "anthropic.messages-missing"),
        *("anthropic.messages-invalid", "anthropic.required-missing", "anthropic.stream-optional"),
        "anthropic.tolerance",
    }
)
"""Decided by cases that send the requests for them."""


def base(target: Target) -> MessageRequest:
    """Return the plainest request that this target accepts."""
    return MessageRequest.of(target.plain())


@decides("anthropic.message-stop")
@costs(len(KINDS))
@independent()
def test_messages_of_every_kind_end_with_their_stop(target: Target) -> None:
    target.require_stream()

    def check_stop(kind: str) -> None:
        reading = whole(target, KINDS[kind](base(target)), kind)
        # Whether it has to be served is not decided here.
        if reading.is_stream:
            check(reading, "anthropic.message-stop")

    one_by_one(check_stop, KINDS)


@pytest.mark.parametrize("judged_id", JUDGES.of_area("anthropic", without=LIVE))
def test_every_message_keeps_the_rules(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)


def _shown(target: Target, request: MessageRequest, what: str, type_: str) -> Reading:
    """Return an answer that has a block of a type. Raises NotApplicable where none has."""
    target.require_stream()
    reading = whole(target, request, what)
    if reading.refused:
        raise NotApplicable(f"the server refuses {what} with {reading.status}")
    found = transcript(reading)
    if found is None or all(block.type != type_ for block in found.blocks):
        raise NotApplicable(f"no {type_} came for {what}")
    return reading


@decides("anthropic.tool-block")
@costs(4 + COMPANY, sequential=4)
@independent(at_once=COMPANY)
def test_uses_of_tools_can_be_put_together(target: Target) -> None:
    _shown(target, with_tool(base(target)), "a tool", "tool_use")
    whole_after_refusal(target, with_tool(base(target)), "a tool")
    whole_in_company(target, with_tool(base(target)), "a tool")
    verdict(target, "anthropic.tool-block")


@decides("anthropic.tool-stop-reason")
@independent()
def test_a_message_that_uses_a_tool_says_so(target: Target) -> None:
    _shown(target, with_tool(base(target)), "a tool", "tool_use")
    verdict(target, "anthropic.tool-stop-reason")


@decides("anthropic.thinking-signature")
@independent()
def test_thoughts_are_signed(target: Target) -> None:
    _shown(target, with_thinking(base(target)), "thinking", "thinking")
    verdict(target, "anthropic.thinking-signature")


@decides("anthropic.error-event")
def test_a_failure_is_an_error_event(target: Target) -> None:
    reading = Observations(target).fault()
    check(reading, "anthropic.error-event")
    found = transcript(reading)
    if found is None:
        raise NotApplicable("the request that makes the backend fail brought no stream")
    if found.error is None:
        message = "the stream that fails has no error event"
        expected = target.dialect.refusals.failure_example
        raise violation("anthropic.error-event", message, expected, reading)
    # A failure that is not reported is one fault; a reported one is judged as any stream.
    enter_confirmed(target, reading)


@decides("anthropic.heartbeat")
def test_a_silent_server_sends_pings(target: Target) -> None:
    # What pings say, any stream shows.
    if target.ledger.verdict("anthropic.heartbeat") and not target.has(SLOW):
        return
    reading, silent_s = Observations(target).slow()
    limit_s = target.settings.gap_limit_s
    check(reading, "anthropic.heartbeat")
    if silent_s <= limit_s:
        raise NotApplicable(
            f"the declared silence of {silent_s:g} s is not longer than the limit of {limit_s:g} s"
        )
    found = transcript(reading)
    until_s = min(reading.exchange.ended_at_s, silent_s)
    events = found.events if found is not None else []
    # Comments do not reach what watches over a client's stream.
    reached = [event.at_s for event in events if event.kind is not EventKind.EMPTY]
    times = [0.0, *(at_s for at_s in reached if at_s < until_s), until_s]
    longest_s = max(later - earlier for earlier, later in pairwise(times))
    if longest_s > limit_s:
        message = f"no event came for {longest_s:.1f} s: clients stop the stream, and try again"
        expected = f"a ping at least every {limit_s:g} s"
        raise violation("anthropic.heartbeat", message, expected, reading)


@requirement(
    "anthropic.auth-forms",
    SHOULD,
    "A key is accepted as x-api-key and as Authorization: Bearer, and without one 401 comes.",
    source=f"{REQUEST}; jundot/omlx#379",
    needs=AUTH,
)
@costs(3)
@independent()
def test_a_key_is_accepted_in_both_forms(target: Target) -> None:
    target.require_stream()
    key = _key_of(target)
    if not key:
        raise NotApplicable("no key is configured")
    for name, value in (("x-api-key", key), ("Authorization", f"Bearer {key}")):
        reading = _with_key(target, (name, value), label=f"a key as {name}")
        if reading.status in (401, 403):
            message = f"the key is not accepted as {name}"
            raise violation("anthropic.auth-forms", message, "200 and a stream", reading)
    reading = _with_key(target, label="no key")
    if reading.status != UNAUTHORIZED and not reading.overloaded:
        message = "a request without a key is not refused with 401"
        raise violation("anthropic.auth-forms", message, "HTTP/1.1 401", reading)


FORMS = ("x-api-key", "authorization")
UNAUTHORIZED = 401


def _with_key(target: Target, *fields: tuple[str, str], label: str) -> Reading:
    """Send a plain request with these field lines, and none else that carries a key."""
    request = HttpRequest.chat(base(target))
    others = target.dialect.fields_with(target.settings.headers, request)
    data = request.encode(
        authority=target.endpoint.authority,
        path=target.endpoint.path,
        extra=(*(each for each in others if each[0].lower() not in FORMS), *fields),
    )
    return target.send(data, label=label, observe=False)


def _key_of(target: Target) -> str:
    fields = {name.lower(): value for name, value in target.settings.headers}
    return fields.get("x-api-key") or fields.get("authorization", "").removeprefix("Bearer ")

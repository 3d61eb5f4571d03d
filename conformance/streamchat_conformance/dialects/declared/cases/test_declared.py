"""declared: each requirement that follows from the declaration."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.catalogue import decides_own
from streamchat_conformance.dialects.declared.requests import (
    DeclaredBody,
    declared_body_of,
    wrong_requests,
)
from streamchat_conformance.dialects.declared.rules import declaration_of, machine_of
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.scenarios.plain_requests import check_forms
from streamchat_conformance.suite.scenarios.whole_answers import whole
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, verdict, violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

STREAM_ROWS = (
    *("schema", "order", "terminal", "after-terminal", "sentinel", "names", "counter", "same"),
    *("final-text", "text", "echo", "event-names", "headers", "line-ends"),
)
"""Decided on every stream of a run."""
TURNS = ("first", "second", "third")
"""How far a conversation goes that the server keeps."""


def plain(target: Target) -> DeclaredBody:
    """Return the plainest request that this target accepts."""
    return declared_body_of(target.plain())


@decides_own("required")
@costs(4)
def test_requests_that_lack_something_are_refused(target: Target, decided_id: str) -> None:
    for body in wrong_requests(plain(target)):
        target.post(body, label="a request without what is required")
    verdict(target, decided_id)


@decides_own("refusal")
def test_refusals_look_as_declared(target: Target, decided_id: str) -> None:
    for request in target.dialect.requests.refusable:
        target.send(request, label="a request that is refused")
    verdict(target, decided_id)


@decides_own("unknown-members")
@costs(1)
def test_unknown_members_have_the_declared_outcome(target: Target, decided_id: str) -> None:
    body = plain(target)
    members = (*body.members, ("streamchatUnknown", "value"))
    check(target.chat(replace(body, members=members), label="an unknown member"), decided_id)


@decides_own("accepted")
@costs(7, sequential=2)
def test_requests_of_the_declared_form_are_accepted(target: Target, decided_id: str) -> None:
    body = plain(target)
    check(whole(target, body, "a plain request"), decided_id)
    check_forms(target, decided_id)
    earlier = target.dialect.requests.recalling(body, "Hi")
    if earlier != body:
        check(whole(target, declared_body_of(earlier), "a request with a history"), decided_id)


@decides_own("failed-event")
def test_a_failure_is_the_declared_event(target: Target, decided_id: str) -> None:
    reading = Observations(target).fault()
    machine = machine_of(reading)
    if machine is None:
        raise NotApplicable("the request that makes the backend fail brought no stream")
    if machine.failure is None and machine.late_failure is None:
        message = "the stream that fails has no event that reports it"
        expected = target.dialect.refusals.failure_example
        raise violation(decided_id, message, expected, reading)
    # A failure that is not reported is one fault; a reported one is judged as any stream.
    target.ledger.observe_reading(reading)


@decides_own("unique")
def test_what_is_unique_differs_between_streams(target: Target, decided_id: str) -> None:
    target.require_stream()
    readings = [whole(target, plain(target), "one of two plain requests") for _ in range(2)]
    machines = [machine for each in readings if (machine := machine_of(each)) is not None]
    if len(machines) < len(readings):
        raise NotApplicable("no two streams came to compare")
    pointers = declaration_of(target.dialect).stream.unique
    shown = [pointer for pointer in pointers if all(pointer in each.kept for each in machines)]
    for pointer in shown:
        first, second = (each.kept[pointer] for each in machines)
        if first == second:
            message = f"{pointer} is the same in two streams: {first!r}"[:200]
            raise violation(decided_id, message, "another value in each stream", readings[1])
    if not shown:
        raise NotApplicable("no event has what is declared unique")


@decides_own("continue")
@costs(len(TURNS))
def test_a_conversation_goes_on(target: Target, decided_id: str) -> None:
    target.require_stream()
    form = declaration_of(target.dialect).request
    body = plain(target)
    # A server that has kept one turn may have forgotten it by the next but one.
    for turn in TURNS:
        reading = whole(target, body, f"the {turn} turn of a conversation")
        if not reading.accepted and turn != TURNS[0]:
            message = f"the {turn} turn of a conversation is not accepted"
            raise violation(decided_id, message, "200 and an event stream", reading)
        machine = machine_of(reading)
        if machine is None or form.continue_from not in machine.kept:
            message = f"no event of the {turn} turn has {form.continue_from}"
            raise violation(decided_id, message, "the value that the next turn sends", reading)
        body = replace(plain(target), goes_on=machine.kept[form.continue_from])


@decides_own(*STREAM_ROWS)
def test_every_stream_keeps_the_declaration(target: Target, judged_id: str) -> None:
    entry = target.ledger.entries.get(judged_id)
    if (entry is None or not entry.judged) and target.baseline.streams:
        whole(target, plain(target), "a plain request")
    verdict(target, judged_id)

"""Independent cases run at the same time: what they find counts only if it is found alone, too."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import strategies as st
from streamchat_conformance.cases import test_connection_sequence
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.recorder import Progress
from streamchat_conformance.suite.budget.rate import Rate
from streamchat_conformance.suite.scenarios.generated import generated
from streamchat_conformance.suite.scenarios.keepalive import served_alone
from streamchat_conformance.suite.scenarios.overlap import (
    AT_ONCE,
    MANY_ROW,
    QUICK_PLACES,
    IndependentCase,
    can_overlap,
    run_overlapped,
)
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.knowledge import WAITING_S
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, SLOW_FIRST_EVENT_S, Target
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable, Violation
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlapping, overlaps
from streamchat_fixtures.control import JSONValue, Steps, Turn
from streamchat_fixtures.variants import Change, Fault

from .targets import prepared
from .test_crashes import CRASHING, crashing, named

MEET_S = 10.0


@pytest.fixture
def target() -> Iterator[Target]:
    with prepared("one-event-alone") as target:
        yield target


def chat(target: Target) -> None:
    target.chat(target.plain())


@pytest.mark.parametrize(
    ("first_event_s", "at_once"), [(WAITING_S, AT_ONCE), (WAITING_S / 10, AT_ONCE // QUICK_PLACES)]
)
def test_the_more_a_target_lets_wait_the_more_cases_run_at_the_same_time(
    target: Target, first_event_s: float, at_once: int
) -> None:
    target.baseline.first_event_s = first_event_s
    meeting = threading.Barrier(at_once)

    def meet(_: Target) -> None:
        meeting.wait(MEET_S)

    cases = [IndependentCase(f"case {number}", meet, generated=True) for number in range(AT_ONCE)]
    outcome = run_overlapped(target, cases)
    assert outcome.sound == {case.name for case in cases}


def test_on_a_slow_target_a_case_takes_as_many_places_as_it_sends_requests(target: Target) -> None:
    target.baseline.first_event_s = SLOW_FIRST_EVENT_S
    running: list[int] = []
    most: list[int] = []

    def count(target: Target) -> None:
        running.append(1)
        most.append(len(running))
        target.pause(0.05)
        running.pop()

    run_overlapped(target, [IndependentCase(str(n), count, at_once=8) for n in range(6)])
    assert max(most) == 2


def test_what_a_case_raises_makes_it_run_again_alone_and_is_not_reported(target: Target) -> None:
    def skip(_: Target) -> None:
        raise NotApplicable("nothing to see")

    outcome = run_overlapped(
        target, [IndependentCase("skipped", skip), IndependentCase("sound", chat)]
    )
    assert outcome.sound == {"sound"}
    assert not outcome.disturbed


def test_a_broken_requirement_is_entered_only_when_it_is_found_alone() -> None:
    with prepared("every-seventh-stream-is-203") as target:

        def chats(target: Target) -> None:
            for _ in range(7):
                chat(target)

        outcome = run_overlapped(target, [IndependentCase("chats", chats)])
        assert outcome.disturbed["chats"].ids == {"headers.status"}
        assert not target.red("headers.status")
        chats(target)
        assert target.red("headers.status")


def no_object(before: Callable[[Turn, int], JSONValue], turn: Turn, index: int) -> JSONValue:
    return [] if 400 in turn.connection.statuses else before(turn, index)


NO_OBJECT_AFTER_A_REFUSAL = Fault(
    name="no-object-after-a-refusal",
    area="connection",
    sentence="Sends an array, only after an error response on the connection.",
    changes=(Change(Steps.payload.__name__, no_object),),
    breaks=frozenset({"payload.object"}),
)


def test_what_a_sequence_of_requests_shows_next_to_other_cases_is_found_again_alone() -> None:
    case = test_connection_sequence.test_every_answer_belongs_to_its_request
    with prepared(NO_OBJECT_AFTER_A_REFUSAL) as target:
        target.bounds.plan.examples[case.__name__] = 1
        outcome = run_overlapped(target, [IndependentCase("sequences", case)])
        assert outcome.disturbed["sequences"].ids == {"payload.object"}
        assert not target.red("payload.object")
        case(target)
        assert target.red("payload.object")


@pytest.mark.parametrize("ended", [Disturbed(), Violation()])
def test_what_raised_is_done_again_and_nothing_else_is(ended: BaseException) -> None:
    with prepared("one-event-alone") as target:
        known = target.known
        with pytest.raises(type(ended)), known.first_time("sequences"):
            raise ended
        with known.first_time("sequences") as first:
            assert first
        with known.first_time("sequences") as first:
            assert not first


def test_what_is_broken_already_disturbs_nobody() -> None:
    with prepared("unknown-field-in-every-event") as target:
        assert target.red("sse.fields")
        outcome = run_overlapped(target, [IndependentCase("chat", chat)])
        assert outcome.sound == {"chat"}


def test_an_internal_error_next_to_others_is_not_entered() -> None:
    with prepared("empty-history-fails") as target, overlapping(), pytest.raises(Disturbed):
        target.chat(ChatRequest("Hello", []))
    assert not target.red("request.never-5xx")


def test_the_request_that_ended_the_server_is_named_among_others_under_way() -> None:
    with crashing("never") as target:
        held = threading.Barrier(3)

        def watch(target: Target) -> None:
            request = HttpRequest.chat(target.plain())
            target.send(request, stop=_MeetAfterFirst(held))

        def crash(target: Target) -> None:
            held.wait(MEET_S)
            target.send(CRASHING, label="a number as prompt")

        cases = [IndependentCase("first", watch), IndependentCase("second", watch)]
        outcome = run_overlapped(target, [*cases, IndependentCase("crash", crash)])
        assert not outcome.sound
        assert named(target, "resilience.alive") == {target.encode(CRASHING)}
        assert named(target, "request.never-5xx") == {target.encode(CRASHING)}


def test_of_requests_under_way_a_perilous_one_ended_the_server() -> None:
    with crashing("never") as target:
        held = threading.Barrier(2)

        def watch(target: Target) -> None:
            longer = HttpRequest.chat(ChatRequest("Hello " * 1000, []))
            target.send(longer, stop=_MeetAfterFirst(held))

        def crash(target: Target) -> None:
            held.wait(MEET_S)
            target.send(CRASHING, label="a number as prompt")

        cases = [
            IndependentCase("watch", watch),
            IndependentCase("crash", crash, perilous=True),
        ]
        run_overlapped(target, cases)
        assert named(target, "resilience.alive") == {target.encode(CRASHING)}


def test_nothing_hostile_runs_next_to_a_perilous_case_and_others_do(target: Target) -> None:
    under_way: set[str] = set()
    seen: dict[str, set[str]] = {}
    lock = threading.Lock()
    meeting = threading.Barrier(2)

    def watched(name: str, *, meets: bool = False) -> Callable[[Target], None]:
        def run(target: Target) -> None:
            with lock:
                under_way.add(name)
                seen[name] = under_way - {name}
            if meets:
                meeting.wait(MEET_S)
            chat(target)
            with lock:
                under_way.discard(name)

        return run

    run_overlapped(
        target,
        [
            IndependentCase("hostile", watched("hostile"), hostile=True),
            IndependentCase("first", watched("first", meets=True), perilous=True),
            IndependentCase("second", watched("second"), perilous=True),
            IndependentCase("plain", watched("plain", meets=True)),
        ],
    )
    assert seen.keys() == {"hostile", "first", "second", "plain"}
    assert not seen["hostile"] & {"first", "second"}
    assert not seen["second"] & {"first", "hostile"}
    assert not seen["first"] & {"second", "hostile"}


def test_where_a_perilous_request_fails_it_puts_none_of_the_others_in_doubt() -> None:
    with prepared("empty-history-fails") as target:

        def fails(target: Target) -> None:
            target.chat(ChatRequest("Hello", []))

        cases = [
            IndependentCase("fails", fails, perilous=True),
            IndependentCase("hostile", chat, hostile=True),
        ]
        outcome = run_overlapped(target, cases)
        assert outcome.sound == {"hostile"}
        assert outcome.disturbed.keys() == {"fails"}


def test_where_another_request_is_not_served_perilous_cases_are_in_doubt() -> None:
    with prepared("empty-history-fails") as target:

        def fails(target: Target) -> None:
            target.chat(ChatRequest("Hello", []))

        cases = [
            IndependentCase("fails", fails),
            IndependentCase("perilous", chat, perilous=True),
        ]
        assert not run_overlapped(target, cases).sound


def test_a_perilous_property_has_one_request_under_way_at_a_time(target: Target) -> None:
    target.baseline.first_event_s = WAITING_S
    lock = threading.Lock()
    alone: list[bool] = []

    @generated(st.integers(), perilous=True)
    def property_holds(target: Target, _: int) -> None:
        alone.append(lock.acquire(blocking=False))
        chat(target)
        if alone[-1]:
            lock.release()

    assert (
        "case"
        in run_overlapped(
            target, [IndependentCase("case", property_holds, generated=True, perilous=True)]
        ).sound
    )
    assert len(alone) > 2
    assert all(alone)


class _MeetAfterFirst:
    """A stop condition that waits for others at the first event, and never stops by itself."""

    def __init__(self, meeting: threading.Barrier) -> None:
        self._meeting = meeting
        self._met = False

    def __call__(self, progress: Progress) -> bool:
        if progress.events and not self._met:
            self._met = True
            self._meeting.wait(MEET_S)
        return progress.reader.complete


def test_threads_of_a_case_belong_to_it() -> None:
    with overlapping():
        assert all(run_together(lambda _: overlaps(), range(4), at_once=4))
    assert not any(run_together(lambda _: overlaps(), range(4), at_once=4))


def test_a_property_tries_the_same_values_next_to_others_as_alone(target: Target) -> None:
    tried: dict[bool, list[int]] = {True: [], False: []}

    @generated(st.integers(), examples=[7, 8])
    def property_holds(_: Target, value: int) -> None:
        tried[overlaps()].append(value)

    # Hypothesis draws constants of the modules that are imported: the first round imports all.
    for _ in range(2):
        tried[True].clear()
        tried[False].clear()
        property_holds(target)
        run_overlapped(target, [IndependentCase("property", property_holds)])
    # A busy machine may end either of them early.
    overlapped, alone = (list(dict.fromkeys(tried[kind])) for kind in (True, False))
    both = min(len(overlapped), len(alone))
    assert both > 2
    assert overlapped[:both] == alone[:both]


def test_cases_overlap_only_where_many_streams_were_served_at_once(target: Target) -> None:
    assert not can_overlap(target)
    target.known.room = AT_ONCE
    assert can_overlap(target)


@pytest.mark.parametrize(
    "changed",
    [{"serial": True}, {"rate": Rate.parse("10/s")}, {"fuzz_seconds": 1.0}],
    ids=lambda changed: str(*changed),
)
def test_some_settings_leave_no_room_for_overlap(
    target: Target, changed: dict[str, object]
) -> None:
    target.known.room = AT_ONCE
    target.settings = replace(target.settings, **changed)  # type: ignore[arg-type]  # its members
    assert not can_overlap(target)


def test_few_streams_at_once_are_enough_only_where_no_more_are_tried(target: Target) -> None:
    target.known.room = CERTAIN_REQUESTS
    assert not can_overlap(target)
    target.bounds.plan.left_out[MANY_ROW] = "of 120 requests none is left for it"
    assert can_overlap(target)


def test_no_more_requests_are_under_way_than_streams_were_served_at_once(target: Target) -> None:
    target.known.room = CERTAIN_REQUESTS
    target.baseline.first_event_s = WAITING_S
    lock, under_way, most = threading.Lock(), 0, 0

    def count(_: Target) -> None:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        target.chat(target.plain())
        with lock:
            under_way -= 1

    run_overlapped(target, [IndependentCase(str(number), count) for number in range(12)])
    assert most <= CERTAIN_REQUESTS


def test_where_requests_are_counted_one_disturbed_case_ends_the_overlap(target: Target) -> None:
    target.bounds.budget.max_requests = 120
    ran = []

    def disturbed(_: Target) -> None:
        ran.append(True)
        raise Disturbed(ids=["payload.json"])

    target.known.room = CERTAIN_REQUESTS
    cases = [IndependentCase(str(number), disturbed) for number in range(40)]
    outcome = run_overlapped(target, cases)
    assert not outcome.sound
    assert len(ran) < len(cases)


def test_a_request_that_is_not_served_next_to_others_is_not_known_to_fail_alone() -> None:
    with prepared("string-items-refused") as target:
        request = HttpRequest.chat(ChatRequest("Hello", ["Some text."]))
        with overlapping(), pytest.raises(Disturbed):
            served_alone(target, request)
        assert not target.known.served_alone
        assert not served_alone(target, request)


def test_few_slots_leave_no_room_for_overlap(target: Target) -> None:
    target.known.room = AT_ONCE
    deployment = replace(target.settings.deployment, slots=AT_ONCE - 1)
    target.settings = replace(target.settings, deployment=deployment)
    assert not can_overlap(target)

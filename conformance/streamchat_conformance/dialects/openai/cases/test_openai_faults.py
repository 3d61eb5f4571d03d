"""openai: how a failure in mid-stream is reported, and streams next to each other."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SHOULD, decides
from streamchat_conformance.dialects.openai.capabilities import USAGE, with_usage
from streamchat_conformance.dialects.openai.data import DatumKind
from streamchat_conformance.dialects.openai.judges.streams import transcript
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.openai.rules import requirement
from streamchat_conformance.dialects.openai.scenarios import base, whole
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.left_streams import LEFT_COST, check_after_left
from streamchat_conformance.suite.scenarios.markers import foreign_marker, marked_prompt, marker
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import check, violation
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable

ONCE = "the stream that fails was entered"
MANY_STREAMS = 16
LEFT_NUMBER = CERTAIN_REQUESTS - 1
"""Which of the marked streams is left."""
TWICE = 2
OWN = "an answer to its own request"
PAIRED = "one of a pair"
PAIRS = 3
"""How many pairs of streams are compared."""


def _failed(target: Target) -> Reading:
    """Return the stream that the declared request makes fail. Raises NotApplicable without one."""
    reading = Observations(target).fault()
    found = transcript(reading)
    if found is None:
        raise NotApplicable("the request that makes the backend fail brought no stream")
    # One that reports no failure is broken in many ways, which all have that one cause.
    if found.error is not None and ONCE not in target.known.once:
        target.known.once.add(ONCE)
        target.ledger.observe_reading(reading)
    return reading


@decides("openai.fault-error-event")
def test_a_failure_is_an_event_with_an_error(target: Target) -> None:
    reading = _failed(target)
    check(reading, "openai.fault-error-event")
    found = transcript(reading)
    if found is not None and (found.error is None or found.error.kind is not DatumKind.ERROR):
        message = "the stream that fails has no event with an error"
        expected = target.dialect.refusals.failure_example
        raise violation("openai.fault-error-event", message, expected, reading)


def _error_came(reading: Reading) -> None:
    found = transcript(reading)
    if found is None or found.error is None:
        raise Blocked("openai.fault-error-event", "no event reports the failure")


@decides("openai.fault-message")
def test_the_error_has_a_message(target: Target) -> None:
    reading = _failed(target)
    _error_came(reading)
    check(reading, "openai.fault-message")


@decides("openai.fault-not-success")
def test_a_failure_is_no_success(target: Target) -> None:
    reading = _failed(target)
    check(reading, "openai.fault-not-success")
    found = transcript(reading)
    finishes = [choice.finish for choice in found.choices.values()] if found is not None else []
    good = next((finish for finish in finishes if finish in ("stop", "length", "tool_calls")), "")
    if good:
        message = f"the stream that fails finishes with {good!r}"
        expected = "an error, and no `finish_reason` of an answer that went well"
        raise violation("openai.fault-not-success", message, expected, reading)


@decides("openai.fault-ends")
def test_nothing_follows_a_failure(target: Target) -> None:
    reading = _failed(target)
    _error_came(reading)
    check(reading, "openai.fault-ends")


def _ids(reading: Reading) -> set[str]:
    found = transcript(reading)
    ids = (datum.value.get("id") for datum in found.chunks) if found is not None else ()
    return {id_ for id_ in ids if isinstance(id_, str) and id_}


def _first_id(reading: Reading) -> str:
    """Return the id of a stream's first chunk that has one."""
    found = transcript(reading)
    ids = [datum.value.get("id") for datum in found.chunks] if found is not None else []
    return next((id_ for id_ in ids if isinstance(id_, str) and id_), "")


def _marked(target: Target, number: int) -> CompletionRequest:
    """Return a request with a word of its own; two of three ask for usage, if that is served.

    What goes wrong with the usage next to other streams alone shows there.
    """
    request = base(target).saying(marked_prompt(number))
    return with_usage(request) if number % 3 and target.has(USAGE) else request


def _crowd(target: Target) -> list[Reading]:
    """Return the answers to requests that were sent together, each with a word of its own."""
    target.require_stream()
    readings: list[Reading] = []
    for count in (CERTAIN_REQUESTS, MANY_STREAMS):
        requests = [_marked(target, number) for number in range(count)]
        readings += run_together(
            lambda request: whole(target, request, "one of several at once"),
            requests,
            at_once=count,
        )
        if any(not reading.accepted for reading in readings):
            break
    return [reading for reading in readings if reading.accepted]


@requirement(
    "openai.isolated",
    MUST,
    "Streams bring no chunk and no text of each other, at once or where one was left before.",
    source="vllm-project/vllm#9910, inferencerlabs/inferencer-feedback#127",
)
@costs(20 + TWICE + LEFT_COST, together=True)
def test_streams_at_once_are_not_mixed(target: Target) -> None:
    readings = _crowd(target)
    if len(readings) < 2:
        raise NotApplicable("the server did not serve two streams at once")
    firsts = [_first_id(reading) for reading in readings]
    for first, reading in zip(firsts, readings, strict=True):
        # An id that several streams begin with is openai.id-unique, and says nothing here.
        others = {other for other in firsts if other and firsts.count(other) == 1} - {first}
        foreign = next(iter(sorted(_ids(reading) & others)), "")
        if foreign:
            message = f"a stream has a chunk with the id of another ({foreign!r})"
            raise violation("openai.isolated", message, "chunks of one answer only", reading)
    for reading in readings:
        asked = str(reading.asked.values.get("messages"))
        found = transcript(reading)
        text = found.text if found is not None else ""
        foreign = foreign_marker(text, asked, MANY_STREAMS)
        if foreign:
            message = f"a stream says {foreign!r}, which another request has"
            raise violation("openai.isolated", message, OWN, reading)
    _check_after_one_that_was_left(target, readings)


def _said(reading: Reading) -> str:
    """Return the text of a whole stream; empty where it is not whole."""
    found = transcript(reading)
    return found.text if found is not None and found.finished and not found.gapped else ""


def _check_after_one_that_was_left(target: Target, readings: list[Reading]) -> None:
    request, left = _marked(target, 0), _marked(target, LEFT_NUMBER)
    alone = {_said(whole(target, request, "alone")) for _ in range(TWICE)}
    word = marker(LEFT_NUMBER)
    of_left = [_said(each) for each in readings if word in str(each.asked.values.get("messages"))]
    if len(alone) > 1:
        return

    def ask(label: str) -> Reading:
        return whole(target, request, label)

    check_after_left(
        target, "openai.isolated", left, ask, _said, alone=next(iter(alone)), left=of_left
    )


def _pair(target: Target) -> list[Reading]:
    """Return two streams that begin together: ids that are made of the clock are equal there."""
    at_once = 1 if target.bounds.sequential else 2
    requests = [base(target)] * 2
    pair = run_together(lambda each: whole(target, each, PAIRED), requests, at_once=at_once)
    # A server with room for one stream refuses the other.
    return pair if all(map(_ids, pair)) else [whole(target, each, PAIRED) for each in requests]


@requirement(
    "openai.id-unique",
    SHOULD,
    "Two streams do not have the same id.",
    source="practice; ogx-ai/ogx#2315, LostRuins/koboldcpp#2481",
)
@costs(6)
@independent(at_once=2)
def test_two_streams_have_different_ids(target: Target) -> None:
    target.require_stream()
    shared, last = 0, None
    for _ in range(PAIRS):
        pair = _pair(target)
        ids = [_ids(reading) for reading in pair]
        if not all(ids):
            raise NotApplicable("a stream has no id")
        if any(len(each) > 1 for each in ids):
            raise Blocked("openai.id-stable", "the id changes within a stream")
        if ids[0] & ids[1]:
            shared, last = shared + 1, pair[1]
    if shared >= 2 and last is not None:
        message = f"two streams had the same id in {shared} of {PAIRS} pairs"
        raise violation("openai.id-unique", message, "an id of its own for each answer", last)

"""anthropic: messages next to each other, and one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.anthropic.data import EventKind, is_text
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.requests import MessageRequest
from streamchat_conformance.dialects.anthropic.rules import requirement
from streamchat_conformance.dialects.anthropic.stream_rows import STREAMING
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.markers import foreign_marker, marked_prompt, marker
from streamchat_conformance.suite.scenarios.strays import left_before, strayed_pieces
from streamchat_conformance.suite.scenarios.whole_answers import until_whole
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

MANY_MESSAGES = 12
COMPARED = 3
"""Of how many the text is compared with that of the same message alone."""
TWICE = 2
LEFT, AFTER = 2, 1
"""How many messages are left, and how many are asked for after each."""
LEFT_NUMBER = COMPARED
"""Which of the messages is left."""
OWN = "an answer to its own request"
GROUP_SIZES = (2, 4, 4)
"""Messages at once whose ids are compared. Some servers mix up ids only where more than two are
open."""


def _together(target: Target, count: int) -> list[Reading]:
    """Return the messages of requests that were sent together, each with a word of its own."""
    base = MessageRequest.of(target.plain())
    stop = until_whole(target)

    def send(request: MessageRequest) -> Reading:
        return target.send(HttpRequest.chat(request), stop=stop, label="one of several at once")

    requests = [base.saying(marked_prompt(number)) for number in range(count)]
    readings = run_together(send, requests, at_once=count)
    return [reading for reading in readings if reading.accepted]


@requirement(
    "anthropic.isolated",
    MUST,
    "Messages bring no text of each other, at once or where one was left before.",
    source="inferencerlabs/inferencer-feedback#127",
)
@costs(CERTAIN_REQUESTS + MANY_MESSAGES + TWICE * COMPARED + LEFT * (1 + AFTER), together=True)
def test_messages_at_once_are_not_mixed(target: Target) -> None:
    target.require_stream()
    readings = [
        each for count in (CERTAIN_REQUESTS, MANY_MESSAGES) for each in _together(target, count)
    ]
    if len(readings) < 2:
        raise NotApplicable("the server did not serve two streams at once")
    for reading in readings:
        found = transcript(reading)
        text = found.text if found is not None else ""
        foreign = foreign_marker(text, str(reading.asked.values.get("messages")), MANY_MESSAGES)
        if foreign:
            message = f"a message says {foreign!r}, which another request has"
            raise violation("anthropic.isolated", message, OWN, reading)
    said = {number: pieces for each in readings for number, pieces in _said(each)}
    alone = {
        number: pieces for number in range(COMPARED) if (pieces := _alone(target, readings, number))
    }
    strays = [
        (stray, each)
        for each in readings
        for number, pieces in _said(each)
        if (stray := strayed_pieces(alone.get(number, ()), pieces, _others(said, number)))
    ]
    # One may be a model's, whose answers vary a little.
    if len(strays) > 1:
        stray, reading = strays[0]
        message = f"a message says {stray[:80]!r}, as one at the same time does: alone it does not"
        raise violation("anthropic.isolated", message, OWN, reading)
    if LEFT_NUMBER in said and 0 in alone:
        _check_after_one_that_was_left(target, alone[0], said[LEFT_NUMBER])


def _check_after_one_that_was_left(
    target: Target, alone: Sequence[str], left: Sequence[str]
) -> None:
    """Leave a message, then ask for another: it says nothing that the first had still to say."""
    base, stop = MessageRequest.of(target.plain()), until_whole(target)
    leaving = target.encode(HttpRequest.chat(base.saying(marked_prompt(LEFT_NUMBER))))
    for _ in range(LEFT):
        with target.connect() as connection:
            target.record(connection, leaving, Answered(), "a message that is left")
        for _ in range(AFTER):
            request = HttpRequest.chat(base.saying(marked_prompt(0)))
            reading = target.send(request, stop=stop, label="after a message that was left")
            text = "".join(next((pieces for _, pieces in _said(reading)), ()))
            if stray := left_before("".join(alone), text, ["".join(left)]):
                message = f"a message begins with {stray[:80]!r}, which one that was left before"
                message = f"{message} had still to say"
                raise violation("anthropic.isolated", message, OWN, reading)


def _said(reading: Reading) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the number of the request and the pieces of the text, of a whole message."""
    found = transcript(reading)
    asked = str(reading.asked.values.get("messages"))
    number = next((each for each in range(MANY_MESSAGES) if marker(each) in asked), None)
    if number is not None and found is not None and found.finished and not found.gapped:
        yield number, tuple(text for block in found.blocks for text in block.texts["text_delta"])


def _alone(target: Target, readings: Sequence[Reading], number: int) -> tuple[str, ...]:
    """Return the pieces of a message alone; none where it comes otherwise another time.

    Where it came the same each time next to others, it is asked for once.
    """
    request = HttpRequest.chat(MessageRequest.of(target.plain()).saying(marked_prompt(number)))
    among = [pieces for each in readings for other, pieces in _said(each) if other == number]
    said: list[tuple[str, ...]] = []
    for _ in range(TWICE):
        reading = target.send(request, stop=until_whole(target), label="alone")
        said += [pieces for _, pieces in _said(reading)]
        if said and {*among} == {*said}:
            return said[0]
    return said[0] if len(said) == TWICE and len({*said}) == 1 else ()


def _others(said: Mapping[int, Sequence[str]], number: int) -> list[Sequence[str]]:
    return [pieces for other, pieces in said.items() if other != number]


@requirement(
    "anthropic.id-unique",
    SHOULD,
    "Two messages do not have the same id.",
    source=f"{STREAMING}; practice (clients keep messages by their ids)",
)
@costs(sum(GROUP_SIZES), together=True)
def test_two_messages_have_different_ids(target: Target) -> None:
    target.require_stream()
    shared, last = 0, None
    for count in GROUP_SIZES:
        ids: dict[str, Reading] = {}
        named = [(id_, each) for each in _together(target, count) if (id_ := _id_of(each))]
        if len(named) < 2:
            raise NotApplicable("two messages with an id did not come")
        again = [each for id_, each in named if ids.setdefault(id_, each) is not each]
        shared, last = shared + bool(again), again[0] if again else last
    # An id that is made of the clock may be shared once.
    if shared >= 2 and last is not None:
        message = f"messages at once had the same id in {shared} of {len(GROUP_SIZES)} tries"
        raise violation("anthropic.id-unique", message, "an id of its own for each message", last)


def _id_of(reading: Reading) -> str:
    found = transcript(reading)
    start = found.first(EventKind.START) if found is not None else None
    id_ = start.member("message").get("id") if start is not None else None
    return str(id_) if is_text(id_) else ""

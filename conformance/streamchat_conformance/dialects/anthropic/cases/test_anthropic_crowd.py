"""anthropic: messages next to each other, and one after another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.dialects.anthropic.data import EventKind, is_text
from streamchat_conformance.dialects.anthropic.judges.end import LOSING
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.kinds import COUNTING
from streamchat_conformance.dialects.anthropic.requests import MessageRequest
from streamchat_conformance.dialects.anthropic.rules import requirement
from streamchat_conformance.dialects.anthropic.stream_rows import STREAMING
from streamchat_conformance.dialects.anthropic.transcript import MessageTranscript
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.scenarios.left_streams import LEFT_COST, check_after_left
from streamchat_conformance.suite.scenarios.markers import foreign_marker, marked_prompt, marker
from streamchat_conformance.suite.scenarios.strays import lost_pieces, strayed_pieces
from streamchat_conformance.suite.scenarios.whole_answers import whole
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

MANY_MESSAGES = 12
COMPARED = 3
"""Of how many the text is compared with that of the same message alone."""
TWICE = 2
LEFT_NUMBER = COMPARED
"""Which of the messages is left."""
OWN = "an answer to its own request"
GROUP_SIZES = (2, 4, 4)
"""Messages at once whose ids are compared. Some servers mix up ids only where more than two are
open."""


def _together(target: Target, count: int) -> list[Reading]:
    """Return the messages of requests that were sent together, each with a word of its own."""
    readings = run_together(
        lambda request: whole(target, request, "one of several at once"),
        [_marked(target, number) for number in range(count)],
        at_once=count,
    )
    return [reading for reading in readings if reading.accepted]


@requirement(
    "anthropic.isolated",
    MUST,
    "Messages bring no text of each other, at once or where one was left before.",
    source="inferencerlabs/inferencer-feedback#127",
)
@costs(CERTAIN_REQUESTS + MANY_MESSAGES + TWICE * COMPARED + LEFT_COST, together=True)
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
    messages = [each for reading in readings if (each := _Message.of(reading)) is not None]
    said = {each.number: each.pieces for each in messages}
    alone = {
        number: pieces for number in range(COMPARED) if (pieces := _alone(target, messages, number))
    }
    strays = [
        (stray, each.reading)
        for each in messages
        if (stray := each.strays(alone.get(each.number, ()), said))
    ]
    # One may be a model's, whose answers vary a little.
    if len(strays) > 1:
        stray, reading = strays[0]
        message = f"a message says {stray[:80]!r}, as one at the same time does: alone it does not"
        raise violation("anthropic.isolated", message, OWN, reading)
    if LEFT_NUMBER in said and 0 in alone:
        check_after_left(
            target,
            "anthropic.isolated",
            _marked(target, LEFT_NUMBER),
            lambda label: whole(target, _marked(target, 0), label),
            _said,
            alone="".join(alone[0]),
            left=["".join(said[LEFT_NUMBER])],
        )


@dataclass(frozen=True, slots=True)
class _Message:
    """A whole message: the number of its request, and the pieces of its text."""

    reading: Reading
    number: int
    pieces: tuple[str, ...]

    @classmethod
    def of(cls, reading: Reading) -> _Message | None:
        """Return the message of an answer; None where it is not whole, or has no number."""
        found = transcript(reading)
        asked = str(reading.asked.values.get("messages"))
        number = next((each for each in range(MANY_MESSAGES) if marker(each) in asked), None)
        if number is None or found is None or not found.finished or found.gapped:
            return None
        return cls(reading, number, _pieces(found))

    def strays(self, alone: Sequence[str], said: Mapping[int, Sequence[str]]) -> str:
        """Return what this message has of the others, and has not alone."""
        others = [pieces for number, pieces in said.items() if number != self.number]
        return strayed_pieces(alone, self.pieces, others)


def _marked(target: Target, number: int) -> MessageRequest:
    return MessageRequest.of(target.plain()).saying(marked_prompt(number))


def _said(reading: Reading) -> str:
    """Return the text of a whole message; empty where it is not whole."""
    message = _Message.of(reading)
    return "".join(message.pieces) if message is not None else ""


def _alone(target: Target, messages: Sequence[_Message], number: int) -> tuple[str, ...]:
    """Return the pieces of a message alone; none where it comes otherwise another time.

    Where it came the same each time next to others, it is asked for once.
    """
    among = {each.pieces for each in messages if each.number == number}
    said: list[tuple[str, ...]] = []
    for _ in range(TWICE):
        message = _Message.of(whole(target, _marked(target, number), "alone"))
        said += [message.pieces] if message is not None else []
        if said and among == {*said}:
            return said[0]
    return said[0] if len(said) == TWICE and len({*said}) == 1 else ()


@requirement(
    "anthropic.crowd-parity",
    SHOULD,
    "A message next to others says all that it says alone.",
    source="practice (pieces are lost where streams share a buffer)",
)
@costs(TWICE + MANY_MESSAGES, together=True)
def test_messages_next_to_others_lose_nothing(target: Target) -> None:
    target.require_stream()
    base = MessageRequest.of(target.plain())
    request = base.saying(COUNTING).with_options(temperature=0)
    alone = {_ended(whole(target, request, "alone")) for _ in range(TWICE)}
    same = next(iter(alone)) if len(alone) == 1 else None
    if same is None:
        raise NotApplicable("equal requests are answered differently, or not to their end")
    readings = run_together(
        lambda request: whole(target, request, "one of several equal ones at once"),
        [request] * MANY_MESSAGES,
        at_once=MANY_MESSAGES,
    )
    reason, pieces = same
    ended = [(each, found) for each in readings if (found := _ended(each)) is not None]
    if len(ended) < 2:
        raise NotApplicable("the server did not serve two streams at once")
    lost = [
        (text, each)
        for each, (own_reason, said) in ended
        if own_reason == reason and (text := lost_pieces(pieces, said))
    ]
    # One may be a model's, whose answers vary a little.
    if len(lost) > 1:
        text, reading = lost[0]
        message = f"{len(lost)} of {len(ended)} equal messages at once lack text, as {text[:60]!r}"
        expected = "what the same request is answered with alone"
        raise violation("anthropic.crowd-parity", message, expected, reading)


def _ended(reading: Reading) -> tuple[str, tuple[str, ...]] | None:
    """Return why a message stopped, and the pieces of its text; None where it is not whole."""
    found = transcript(reading)
    if found is None or not found.finished or found.gapped or found.problems.keys() & LOSING:
        return None
    return str(found.stop_reason), _pieces(found)


def _pieces(found: MessageTranscript) -> tuple[str, ...]:
    return tuple(text for block in found.blocks for text in block.texts["text_delta"])


@requirement(
    "anthropic.id-unique",
    SHOULD,
    "Two messages do not have the same id.",
    source=f"{STREAMING}; practice (clients keep messages by their ids)",
)
@costs(sum(GROUP_SIZES), together=True)
@independent(at_once=max(GROUP_SIZES))
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

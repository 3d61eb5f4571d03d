"""anthropic: messages next to each other, and one after another."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.dialects.anthropic.data import EventKind, is_text
from streamchat_conformance.dialects.anthropic.judges.streams import transcript
from streamchat_conformance.dialects.anthropic.requests import MessageRequest
from streamchat_conformance.dialects.anthropic.rules import requirement
from streamchat_conformance.dialects.anthropic.stream_rows import STREAMING
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.markers import foreign_marker, marked_prompt
from streamchat_conformance.suite.scenarios.whole_answers import until_whole
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import violation
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable

MANY_MESSAGES = 12
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
    "Messages at once bring no text of each other.",
    source="inferencerlabs/inferencer-feedback#127",
)
@costs(CERTAIN_REQUESTS + MANY_MESSAGES, together=True)
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
            raise violation("anthropic.isolated", message, "an answer to its own request", reading)


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

"""The state machine of one streamed message, made for many streams at the same time.

Theory of operation. Most events of a message are deltas that are the same but for their text. The
first one is read and judged in full, by the machine of the conformance suite. A later one that
differs in its text alone (`RepeatedEvents`) leaves the machine where it is, and its text goes to
the block that is open. All other events are read and judged in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from streamchat_conformance.core.eventstream import Event
from streamchat_conformance.core.eventstream_model import Block
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.anthropic import machine as rows
from streamchat_conformance.dialects.anthropic.data import (
    EventKind,
    TypedEvent,
    is_int,
    typed_event,
)
from streamchat_conformance.dialects.anthropic.machine import Breach, MessageState
from streamchat_conformance.dialects.anthropic.shapes import START_EXAMPLE, start_problem
from streamchat_conformance.dialects.anthropic.transcript import (
    START_SHAPE,
    MessageTranscript,
    name_problem,
    of_the_end,
    of_tools,
)

from streamchat_load.dialects.chat_messages.talk_judge import TalkJudge
from streamchat_load.dialects.dialect import EventViolation, StreamUsage
from streamchat_load.dialects.must_rows import MustRows
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_conformance.dialects.anthropic.machine import ContentBlock

    from streamchat_load.dialects.chat_messages.stream_ids import StreamIds

SAID = frozenset(
    {
        *(EventKind.BLOCK_START, EventKind.BLOCK_DELTA, EventKind.BLOCK_STOP),
        EventKind.MESSAGE_DELTA,
    }
)
"""The events that are parts of the answer."""

_ROWS = MustRows(
    "anthropic",
    dict.fromkeys(
        (rows.FIRST, rows.ONCE, rows.ORDER, rows.INDEX, rows.STOP, rows.ERROR), StreamFault.ORDER
    ),
)

_TEXT = "text_delta"
_ODD_EVENTS_LIMIT = 4096
"""At most this many events that are not plain are kept for the judgement at the end."""
_STOPPED = frozenset({MessageState.STOPPED, MessageState.FAILED})


class MessageJudge(TalkJudge):
    """Judges the events of one message."""

    __slots__ = ("_block", "_found")

    named_id: ClassVar[str] = "the message id"

    def __init__(self, nonce: str, ids: StreamIds) -> None:
        super().__init__(nonce, ids, "text")
        self._found = MessageTranscript()
        self._block: ContentBlock | None = None
        """The block that plain deltas belong to."""

    @property
    def text(self) -> str:
        """The text so far."""
        return self._found.text

    @property
    def said(self) -> str:
        """The text, the thoughts, the uses of tools and the reason for the end."""
        blocks = self._found.blocks
        thoughts = "".join(block.joined("thinking_delta") for block in blocks)
        calls = "".join(
            f"{block.head.get('name')}{block.joined('input_json_delta')}"
            for block in blocks
            if block.type in rows.TOOL_TYPES
        )
        return "\x1f".join((self.text, thoughts, calls, str(self._found.stop_reason or "")))

    def take(self, kind: str, data: str) -> EventViolation | None:
        """Take the next event; return what is wrong with it, or None."""
        text = self._repeated.text_of(kind, data)
        if text is not None and self._block is not None:
            if text:
                self._block.texts[_TEXT].append(text)
                self.text_events += 1
            self._counts = True
            return None
        return self._take_odd(kind, data)

    def finish(self) -> EventViolation | None:
        """Return what a stream lacks at its end: its reason, or message_stop."""
        found = self._found
        if found.machine.state is MessageState.FAILED:
            return None
        if found.stop is None:
            message = f"{rows.STOP}: the stream is over, and message_stop never came"
            return EventViolation(StreamFault.TRUNCATED, message, '{"type": "message_stop"}')
        if found.last_delta is None:
            message = f"{rows.DELTA}: the stream is over, and no message_delta came"
            return EventViolation(StreamFault.TRUNCATED, message, '"stop_reason": "end_turn"')
        return _ROWS.violation([*of_the_end(found), *of_tools(found)])

    def _take_odd(self, kind: str, data: str) -> EventViolation | None:
        self._repeated.forget()
        block = Block(0, (), Event(kind, data, ""), complete=True, end_offset=0)
        event = typed_event(block, "" if kind == "message" else kind, data, read_json(data))
        self._counts = event.kind in SAID
        found = self._found
        if len(found.events) < _ODD_EVENTS_LIMIT or event.kind in (
            EventKind.MESSAGE_DELTA,
            EventKind.STOP,
        ):
            found.events.append(event)
        stopped = found.machine.state in _STOPPED
        if event.kind is EventKind.ERROR and not stopped:
            found.machine.state = MessageState.FAILED
            return EventViolation(
                StreamFault.ERROR_EVENT, "the stream reports an error", "the answer"
            )
        if event.kind in (EventKind.UNREADABLE, EventKind.SENTINEL, EventKind.EMPTY):
            return _no_event(event)
        problems = list(self._problems(event))
        if event.kind is EventKind.START and (violation := self._identify(event)):
            return violation
        if violation := self._violation(problems):
            return violation
        self._keep(event, kind, data)
        return None

    def _problems(self, event: TypedEvent) -> Iterator[Breach]:
        yield from self._found.machine.take(event)
        if misnamed := name_problem(event):
            yield misnamed
        if event.kind is EventKind.START and (problem := start_problem(event)):
            yield Breach(START_SHAPE, event, problem, START_EXAMPLE)

    def _violation(self, problems: list[Breach]) -> EventViolation | None:
        if any(problem.row == rows.DELTA for problem in problems):
            # What is missing is found at the end, as what a cut stream lacks.
            return self.finish()
        return _ROWS.violation(problems)

    def _identify(self, event: TypedEvent) -> EventViolation | None:
        identifier = event.member("message").get("id")
        if not isinstance(identifier, str) or not identifier or identifier == self._id:
            return None
        if self._id is None:
            return self._open(identifier)
        self._foreign_id = identifier
        if self._ids.owner(identifier, self._nonce) is None:
            return None  # a second message_start
        message = f"the message {identifier!r} of another stream begins"[:200]
        return EventViolation(StreamFault.CROSSED, message, f'"id": "{self._id}" alone')

    def _keep(self, event: TypedEvent, kind: str, data: str) -> None:
        """Keep the usage and the text of an event, and recognise events like it."""
        found = self._found
        if event.kind is EventKind.MESSAGE_DELTA:
            start = found.first(EventKind.START)
            asked = start.member("message").get("usage") if start is not None else None
            prompt = asked.get("input_tokens") if isinstance(asked, dict) else None
            answer = event.member("usage").get("output_tokens")
            if is_int(prompt) and is_int(answer):
                self.usage = StreamUsage(int(prompt or 0), int(answer or 0))
        delta = event.member("delta")
        text = delta.get("text")
        if event.kind is not EventKind.BLOCK_DELTA or not isinstance(text, str) or not text:
            return
        self.text_events += 1
        block = found.machine.open.get(event.value.get("index", -1))
        if block is not None and block.type == "text" and delta.keys() == {"type", "text"}:
            self._block = block
            self._repeated.learn(kind, data, text)


def _no_event(event: TypedEvent) -> EventViolation | None:
    """Return what is wrong with data that is no event of a message."""
    if event.kind is EventKind.EMPTY:
        return None  # sse.no-empty-events, which is no MUST
    if event.kind is EventKind.SENTINEL and not event.name:
        return None  # anthropic.no-sentinel, likewise
    message = "payload.json: an event's data is not JSON"
    return EventViolation(StreamFault.PAYLOAD, message, "a JSON object")

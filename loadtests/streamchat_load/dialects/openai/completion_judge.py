"""The state machine of one streamed answer, made for many streams at the same time.

Theory of operation. Most chunks of an answer are the same but for their text. The first such
chunk is read and judged in full, by the table and the functions of the conformance suite. A later
chunk that differs in its text alone (`RepeatedEvents`) leaves the machine where it is. All other
chunks are read and judged in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from streamchat_conformance.core.eventstream import Event
from streamchat_conformance.core.eventstream_model import Block
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.openai.chunk_shape import shape_problems
from streamchat_conformance.dialects.openai.data import SENTINEL, Datum, DatumKind, classified
from streamchat_conformance.dialects.openai.machine import ChoiceRecord, ChoiceState, delta_of
from streamchat_conformance.dialects.openai.usage import counts_of, usage_problems

from streamchat_load.dialects.chat_messages.talk_judge import TalkJudge
from streamchat_load.dialects.dialect import EventViolation, StreamUsage
from streamchat_load.dialects.must_rows import MustRows
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from streamchat_load.dialects.chat_messages.stream_ids import StreamIds

_ROWS = MustRows(
    "openai",
    {
        "openai.id-stable": StreamFault.IDENTITY,
        "openai.role-present": StreamFault.ORDER,
        "openai.nothing-after-finish": StreamFault.ORDER,
        "openai.usage-after-finish": StreamFault.ORDER,
    },
)

_ODD_CHUNKS_LIMIT = 4096
"""At most this many chunks that are not plain are kept for the judgement at the end."""


class CompletionJudge(TalkJudge):
    """Judges the chunks of one answer with one choice.

    `wants_usage`: this server sends usage when it is asked to, and was asked.
    """

    __slots__ = ("_choice", "_error", "_odd", "_over", "_wants_usage")

    named_id: ClassVar[str] = "openai.isolated: the id"

    def __init__(self, nonce: str, ids: StreamIds, *, wants_usage: bool) -> None:
        super().__init__(nonce, ids, "content")
        self._wants_usage = wants_usage
        self._choice = ChoiceRecord(0)
        self._odd: list[Datum] = []
        self._over = self._error = False

    @property
    def text(self) -> str:
        """The content so far."""
        return "".join(self._choice.content)

    @property
    def said(self) -> str:
        """The content, the thoughts, the calls and the reason for the end."""
        choice = self._choice
        calls = [_call(piece) for _, piece in choice.tool_pieces]
        thoughts = "".join(choice.thoughts)
        return "\x1f".join((self.text, thoughts, "".join(calls), choice.finish or ""))

    def take(self, kind: str, data: str) -> EventViolation | None:
        """Take the next event; return what is wrong with it, or None."""
        text = self._repeated.text_of(kind, data)
        if text is not None:
            # An empty text leaves the machine where it is, too.
            if text:
                self._choice.content.append(text)
                self.text_events += 1
            self._counts = True
            return None
        return self._take_odd(kind, data)

    def finish(self) -> EventViolation | None:
        """Return what a stream lacks at its end: its reason, its usage, or `[DONE]`."""
        if self._error:
            return None
        finished = self._choice.state is ChoiceState.FINISHED or self._choice.emptily_finished
        if not finished:
            message = "openai.finish-present: the stream is over, and no `finish_reason` came"
            return EventViolation(StreamFault.TRUNCATED, message, '"finish_reason": "stop"')
        found = usage_problems(
            self._odd, [self._choice], continuous=False, finished=True, whole=True
        )
        if violation := _ROWS.violation(found):
            return violation
        if not self._over:
            message = "openai.done: the stream is over, and [DONE] never came"
            return EventViolation(StreamFault.TRUNCATED, message, "data: [DONE]")
        if self._wants_usage and self.usage is None:
            message = (
                "openai.usage-honoured: no usage came, which other streams of this server have"
            )
            return EventViolation(StreamFault.LOST, message, "a chunk with `choices: []` and usage")
        return None

    def _take_odd(self, kind: str, data: str) -> EventViolation | None:
        self._counts = False
        # Only for a choice that speaks is a plain chunk as good as the one before.
        self._repeated.forget()
        if self._over:
            message = "openai.done-once: an event follows the end"
            return EventViolation(StreamFault.ALTERED, message, "the end of the body")
        if data == SENTINEL:
            self._over = True
            return None
        datum = _datum(kind, data)
        if datum.kind is not DatumKind.CHUNK:
            return self._take_other(datum)
        self._counts = bool(datum.choices)
        if len(self._odd) < _ODD_CHUNKS_LIMIT:
            self._odd.append(datum)
        self._keep_usage(datum)
        return self._take_chunk(datum, kind, data)

    def _take_chunk(self, datum: Datum, kind: str, data: str) -> EventViolation | None:
        problems = list(shape_problems(datum, 1))
        choice, pieces = self._choice, len(self._choice.content)
        for each in datum.choices[:1]:
            problems += choice.take(datum, each)
        if len(choice.content) > pieces:
            self.text_events += 1
            speaking = choice.state is ChoiceState.SPEAKING and self.usage is None
            if speaking and not _ROWS.violation(problems):
                self._learn(kind, data, choice.content[-1], datum)
        if not (datum.empty or datum.filtered) and (violation := self._identify(datum)):
            return violation
        return _ROWS.violation(problems)

    def _take_other(self, datum: Datum) -> EventViolation | None:
        if datum.kind in (DatumKind.ERROR, DatumKind.MISSHAPEN_ERROR):
            self._error = True
            message = "the stream reports an error"
            return EventViolation(StreamFault.ERROR_EVENT, message, "the answer")
        if datum.kind is DatumKind.NEARLY_END:
            self._over = True
            message = "openai.done-exact: the last event's data is not exactly [DONE]"
            return EventViolation(StreamFault.PAYLOAD, message, "data: [DONE]")
        message = "openai.only-chunks: an event is neither a chunk nor an error nor [DONE]"
        if datum.kind is DatumKind.UNREADABLE:
            message = "payload.json: an event's data is not JSON"
        return EventViolation(StreamFault.PAYLOAD, message, "a chunk, an error or [DONE]")

    def _identify(self, datum: Datum) -> EventViolation | None:
        identifier = datum.value.get("id")
        if not isinstance(identifier, str) or not identifier or identifier == self._id:
            return None
        if self._id is None:
            return self._open(identifier)
        self._foreign_id = self._foreign_id or identifier
        expected = f'"id": "{self._id}" in each chunk'
        if self._ids.owner(identifier, self._nonce) is not None:
            message = f"openai.isolated: the id {identifier!r} of another stream"[:200]
            return EventViolation(StreamFault.CROSSED, message, expected)
        message = f"openai.id-stable: `id` changes to {identifier!r}"[:200]
        return EventViolation(StreamFault.IDENTITY, message, expected)

    def _keep_usage(self, datum: Datum) -> None:
        counts = counts_of(datum.usage)
        if "prompt_tokens" in counts and "completion_tokens" in counts:
            self.usage = StreamUsage(counts["prompt_tokens"], counts["completion_tokens"])

    def _learn(self, kind: str, data: str, text: str, datum: Datum) -> None:
        """Recognise chunks like this one, if its text is all that it brings."""
        (choice,) = datum.choices if len(datum.choices) == 1 else ({},)
        delta = delta_of(choice)
        plain = not any(value for name, value in delta.items() if name not in ("content", "role"))
        if not plain or choice.get("finish_reason") is not None or datum.usage is not None:
            return
        if not choice.get("logprobs"):
            self._repeated.learn(kind, data, text)


def _datum(kind: str, data: str) -> Datum:
    block = Block(0, (), Event(kind, data, ""), complete=True, end_offset=0)
    return next(classified([block], [(block, read_json(data))]))


def _call(piece: dict[str, Any]) -> str:
    function = piece.get("function")
    if not isinstance(function, dict):
        return ""
    return "".join(
        text for text in map(function.get, ("name", "arguments")) if isinstance(text, str)
    )

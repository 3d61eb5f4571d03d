"""One streamed message: what it said, what was wrong with it, and under which requirement.

Theory of operation. The events are read once, in order. The machine says what is wrong with the
place of each, `shapes` what is wrong with its members; what can only be said of all of them
follows. `problems` has what was found by requirement, `decided` the requirements on which the
stream says something, be it that all is well. Nothing is decided on what did not come: a stream
that was left early says nothing of its end, and one with an event that cannot be read says nothing
of order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.strict_json import JsonReading, read_json
from streamchat_conformance.dialects.anthropic import machine as rows
from streamchat_conformance.dialects.anthropic.data import (
    KNOWN,
    EventKind,
    TypedEvent,
    events_of,
    is_text,
)
from streamchat_conformance.dialects.anthropic.machine import (
    Breach,
    ContentBlock,
    MessageMachine,
)
from streamchat_conformance.dialects.anthropic.shapes import (
    DELTA_EXAMPLE,
    START_EXAMPLE,
    error_problem,
    last_delta_problem,
    open_problem,
    start_problem,
    stop_reason_of,
    tokens_of,
)

KEPT_PER_ROW = 3
"""Problems that are kept of each requirement."""
NAMED, NAME = "anthropic.event-named", "anthropic.event-name"
SENTINEL, UNKNOWN = "anthropic.no-sentinel", "anthropic.unknown-events"
START_SHAPE, START_OPEN = "anthropic.message-start-shape", "anthropic.message-start-open"
DELTA_FULL = "anthropic.message-delta-full"
TOOL, TOOL_STOP = "anthropic.tool-block", "anthropic.tool-stop-reason"
SIGNATURE = "anthropic.thinking-signature"
TOOL_EXAMPLE = '{"type": "tool_use", "id": "toolu_…", "name": "…", "input": {}}'
FOREIGN_REASONS = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})
"""Why an answer of Chat Completions ends: to clients of this endpoint these words say nothing."""
REASONS = frozenset(
    {
        *("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"),
        *("model_context_window_exceeded", "compaction"),
    }
)
"""The reasons that the reference has."""
CUT_REASONS = ("max_tokens", "model_context_window_exceeded", "refusal", "pause_turn")
"""Stop reasons that leave the last block as it is."""

OF_ORDER = frozenset(
    {
        *(rows.FIRST, rows.ONCE, rows.ORDER, rows.INDEX, rows.SEQUENTIAL, rows.DELTA, rows.STOP),
        *(rows.FITS, TOOL, TOOL_STOP, SIGNATURE, rows.ERROR),
    }
)
"""What an event that cannot be read leaves open."""


OF_SHAPE = frozenset({START_SHAPE, START_OPEN, rows.SHAPE, DELTA_FULL})
"""What the members of events decide."""


@dataclass(slots=True)
class MessageTranscript:
    """A message, as far as it came."""

    events: list[TypedEvent] = field(default_factory=list)
    machine: MessageMachine = field(default_factory=MessageMachine)
    problems: dict[str, list[Breach]] = field(default_factory=lambda: defaultdict(list))
    decided: set[str] = field(default_factory=set)

    def first(self, *kinds: EventKind) -> TypedEvent | None:
        """Return the first event of some kinds, or None."""
        return next((event for event in self.events if event.kind in kinds), None)

    @property
    def blocks(self) -> list[ContentBlock]:
        """The blocks of content, in the order in which they began."""
        return self.machine.blocks

    @property
    def error(self) -> TypedEvent | None:
        """The first event that reports a failure."""
        return self.first(EventKind.ERROR)

    @property
    def stop(self) -> TypedEvent | None:
        """The first message_stop."""
        return self.first(EventKind.STOP)

    @property
    def last_delta(self) -> TypedEvent | None:
        """The last message_delta."""
        found = (each for each in reversed(self.events) if each.kind is EventKind.MESSAGE_DELTA)
        return next(found, None)

    @property
    def stop_reason(self) -> Any:
        """Why the message stopped."""
        return stop_reason_of(self.last_delta)

    @property
    def finished(self) -> bool:
        """Whether the message came to its end, without a failure."""
        return self.stop is not None and self.error is None

    @property
    def gapped(self) -> bool:
        """Whether an event may have said something that cannot be read."""
        return any(event.hides for event in self.events)

    @property
    def known(self) -> bool:
        """Whether an event of the protocol came."""
        return any(event.kind.value in KNOWN for event in self.events)

    @property
    def typeless(self) -> bool:
        """Whether the data of an event of the protocol, a ping apart, has no type."""
        return any(
            event.type is None and event.name in KNOWN - {EventKind.PING, EventKind.ERROR}
            for event in self.events
            if not event.hides
        )

    @property
    def text(self) -> str:
        """The text of all blocks."""
        return "".join(block.joined("text_delta") for block in self.blocks)

    @property
    def said_something(self) -> bool:
        """Whether text, a thought or a tool call came, or a block that is not known."""
        return any(
            block.type not in ("text", "thinking", "")
            or any(text for texts in block.texts.values() for text in texts)
            or bool(block.head.get("text"))
            for block in self.blocks
        )

    def add(self, *problems: Breach) -> None:
        """Keep what is wrong, a few of each requirement."""
        for problem in problems:
            if len(self.problems[problem.row]) < KEPT_PER_ROW:
                self.problems[problem.row].append(problem)


def transcript_of(
    blocks: Sequence[Block],
    payloads: Iterable[tuple[Block, JsonReading]],
    *,
    whole: bool,
) -> MessageTranscript:
    """Return what a stream said. `whole` says that its body came to a proper end."""
    found = MessageTranscript()
    found.events = list(events_of(blocks, payloads))
    for event in found.events:
        found.add(*found.machine.take(event))
    found.add(*_of_names(found))
    found.add(*_of_shapes(found))
    found.add(*of_the_end(found))
    found.add(*of_tools(found), *_of_thoughts(found))
    _decide(found, whole=whole)
    for row in _undecided(found):
        found.problems.pop(row, None)
        found.decided.discard(row)
    return found


def _of_names(found: MessageTranscript) -> Iterator[Breach]:
    """Yield what is wrong with the names of events.

    An error without a name is `anthropic.error-event`, unless no event has one.
    """
    ordinary = [
        event
        for event in found.events
        if event.kind not in (EventKind.SENTINEL, EventKind.EMPTY, EventKind.ERROR)
    ]
    nameless = [event for event in ordinary if not event.name]
    yield from (problem for event in ordinary if (problem := name_problem(event)))
    error = found.error
    if error is not None and error.name != "error" and not (nameless and not error.name):
        message = f"the failure's event has the name {error.name!r}"[:120]
        if not error.name:
            message = "the failure's event has no name: official clients take it for no failure"
        yield Breach(rows.ERROR, error, message, "event: error")


def name_problem(event: TypedEvent) -> Breach | None:
    """Return what is wrong with the name of an event that reports no failure, or None."""
    if not event.name:
        message = "an event has no name: official clients drop it"
        return Breach(NAMED, event, message, f"event: {event.kind.value}")
    if event.type == event.name or event.kind is EventKind.UNREADABLE:
        return None
    # What a ping says is anthropic.heartbeat.
    if event.name == EventKind.PING and event.kind is EventKind.PING:
        return None
    message = f"the event {event.name!r} has the type {event.type!r}"[:160]
    return Breach(NAME, event, message, "the same word as `event` and as `type`")


def _of_shapes(found: MessageTranscript) -> Iterator[Breach]:
    start, error = found.first(EventKind.START), found.error
    if start is not None:
        if problem := start_problem(start):
            yield Breach(START_SHAPE, start, problem, START_EXAMPLE)
        if problem := open_problem(start):
            yield Breach(START_OPEN, start, problem, '"stop_reason": null, "content": []')
    if error is not None and (problem := error_problem(error.value)):
        expected = '{"type": "error", "error": {"type": "api_error", "message": "text"}}'
        yield Breach(rows.ERROR, error, problem, expected)
    for event in found.events:
        if event.kind is EventKind.SENTINEL and not event.name:
            message = "[DONE] comes: this endpoint has ended with message_stop since 2023-06-01"
            yield Breach(SENTINEL, event, message, "message_stop as the last event")
    reason, last = found.stop_reason, found.last_delta
    if last is not None and is_text(reason) and reason not in REASONS:
        found.machine.unknown.setdefault(f"stop_reason {reason!r}"[:80], last)
    for what, event in found.machine.unknown.items():
        message = f"the {what} is not in the reference: @ai-sdk/anthropic stops at it"
        yield Breach(UNKNOWN, event, message, "types of the reference")


def of_the_end(found: MessageTranscript) -> Iterator[Breach]:
    """Yield what is wrong with how a message ends, and with its usage."""
    deltas = [event for event in found.events if event.kind is EventKind.MESSAGE_DELTA]
    if not deltas:
        return
    last = deltas[-1]
    problem = last_delta_problem(last) if found.stop is not None else ""
    if problem:
        yield Breach(rows.DELTA, last, problem, DELTA_EXAMPLE)
    whole = not problem and not found.problems.get(rows.DELTA)
    if whole and "stop_sequence" not in last.member("delta"):
        yield Breach(DELTA_FULL, last, "message_delta has no `delta.stop_sequence`", DELTA_EXAMPLE)
    begun = [event for event in found.events if event.kind is EventKind.START][:1]
    counted = [
        (event, tokens)
        for event in (*begun, *deltas)
        # Many a server says 1 at the start, whatever follows.
        if (tokens := tokens_of(event)) is not None and not (event in begun and tokens == 1)
    ]
    for (_, before), (event, after) in pairwise(counted):
        if after < before:
            message = f"usage falls from {before} to {after} output tokens: it is cumulative"
            yield Breach(DELTA_FULL, event, message, "counts of the whole message so far")


def of_tools(found: MessageTranscript) -> Iterator[Breach]:
    """Yield what is wrong with the uses of tools."""
    calls = [block for block in found.blocks if block.type == "tool_use"]
    ids: set[str] = set()
    for block in calls:
        problem = ""
        id_, name = block.head.get("id"), block.head.get("name")
        if not is_text(id_):
            problem = "a tool_use has no `id`"
        elif id_ in ids:
            problem = f"two tool_use have the id {id_!r}"[:100]
        elif not is_text(name):
            problem = "a tool_use has no `name`"
        elif not isinstance(block.head.get("input"), dict):
            problem = "`input` of a tool_use is no object"
        if is_text(id_):
            ids.add(str(id_))
        if not problem and block.stop is not None and found.stop_reason not in CUT_REASONS:
            problem = _input_problem(block.joined("input_json_delta"))
        if problem:
            yield Breach(TOOL, block.start, problem, TOOL_EXAMPLE)
    last = found.blocks[-1] if found.blocks else None
    complete = last is not None and last.type == "tool_use" and last.stop is not None
    reason = found.stop_reason
    unrun = reason == "end_turn" or (isinstance(reason, str) and reason in FOREIGN_REASONS)
    if last is not None and complete and unrun and found.last_delta:
        message = f"the message ends with a tool_use, and {reason} stops it: no client runs it"
        yield Breach(TOOL_STOP, found.last_delta, message, '"stop_reason": "tool_use"')


def _input_problem(text: str) -> str:
    """Return why the joined input of a tool is no object, or an empty string."""
    if not text.strip():
        return ""
    reading = read_json(text.encode("utf-8", "surrogatepass"))
    if reading.error is not None:
        return "the joined `partial_json` of a tool_use is no JSON"
    return "" if isinstance(reading.value, dict) else "the input of a tool_use is no JSON object"


def _whole_thoughts(found: MessageTranscript) -> list[ContentBlock]:
    """Return the blocks of thinking, without a last one that the message's end may have cut."""
    cut = found.blocks[-1:] if found.stop_reason in (None, *CUT_REASONS) else []
    kept = found.blocks[: len(found.blocks) - len(cut)]
    return [block for block in kept if block.type == "thinking" and block.stop is not None]


def _of_thoughts(found: MessageTranscript) -> Iterator[Breach]:
    for block in _whole_thoughts(found):
        signed = "signature_delta" in block.texts or is_text(block.head.get("signature"))
        if block.stop is not None and not signed:
            message = "a thinking block stops without a signature_delta: it cannot be sent back"
            yield Breach(SIGNATURE, block.stop, message, "signature_delta before the stop")


DECIDED_BY: Mapping[EventKind, tuple[str, ...]] = {
    EventKind.START: (START_SHAPE, START_OPEN),
    EventKind.BLOCK_START: (rows.INDEX,),
    EventKind.BLOCK_DELTA: (rows.FITS, rows.SHAPE),
    EventKind.MESSAGE_DELTA: (DELTA_FULL, rows.ORDER, rows.SEQUENTIAL),
    EventKind.STOP: (rows.DELTA,),
    EventKind.ERROR: (rows.ERROR,),
}
"""Kind of an event to the requirements on which a stream with it says something."""
_OF_NOTHING = frozenset({EventKind.PING, EventKind.UNKNOWN, EventKind.SENTINEL})


def _decide(found: MessageTranscript, *, whole: bool) -> None:
    """Note on which requirements the stream says something."""
    decided = found.decided
    came = {event.kind for event in found.events}
    decided.update(row for kind in came for row in DECIDED_BY.get(kind, ()))
    if came:
        decided.update({NAMED, UNKNOWN})
    if any(event.name and event.value for event in found.events):
        decided.add(NAME)
    if came - _OF_NOTHING:
        decided.add(rows.FIRST)
        decided.update({SENTINEL, rows.ONCE} if whole else ())
    if found.stop is not None and any(block.type == "tool_use" for block in found.blocks):
        decided.update({TOOL, TOOL_STOP})
    if _whole_thoughts(found):
        decided.add(SIGNATURE)


def _undecided(found: MessageTranscript) -> Iterator[str]:
    """Yield the requirements on which another fault of the stream leaves nothing to say."""
    broken = set(found.problems)
    if found.gapped:
        yield from OF_ORDER
    if found.typeless:
        # What the data of a named event is, if it is not what the name says, is not known.
        yield from (*OF_ORDER, *OF_SHAPE)
    if rows.ONCE in broken:
        yield rows.STOP
    if NAMED in broken and not found.known:
        yield SENTINEL
    if rows.INDEX in broken:
        # Events of blocks whose indexes are wrong cannot be distinguished.
        yield from (rows.ORDER, rows.SEQUENTIAL)
    if rows.ORDER in broken:
        yield rows.SEQUENTIAL
    if {rows.ONCE, rows.ORDER, rows.INDEX} & broken:
        yield from (TOOL, TOOL_STOP, SIGNATURE)
    if {rows.FITS, rows.SHAPE} & broken:
        yield from (TOOL, SIGNATURE)

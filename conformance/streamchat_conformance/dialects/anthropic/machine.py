"""In which order the events of a message come: one state machine for each stream.

Theory of operation. `TABLE` says for each state and kind of event which state follows, and which
requirement the event breaks by coming then, if any. The blocks of content have a state of their
own, which the table does not show: those that are open, by index, and the index that is next.
`FIT` says which deltas fit which type of block. Types outside these tables may be added to the
protocol: they are noted in `unknown`, and break nothing. One cause, one problem: after a second
`message_start` indexes begin again, and nothing more is said of blocks; a delta of a block that
never began opens it; a wrong index is taken as it is, and the next is expected after it. The
machine never raises, whatever the events are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.dialects.anthropic.data import EventKind, TypedEvent, is_int

FIRST, ONCE = "anthropic.message-start-first", "anthropic.message-start-once"
ORDER, INDEX = "anthropic.block-order", "anthropic.block-index"
SEQUENTIAL, FITS = "anthropic.block-sequential", "anthropic.delta-type"
SHAPE, DELTA = "anthropic.delta-shape", "anthropic.message-delta"
STOP, ERROR = "anthropic.message-stop", "anthropic.error-event"


class Breach(NamedTuple):
    """What is wrong with an event, and with which requirement."""

    row: str
    event: TypedEvent
    message: str
    expected: str

    @property
    def block(self) -> Block:
        """The event."""
        return self.event.block


class MessageState(StrEnum):
    """How far a message has come."""

    AWAITED = "awaited"
    """Nothing came but pings."""
    HEADLESS = "headless"
    """Something came, and no message_start."""
    STARTED = "started"
    CLOSING = "closing"
    """A message_delta came."""
    STOPPED = "stopped"
    FAILED = "failed"


_S, _K = MessageState, EventKind
TABLE: Mapping[tuple[MessageState, EventKind], tuple[MessageState, str]] = {
    (_S.AWAITED, _K.START): (_S.STARTED, ""),
    (_S.AWAITED, _K.BLOCK_START): (_S.HEADLESS, FIRST),
    (_S.AWAITED, _K.BLOCK_DELTA): (_S.HEADLESS, FIRST),
    (_S.AWAITED, _K.BLOCK_STOP): (_S.HEADLESS, FIRST),
    (_S.AWAITED, _K.MESSAGE_DELTA): (_S.CLOSING, FIRST),
    (_S.AWAITED, _K.STOP): (_S.STOPPED, FIRST),
    (_S.AWAITED, _K.ERROR): (_S.FAILED, ""),
    # A message_start that comes late has been reported.
    (_S.HEADLESS, _K.START): (_S.STARTED, ""),
    (_S.HEADLESS, _K.BLOCK_START): (_S.HEADLESS, ""),
    (_S.HEADLESS, _K.BLOCK_DELTA): (_S.HEADLESS, ""),
    (_S.HEADLESS, _K.BLOCK_STOP): (_S.HEADLESS, ""),
    (_S.HEADLESS, _K.MESSAGE_DELTA): (_S.CLOSING, ""),
    (_S.HEADLESS, _K.STOP): (_S.STOPPED, DELTA),
    (_S.HEADLESS, _K.ERROR): (_S.FAILED, ""),
    (_S.STARTED, _K.START): (_S.STARTED, ONCE),
    (_S.STARTED, _K.BLOCK_START): (_S.STARTED, ""),
    (_S.STARTED, _K.BLOCK_DELTA): (_S.STARTED, ""),
    (_S.STARTED, _K.BLOCK_STOP): (_S.STARTED, ""),
    (_S.STARTED, _K.MESSAGE_DELTA): (_S.CLOSING, ""),
    (_S.STARTED, _K.STOP): (_S.STOPPED, DELTA),
    (_S.STARTED, _K.ERROR): (_S.FAILED, ""),
    # A second generation: what follows it is judged as a message of its own.
    (_S.CLOSING, _K.START): (_S.STARTED, ONCE),
    (_S.CLOSING, _K.BLOCK_START): (_S.CLOSING, ORDER),
    (_S.CLOSING, _K.BLOCK_DELTA): (_S.CLOSING, ""),
    (_S.CLOSING, _K.BLOCK_STOP): (_S.CLOSING, ""),
    (_S.CLOSING, _K.MESSAGE_DELTA): (_S.CLOSING, ""),
    (_S.CLOSING, _K.STOP): (_S.STOPPED, ""),
    (_S.CLOSING, _K.ERROR): (_S.FAILED, ""),
    (_S.STOPPED, _K.START): (_S.STARTED, ONCE),
    (_S.STOPPED, _K.BLOCK_START): (_S.STOPPED, STOP),
    (_S.STOPPED, _K.BLOCK_DELTA): (_S.STOPPED, STOP),
    (_S.STOPPED, _K.BLOCK_STOP): (_S.STOPPED, STOP),
    (_S.STOPPED, _K.MESSAGE_DELTA): (_S.STOPPED, STOP),
    (_S.STOPPED, _K.STOP): (_S.STOPPED, STOP),
    (_S.STOPPED, _K.ERROR): (_S.STOPPED, STOP),
    (_S.FAILED, _K.START): (_S.FAILED, ERROR),
    (_S.FAILED, _K.BLOCK_START): (_S.FAILED, ERROR),
    (_S.FAILED, _K.BLOCK_DELTA): (_S.FAILED, ERROR),
    (_S.FAILED, _K.BLOCK_STOP): (_S.FAILED, ""),
    (_S.FAILED, _K.MESSAGE_DELTA): (_S.FAILED, ""),
    (_S.FAILED, _K.STOP): (_S.FAILED, ERROR),
    (_S.FAILED, _K.ERROR): (_S.FAILED, ""),
}
"""(state, kind) to (next state, requirement that the event breaks by coming then)."""

MESSAGES: Mapping[str, tuple[str, str]] = {
    FIRST: (
        "{kind} comes before message_start: official clients stop with an error",
        "message_start first; only ping and error may come before it",
    ),
    ONCE: ("a second message_start comes", "one message_start in a stream"),
    ORDER: ("{kind} comes after message_delta", "every block before message_delta"),
    DELTA: (
        "message_stop comes, and no message_delta before it",
        "message_delta with stop_reason and usage",
    ),
    STOP: ("{kind} comes after message_stop", "message_stop as the last event"),
    ERROR: ("{kind} comes after the error", "nothing after the error but the end of the body"),
}

TOOL_TYPES = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
FIT: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text_delta", "citations_delta"}),
    "thinking": frozenset({"thinking_delta", "signature_delta"}),
    "redacted_thinking": frozenset(),
    "container_upload": frozenset(),
    "compaction": frozenset({"compaction_delta"}),
    **{type_: frozenset({"input_json_delta"}) for type_ in TOOL_TYPES},
}
"""Type of a block to the deltas that fit it. Results of tools (`*_tool_result`) have none."""
DELTA_TEXTS: Mapping[str, str] = {
    "text_delta": "text",
    "input_json_delta": "partial_json",
    "thinking_delta": "thinking",
    "signature_delta": "signature",
}
"""Type of a delta to its member that is a string."""
BLOCK_TEXTS: Mapping[str, str] = {"text": "text", "thinking": "thinking"}
"""Type of a block to the member of its beginning that its deltas are appended to."""
DELTAS = frozenset({*DELTA_TEXTS, "citations_delta", "compaction_delta"})


@dataclass(slots=True)
class ContentBlock:
    """One block of content, as far as it came."""

    index: int
    type: str
    """Empty where it is not known."""
    start: TypedEvent
    head: Mapping[str, Any] = field(default_factory=dict)
    """Its `content_block`."""
    texts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The strings of its deltas, by the delta's type."""
    stop: TypedEvent | None = None

    def joined(self, delta_type: str) -> str:
        """Return the joined strings of the deltas of one type."""
        return "".join(self.texts.get(delta_type, ()))


@dataclass(slots=True)
class MessageMachine:
    """A message while it comes."""

    state: MessageState = MessageState.AWAITED
    blocks: list[ContentBlock] = field(default_factory=list)
    open: dict[int, ContentBlock] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    next_index: int = 0
    started: bool = False
    """Whether a message_start came."""
    spliced: bool = False
    """Whether a second message_start came."""
    unknown: dict[str, TypedEvent] = field(default_factory=dict)
    """Types that the protocol does not have yet, by what they are types of."""

    def take(self, event: TypedEvent) -> Iterator[Breach]:
        """Take an event; yield what is wrong with its place and its delta."""
        kind = event.kind
        if kind is EventKind.UNKNOWN:
            self._note("event", event.type if event.type is not None else event.name, event)
        if (self.state, kind) not in TABLE:
            return
        before = self.state
        self.state, row = TABLE[before, kind]
        # What came before the first message_start has been reported.
        if row and (row != ONCE or self.started):
            message, expected = MESSAGES[row]
            yield Breach(row, event, message.format(kind=kind.value), expected)
        stopped = before is MessageState.STOPPED and kind is not EventKind.START
        if stopped or before is MessageState.FAILED:
            return
        for problem in self._of_blocks(event):
            # Blocks of two messages in one stream have no order.
            if not self.spliced or problem.row in (SHAPE, ONCE):
                yield problem

    def _note(self, what: str, type_: Any, event: TypedEvent) -> None:
        if len(self.unknown) < 20:
            self.unknown.setdefault(f"{what} {type_!r}"[:80], event)

    def _of_blocks(self, event: TypedEvent) -> Iterator[Breach]:
        if event.kind is EventKind.START:
            self.spliced |= self.started
            self.started = True
            if self.spliced:
                self.open, self.used, self.next_index = {}, set(), 0
        elif event.kind is EventKind.BLOCK_START:
            yield from self._start(event)
        elif event.kind is EventKind.BLOCK_DELTA:
            yield from self._delta(event)
        elif event.kind is EventKind.BLOCK_STOP:
            block, problems = self._block_of(event)
            yield from problems
            if block is not None:
                block.stop = event
                self.open.pop(block.index, None)
        elif event.kind in (EventKind.MESSAGE_DELTA, EventKind.STOP) and self.open:
            shown = ", ".join(map(str, sorted(self.open)[:8]))
            message = f"{event.kind.value} comes while a block is open (index {shown})"
            yield Breach(ORDER, event, message, "content_block_stop for every block before it")
            self.open = {}

    def _start(self, event: TypedEvent) -> Iterator[Breach]:
        index = event.value.get("index")
        expected = f'"index": {self.next_index}'
        if not is_int(index):
            shown = "no index" if "index" not in event.value else f"the index {index!r}"[:80]
            yield Breach(INDEX, event, f"a block begins with {shown}", expected)
            index = self.next_index
        elif index in self.used:
            yield Breach(INDEX, event, f"a second block has the index {index}", expected)
        elif index != self.next_index:
            yield Breach(INDEX, event, f"block {self.next_index} has the index {index}", expected)
        assert isinstance(index, int)
        if any(other != index for other in self.open):
            message = f"block {index} begins while another one is open"
            yield Breach(SEQUENTIAL, event, message, "content_block_stop of the other one first")
        self.used.add(index)
        self.next_index = index + 1
        head = event.member("content_block")
        type_ = head.get("type")
        if not isinstance(type_, str) or not type_:
            message = "a block begins without `content_block.type`"
            yield Breach(FITS, event, message, '"content_block": {"type": "text", "text": ""}')
            type_ = ""
        if type_ and type_ not in FIT and not type_.endswith(("_tool_result", "_tool_use")):
            self._note("block", type_, event)
        member = BLOCK_TEXTS.get(type_)
        if member is not None and not isinstance(head.get(member), str):
            message = f"`content_block.{member}` is no string: clients append to it"
            yield Breach(SHAPE, event, message, f'"{member}": ""')
        block = ContentBlock(index, type_, event, head)
        self.blocks.append(block)
        self.open[index] = block

    def _block_of(self, event: TypedEvent) -> tuple[ContentBlock | None, list[Breach]]:
        """Return the block that an event is about, and what is wrong with that."""
        index = event.value.get("index")
        kind = event.kind.value
        if not is_int(index):
            shown = "no index" if "index" not in event.value else f"the index {index!r}"[:80]
            problem = Breach(INDEX, event, f"{kind} has {shown}", "the index of an open block")
            return next(reversed(self.open.values()), None), [problem]
        assert isinstance(index, int)
        if index in self.open:
            return self.open[index], []
        if self.state is MessageState.CLOSING:
            message = f"{kind} comes after message_delta"
        elif index in self.used:
            message = f"{kind} comes for block {index}, which has stopped"
        else:
            message = f"{kind} comes for block {index}, which never began"
        problem = Breach(ORDER, event, message, "content_block_start, its deltas, its stop")
        if index in self.used or event.kind is EventKind.BLOCK_STOP:
            self.used.add(index)
            return None, [problem]
        block = ContentBlock(index, "", event)
        self.used.add(index)
        self.next_index = max(self.next_index, index + 1)
        self.blocks.append(block)
        self.open[index] = block
        return block, [problem]

    def _delta(self, event: TypedEvent) -> Iterator[Breach]:
        block, problems = self._block_of(event)
        yield from problems
        delta = event.value.get("delta")
        if not isinstance(delta, dict):
            message = "content_block_delta has no `delta` that is an object"
            yield Breach(SHAPE, event, message, '"delta": {"type": "text_delta", "text": "…"}')
            return
        type_ = delta.get("type")
        if not isinstance(type_, str) or not type_:
            message = "a delta has no type: clients drop it"
            yield Breach(FITS, event, message, '"delta": {"type": "text_delta", …}')
            return
        if type_ not in DELTAS:
            self._note("delta", type_, event)
            return
        member = DELTA_TEXTS.get(type_)
        text = delta.get(member) if member is not None else ""
        if not isinstance(text, str):
            message = f"`{member}` of a {type_} is no string"
            yield Breach(SHAPE, event, message, f'"{member}": "…"')
            return
        if block is None:
            return
        block.texts[type_].append(text)
        fitting = frozenset[str]() if block.type.endswith("_tool_result") else FIT.get(block.type)
        if fitting is not None and type_ not in fitting:
            message = f"a {type_} comes in a block of type {block.type}: clients drop it"
            yield Breach(FITS, event, message, f"one of {sorted(fitting)}" if fitting else "none")

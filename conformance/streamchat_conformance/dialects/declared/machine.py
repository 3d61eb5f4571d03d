"""The machine that follows a stream by its declaration: fed event by event, it never raises.

It keeps one state. An event that may not come in that state is reported once, and the machine goes
where the event leads; what follows from the same cause is not reported again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streamchat_conformance.core.eventstream import Block, Event
from streamchat_conformance.core.strict_json import JsonReading
from streamchat_conformance.dialects.declared.counting import Counting
from streamchat_conformance.dialects.declared.declaration import (
    COMPLETE,
    FAILED,
    Declaration,
    DeclaredEvent,
)
from streamchat_conformance.dialects.declared.open_scopes import OpenScopes, shown_id
from streamchat_conformance.dialects.declared.pointers import (
    found,
    found_with_parent,
    holds,
    is_of,
    kind_word,
    one_of,
)
from streamchat_conformance.dialects.interface import Payloads, Piece

PROBLEMS = 100
"""How many problems of one stream are kept; each requirement's first is always among them."""


@dataclass(frozen=True, slots=True)
class DeclaredProblem:
    """What is wrong with one event."""

    row: str
    """The requirement, without the dialect's name."""
    message: str
    expected: str
    block: Block


@dataclass(slots=True)
class DeclaredMachine:
    """One stream, as far as it came."""

    declaration: Declaration
    state: str = ""
    sees_dataless: bool = True
    """Whether it is fed the events that come without data."""
    problems: list[DeclaredProblem] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    failure: Block | None = None
    late_failure: Block | None = None
    """The event that reports a failure although the stream was complete."""
    sentinel: Block | None = None
    blind: bool = False
    """Whether some event could not be read, so that an end may be hidden."""
    echoes: list[tuple[Block, str, str, list[Any]]] = field(default_factory=list)
    """(event, placeholder, pointer, values) of what repeats the request."""
    kept: dict[str, Any] = field(default_factory=dict)
    """Pointer to the value that stands there in the whole stream."""
    seen: set[str] = field(default_factory=set)
    """Rows for which something was there to judge."""
    _ended: Block | None = None
    _misshapen: Block | None = None
    """The last event that has not the declared members."""
    _broken: set[str] = field(default_factory=set)
    _scopes: OpenScopes = field(default_factory=OpenScopes)
    _texts: list[str] = field(default_factory=list)
    _counting: Counting | None = None
    _dataless_names: frozenset[str] = frozenset()
    _early: tuple[Block, DeclaredEvent, str] | None = None
    """An event before the end that may only follow it, and the state in which it came."""

    def __post_init__(self) -> None:
        self.state = self.declaration.stream.start
        self._scopes.with_text = self.declaration.compared_scopes
        self._dataless_names = self.declaration.dataless_names
        counter = self.declaration.stream.counter
        self._counting = Counting(counter) if counter is not None else None

    @property
    def text(self) -> str:
        """The text so far."""
        if len(self._texts) > 1:
            self._texts = ["".join(self._texts)]
        return "".join(self._texts)

    def feed(self, block: Block, payload: JsonReading | None) -> None:
        """Take an event, and its data as JSON where that could be read."""
        stream = self.declaration.stream
        event = block.event or self._dataless(block)
        if event is None or event.type in stream.keepalive_names:
            self._pass_by(payload)
            return
        if stream.sentinel and event.data.strip(" \r\n") == stream.sentinel:
            self._take_sentinel(block)
            return
        readable = payload is not None and payload.error is None
        value = payload.value if payload is not None and readable else None
        name = self._kind(event.type, value)
        if name in stream.keepalive_kinds:
            self._pass_by(payload)
            return
        kinds = self.declaration.kinds_of(name)
        strange = stream.kind == "event" and not kinds and stream.unknown_red
        if not readable and not strange and not any(not kind.json for kind in kinds):
            # What is not JSON is payload.json. Data without anything in it says nothing.
            self.blind |= bool(event.data.strip())
            if self._counting is not None:
                self._counting.lose()
            return
        kind = next((each for each in kinds if holds(value, each.when)), None)
        over = self.state in (COMPLETE, FAILED)
        # What may not follow the end of the stream either is reported as that alone.
        follows = kind is not None and not (over and self.state not in kind.states)
        if self.sentinel is not None and follows and not self.broke("sentinel"):
            self._report("sentinel", block, "an event follows the sentinel", "the sentinel last")
        if kind is None:
            self._pass_by(payload)
            if stream.unknown_red and not self.broke("names"):
                shown = "no kind" if name is None else self._named(name)
                names = ", ".join(sorted({kind.kind for kind in self.declaration.events} - {""}))
                expected = f"one of: {names}" if names else "an event that some [[event]] declares"
                self._report("names", block, f"an event of {shown} comes", expected)
            return
        if name is not None:
            self._check_name(block, event.type, name)
        self._take(block, value if kind.json else event.data, kind)

    def _dataless(self, block: Block) -> Event | None:
        """Return the event of a block without data, where it is declared to have none."""
        name = block.dataless_name if block.complete else None
        return Event(name, "", "") if name in self._dataless_names and name else None

    def _check_name(self, block: Block, event_name: str, kind: str) -> None:
        """Check that an event is named as its kind, where that is declared."""
        wanted = self.declaration.stream.event_names
        named = event_name != "message"
        if not wanted or event_name == kind or self.broke("event-names"):
            return
        if named:
            message = f"an event of kind {kind!r} is named {event_name!r}"[:160]
            self._report("event-names", block, message, f"event: {kind}"[:80])
        elif wanted == "kind":
            message = f"an event of kind {kind!r} has no name"[:160]
            self._report("event-names", block, message, f"event: {kind}"[:80])

    def _take_sentinel(self, block: Block) -> None:
        if self.sentinel is not None and not self.broke("sentinel"):
            self._report("sentinel", block, "the sentinel comes twice", "the sentinel once")
        self.sentinel = self.sentinel or block

    @staticmethod
    def _named(name: str) -> str:
        return f"kind {name!r}"[:80] if name else "a kind that is not declared"

    def _kind(self, name: str, value: Any) -> str | None:
        where = self.declaration.stream.kind
        if where in ("", "event"):
            return name if where else ""
        return next((kind_word(each) for each in found(value, where)), None)

    def _report(self, row: str, block: Block, message: str, expected: str) -> None:
        self._broken.add(row)
        self._misshapen = block if row == "schema" else self._misshapen
        # Only an event's shape is reported more than once.
        if len(self.problems) < PROBLEMS or row != "schema":
            self.problems.append(DeclaredProblem(row, message, expected, block))

    def broke(self, row: str) -> bool:
        """Return whether a requirement was broken."""
        return row in self._broken

    def _take(self, block: Block, value: Any, kind: DeclaredEvent) -> None:
        self._check_shape(block, value, kind)
        self._take_text(block, value, kind)
        if self._move(block, value, kind):
            self._check_scopes(block, value, kind)
        self._check_members(block, value, kind)
        for pointer, word in kind.echo.items():
            self.echoes.append((block, word, pointer, found(value, pointer)))

    def _check_shape(self, block: Block, value: Any, kind: DeclaredEvent) -> None:
        for pointer, types in kind.require.items():
            values = found(value, pointer)
            wanted = " or ".join(types)
            if not values and "*" not in pointer.split("/"):
                message = f"{self._shown(kind)} has nothing at {pointer}"
            elif not all(is_of(each, types) for each in values):
                message = f"what stands at {pointer} of {self._shown(kind)} is of another type"
            else:
                continue
            self._report("schema", block, message, f"{pointer}: {wanted}")
            return
        for pointer, types in kind.optional.items():
            if not all(is_of(each, types) for each in found(value, pointer)):
                message = f"what stands at {pointer} of {self._shown(kind)} is of another type"
                expected = f"{pointer}: {' or '.join(types)}, or no such member"
                self._report("schema", block, message, expected)
                return
        for pointer, literals in kind.values.items():
            if not all(one_of(each, literals) for each in found(value, pointer)):
                message = f"what stands at {pointer} of {self._shown(kind)} is another value"
                listed = ", ".join(json.dumps(each) for each in literals)
                self._report("schema", block, message, f"{pointer}: one of {listed}"[:200])
                return

    def _broke_shape(self, block: Block) -> bool:
        return self._misshapen is block

    def _shown(self, kind: DeclaredEvent) -> str:
        if kind.is_kindless and self.declaration.stream.by_pointer:
            return "an event without a kind"
        return f"an event of kind {kind.kind!r}" if kind.kind else "an event"

    def _take_text(self, block: Block, value: Any, kind: DeclaredEvent) -> None:
        if kind.text is None:
            return
        own = [
            text
            for around, text in found_with_parent(value, kind.text)
            if not (kind.text_unless and holds(around, kind.text_unless))
        ]
        texts = [text for text in own if isinstance(text, str)]
        absent = not found(value, kind.text)
        nothing = sum(text is None for text in own) if kind.text_optional else 0
        lacks = absent and not kind.text_optional
        if (lacks or len(texts) + nothing < len(own)) and not self._broke_shape(block):
            what = "no text" if lacks else "something else than text"
            message = f"{self._shown(kind)} has {what} at {kind.text}"
            self._report("schema", block, message, f"{kind.text}: string")
        if not texts:
            return
        joined = "".join(texts)
        self._scopes.say(value, kind, joined)
        if kind.replace:
            self.pieces.clear()
            self._texts.clear()
        self._texts.append(joined)
        if joined:
            self.pieces.append(Piece(joined, block))

    def _move(self, block: Block, value: Any, kind: DeclaredEvent) -> bool:
        """Go where an event leads; return whether it came before the end, or may follow it."""
        if not self.sees_dataless and self.state not in kind.states:
            self.state = next((at for at in self.ahead() if at in kind.states), self.state)
        before, next_state = self.state, kind.states.get(self.state)
        over = before in (COMPLETE, FAILED)
        if over and next_state is None:
            self._take_late(block, kind)
            return False
        if kind.states and next_state is None:
            if kind.follows_end:
                # Either it comes too early, or the end is missing: what comes later shows it.
                self._early = self._early or (block, kind, before)
                return True
            self._report_order(block, kind, before)
            # It leads where it would have led before the end.
            leads = (after for at, after in kind.states.items() if at not in (COMPLETE, FAILED))
            next_state = next(leads, None)
        self.state = next_state or before
        if kind.complete_when and holds(value, kind.complete_when):
            self.state = COMPLETE
        if kind.failed_when and holds(value, kind.failed_when):
            self.state = FAILED
        if self.state in (COMPLETE, FAILED) and self._early is not None:
            self._report_order(*self._early)
            self._early = None
        if self.state == FAILED and before != FAILED:
            self.failure = self.failure or block
        if self.state == COMPLETE and before != COMPLETE:
            self._ended = block
        return True

    def ahead(self) -> set[str]:
        """Return the states that a stream may be in: events that it is not fed may have come."""
        known, dataless = {self.state}, [kind for kind in self.declaration.events if not kind.data]
        for _ in () if self.sees_dataless else dataless:
            known |= {kind.states[at] for kind in dataless for at in known if at in kind.states}
        return known

    def _take_late(self, block: Block, kind: DeclaredEvent) -> None:
        if kind.leads_to(FAILED):
            self.late_failure = self.late_failure or block
        message = f"{self._shown(kind)} comes after the stream is {self.state}"
        if not self.broke("after-terminal"):
            self._report("after-terminal", block, message, "nothing after the end")

    def _report_order(self, block: Block, kind: DeclaredEvent, state: str) -> None:
        if not self.broke("order"):
            message = f"{self._shown(kind)} comes in the state {state!r}"
            states = ", ".join(sorted(kind.states))
            self._report("order", block, message, f"it may come in: {states}")

    def _check_scopes(self, block: Block, value: Any, kind: DeclaredEvent) -> None:
        problem = self._scopes.take(value, kind, readable=not self._broke_shape(block))
        if problem and not self.broke("order"):
            self._report(
                "order", block, f"{self._shown(kind)} {problem}", "opened once, used, closed"
            )

    def end(self) -> None:
        """Take note that nothing more comes: what a complete stream has opened is closed."""
        ended = self._ended if self.state == COMPLETE else None
        if self.declaration.ends_by_sentinel and self.failure is None:
            ended = self.sentinel
        if ended is None or self.broke("order"):
            return
        closing = {name for kind in self.declaration.events for name in kind.closes}
        left = self._scopes.left_open(closing)
        if left is not None:
            message = f"the stream is complete while {shown_id(left)[:120]} is open"
            self._report("order", ended, message, "everything closed before the end")

    def _check_members(self, block: Block, value: Any, kind: DeclaredEvent) -> None:
        stream = self.declaration.stream
        if self._counting is not None:
            self._check_counter(block, value, self._counting)
        known = self.declaration.request.continue_from
        for pointer in dict.fromkeys((*stream.same, *stream.unique, *([known] if known else []))):
            # A value of another type than declared is no other value.
            for each in [] if self._broke_shape(block) else found(value, pointer)[:1]:
                self.seen.add("same")
                first = self.kept.setdefault(pointer, each)
                # Of another type, it may be that of an event that was reported for its shape.
                misread = self.broke("schema") and type(first) is not type(each)
                differs = first != each and not misread
                if differs and pointer in stream.same and not self.broke("same"):
                    message = f"{pointer} changes within the stream"
                    self._report("same", block, message, repr(first)[:80])
        # What could not be read, is of a strange kind or in the wrong place may have had some text.
        if self.blind or any(map(self.broke, ("schema", "names", "order"))):
            return
        for pointer, what in kind.equal.items():
            self._check_equal(block, value, kind, pointer, what.partition(":")[2])

    def _check_equal(
        self, block: Block, value: Any, kind: DeclaredEvent, pointer: str, scope: str
    ) -> None:
        here = found(value, pointer)
        said = self._scopes.text_of(value, scope, kind.scopes) if scope else self.text
        if not here or said is None or self.broke("final-text"):
            return
        whole = here[0]
        if "*" in pointer.split("/"):
            whole = "".join(each for each in here if isinstance(each, str))
        self.seen.add("final-text")
        if whole != said:
            message = f"{pointer} is not what the events before it said"
            self._report("final-text", block, message, repr(said)[:160])

    def _check_counter(self, block: Block, value: Any, counting: Counting) -> None:
        pointer = counting.counter.pointer
        problem = counting.take(value)
        self.seen.update({"counter"} if found(value, pointer) else ())
        if self._broke_shape(block):
            counting.lose()
        elif problem is not None and not self.broke("counter"):
            message, expected = problem
            self._report("counter", block, f"{pointer} {message}"[:200], expected[:80])

    def _pass_by(self, payload: JsonReading | None) -> None:
        """Take note of an event that may come anywhere."""
        if self._counting is not None and payload is not None and payload.error is None:
            self._counting.pass_by(payload.value)


def run_machine(
    declaration: Declaration, events: Sequence[Block], payloads: Payloads
) -> DeclaredMachine:
    """Return the machine after these events."""
    machine = DeclaredMachine(declaration)
    readings: Mapping[int, JsonReading] = {id(block): payload for block, payload in payloads}
    for block in events:
        machine.feed(block, readings.get(id(block)))
    machine.end()
    return machine

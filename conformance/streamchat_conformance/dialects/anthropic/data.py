"""Kinds of events in a stream of Anthropic Messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.strict_json import JsonReading

SENTINEL = "[DONE]"
"""What ends streams of other endpoints, and none of this one."""


class EventKind(StrEnum):
    """What an event is; the value is its name and its type."""

    PING = "ping"
    START = "message_start"
    BLOCK_START = "content_block_start"
    BLOCK_DELTA = "content_block_delta"
    BLOCK_STOP = "content_block_stop"
    MESSAGE_DELTA = "message_delta"
    STOP = "message_stop"
    ERROR = "error"
    UNKNOWN = "unknown"
    """A type of which nothing is known: types may be added."""
    SENTINEL = "[DONE]"
    UNREADABLE = "unreadable"
    """Data that is no JSON object; `payload.json` or `payload.object` reports it."""
    EMPTY = "empty"
    """No data at all; `sse.no-empty-events` reports it."""


KNOWN = frozenset(
    {
        *(EventKind.PING, EventKind.START, EventKind.BLOCK_START, EventKind.BLOCK_DELTA),
        *(EventKind.BLOCK_STOP, EventKind.MESSAGE_DELTA, EventKind.STOP, EventKind.ERROR),
    }
)


@dataclass(frozen=True, slots=True)
class TypedEvent:
    """An event of a stream, with its data as far as it is a JSON object."""

    kind: EventKind
    block: Block
    name: str = ""
    """What its field `event` says; empty where it has none."""
    value: Mapping[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> Any:
        """The type that the data names; None where it names none."""
        return self.value.get("type")

    @property
    def at_s(self) -> float:
        """When it was complete (seconds from the request)."""
        return self.block.event.at_s if self.block.event is not None else 0.0

    @property
    def hides(self) -> bool:
        """Whether it may have said something that cannot be read."""
        return self.kind is EventKind.UNREADABLE

    def member(self, name: str) -> dict[str, Any]:
        """Return a member that is an object; an empty one where it is none."""
        found = self.value.get(name)
        return found if isinstance(found, dict) else {}


def events_of(
    blocks: Sequence[Block], payloads: Iterable[tuple[Block, JsonReading]]
) -> Iterator[TypedEvent]:
    """Yield what each event is."""
    read = {block.index: payload for block, payload in payloads}
    for block in blocks:
        if block.event is not None:
            yield typed_event(block, name_of(block), block.event.data, read.get(block.index))


def typed_event(block: Block, name: str, text: str, payload: JsonReading | None) -> TypedEvent:
    """Return what an event is that has a name, or none, and this data."""
    if text.strip() == SENTINEL:
        return TypedEvent(EventKind.SENTINEL, block, name)
    if not text.strip("\n"):
        # A ping needs no data to keep a connection alive.
        kind = EventKind.PING if name == EventKind.PING else EventKind.EMPTY
        return TypedEvent(kind, block, name)
    if payload is None or payload.error is not None:
        return TypedEvent(EventKind.UNREADABLE, block, name)
    return _read(block, name, payload.value)


def _read(block: Block, name: str, value: Any) -> TypedEvent:
    """Return what an event with this JSON value is."""
    if isinstance(value, dict):
        return TypedEvent(kind_of(name, value), block, name, value)
    kind = kind_of(name, {})
    # What is no object may have said anything; pings and errors are known by their names.
    named = kind in (EventKind.PING, EventKind.ERROR)
    return TypedEvent(kind if named else EventKind.UNREADABLE, block, name)


def name_of(block: Block) -> str:
    """Return the name that an event's own field gives it; empty where there is none."""
    if block.event is None or not any(line.name == "event" for line in block.lines):
        return ""
    return block.event.type


def kind_of(name: str, value: Mapping[str, Any]) -> EventKind:
    """Return what an event is: its type says so, and its name where it has no type."""
    type_ = value.get("type")
    if reports_error(value) or (name == EventKind.ERROR and not is_known(type_)):
        return EventKind.ERROR
    for word in (type_, name):
        if isinstance(word, str) and word in KNOWN:
            return EventKind(word)
        if isinstance(word, str) and word:
            break
    return EventKind.UNKNOWN


def reports_error(value: Any) -> bool:
    """Return whether a JSON value reports a failure, in this form or in another one's."""
    if not isinstance(value, dict):
        return False
    if value.get("type") == "error":
        return True
    error = value.get("error")
    return error not in (None, False, "", 0, {}, []) and not is_known(value.get("type"))


def is_known(type_: Any) -> bool:
    """Return whether a JSON value is a type of events that the reference has."""
    return isinstance(type_, str) and type_ in KNOWN


def is_int(value: Any) -> bool:
    """Return whether a JSON value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_text(value: Any) -> bool:
    """Return whether a JSON value is a string that is not empty."""
    return isinstance(value, str) and bool(value)

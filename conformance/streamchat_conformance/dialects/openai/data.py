"""Kinds of events in a stream: chunks, errors, the end, and anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from streamchat_conformance.core.eventstream import Block
from streamchat_conformance.core.strict_json import JsonReading

SENTINEL = "[DONE]"
"""The data of the last event."""
CHUNK_MEMBERS = frozenset({"id", "object", "choices"})
"""An object with any of them is a chunk."""
_FLAT_MEMBERS = frozenset({"code", "type", "status", "error_type", "error_code"})
_FILTER_MEMBERS = ("content_filter_results", "content_filter_offsets", "content_filter_raw")


class DatumKind(Enum):
    """What an event is."""

    CHUNK = auto()
    ERROR = auto()
    """An object whose `error` is more than the lack of one."""
    MISSHAPEN_ERROR = auto()
    """What is meant as an error, in a form that client libraries do not know."""
    END = auto()
    NEARLY_END = auto()
    """The end with spaces, quotation marks or other letters around it."""
    FOREIGN = auto()
    """JSON that is neither a chunk nor an error, or no data at all."""
    UNREADABLE = auto()
    """Data that is no JSON; `payload.json` reports it."""


@dataclass(frozen=True, slots=True)
class Datum:
    """An event of a stream."""

    kind: DatumKind
    block: Block
    value: Any = None
    """Its data as JSON: a dict where it is a chunk or an error."""

    @property
    def hides(self) -> bool:
        """Whether the event may have said something that cannot be read."""
        lumped = self.kind is DatumKind.FOREIGN and isinstance(self.value, list | str)
        return self.kind is DatumKind.UNREADABLE or lumped

    @property
    def at_s(self) -> float:
        """When it was complete (seconds from the request)."""
        return self.block.event.at_s if self.block.event is not None else 0.0

    @property
    def choices(self) -> list[dict[str, Any]]:
        """The choices of a chunk that are objects."""
        found = self.value.get("choices") if isinstance(self.value, dict) else None
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def usage(self) -> Any:
        """The usage of a chunk; None where it has none."""
        return self.value.get("usage") if isinstance(self.value, dict) else None

    @property
    def empty(self) -> bool:
        """Whether a chunk has no choice and no usage: a sign of life, or results of a filter."""
        return self.value.get("choices") == [] and self.usage is None

    @property
    def filtered(self) -> bool:
        """Whether a chunk brings results of a content filter that came late, and no delta."""
        if self.value.get("object") not in ("", None):
            return False
        return any(name in choice for choice in self.choices for name in _FILTER_MEMBERS)


def classified(
    events: Sequence[Block], payloads: Iterable[tuple[Block, JsonReading]]
) -> Iterator[Datum]:
    """Yield what each event is."""
    read = {block.index: payload for block, payload in payloads}
    for block in events:
        if block.event is None:
            continue
        text = block.event.data
        if text == SENTINEL:
            yield Datum(DatumKind.END, block)
        elif is_nearly_end(text):
            yield Datum(DatumKind.NEARLY_END, block)
        elif not text.strip("\n"):
            yield Datum(DatumKind.FOREIGN, block)
        elif (payload := read.get(block.index)) is None or payload.error is not None:
            yield Datum(DatumKind.UNREADABLE, block)
        else:
            yield Datum(_kind(block.event.type, payload.value), block, payload.value)


def is_nearly_end(text: str) -> bool:
    """Return whether data is meant to be the end, and is not exactly that."""
    return text != SENTINEL and len(text) < 40 and text.strip(" \t\r\n\"'[]").upper() == "DONE"


def _kind(name: str, value: Any) -> DatumKind:
    if not isinstance(value, dict):
        return DatumKind.FOREIGN
    if reports_error(value):
        return DatumKind.ERROR
    if name == "error" or value.get("object") == "error":
        return DatumKind.MISSHAPEN_ERROR
    if CHUNK_MEMBERS & value.keys():
        return DatumKind.CHUNK
    # A keep-alive may have a text as well; what says only that there is a text says nothing.
    flat = isinstance(value.get("message"), str) and _FLAT_MEMBERS & value.keys()
    alive = str(value.get("type")).lower() in ("ping", "keepalive", "keep-alive", "heartbeat")
    failed = (flat and not alive) or "detail" in value or bool(value.get("errors"))
    return DatumKind.MISSHAPEN_ERROR if failed else DatumKind.FOREIGN


def reports_error(value: Any) -> bool:
    """Return whether a JSON value has an `error` that is more than the lack of one."""
    if not isinstance(value, dict):
        return False
    error = value.get("error")
    return error not in (None, False, "", 0) and error not in ({}, [])

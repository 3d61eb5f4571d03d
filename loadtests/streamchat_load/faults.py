"""Faults of a stream, and the evidence of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

EXCERPT_LIMIT_BYTES = 512
"""How many of the faulty bytes are retained."""


class StreamFault(StrEnum):
    """Classes of broken streams. A stream counts once, under the first fault seen in it."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    REORDERED = "reordered"
    CROSSED = "crossed"
    TRUNCATED = "truncated"
    FRAMING = "framing"
    UTF8 = "utf8"
    ERROR_EVENT = "error-event"
    STALL = "stall"
    PAYLOAD = "payload"
    ALTERED = "altered"
    ORDER = "order"
    IDENTITY = "identity"
    HEAD = "head"
    REFUSAL = "refusal"


MEANINGS: dict[StreamFault, str] = {
    StreamFault.LOST: "an event in the middle of the stream never came",
    StreamFault.DUPLICATED: "an event came twice",
    StreamFault.REORDERED: "events came in another order",
    StreamFault.CROSSED: "an event belongs to another stream",
    StreamFault.TRUNCATED: "the stream ended before its last event or without its proper end",
    StreamFault.FRAMING: "the HTTP message or the event stream is malformed",
    StreamFault.UTF8: "bytes that are not UTF-8, or replacement characters",
    StreamFault.ERROR_EVENT: "the server reported an error inside the stream",
    StreamFault.STALL: "nothing came for longer than the stall limit",
    StreamFault.PAYLOAD: "an event's data is not what the payload asks for",
    StreamFault.ALTERED: "an event's text is not the one that this stream has",
    StreamFault.ORDER: "parts of the answer came in an order that they must not have",
    StreamFault.IDENTITY: "an event has another id than its stream",
    StreamFault.HEAD: "the response head is not that of an event stream",
    StreamFault.REFUSAL: "an invalid request was not refused properly",
}


@dataclass(frozen=True, slots=True)
class FaultEvidence:
    """One fault as it was seen.

    `event` counts the stream's events from 0; `offset` counts bytes of the response's body;
    `excerpt` has the faulty bytes, or those around them (at most 512).
    """

    fault: StreamFault
    message: str
    nonce: str = ""
    event: int | None = None
    offset: int | None = None
    expected: str = ""
    excerpt: bytes = b""
    at_epoch_s: float = 0.0

    def dump(self) -> dict[str, Any]:
        """Return a form that JSON can carry: bytes as base64, with a lossy text next to it."""
        return {
            "fault": self.fault.value,
            "message": self.message,
            "nonce": self.nonce,
            "event": self.event,
            "offset": self.offset,
            "expected": self.expected,
            "excerpt_base64": base64.b64encode(self.excerpt).decode("ascii"),
            "excerpt": self.excerpt.decode("utf-8", "backslashreplace"),
            "at_epoch_s": self.at_epoch_s,
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """Restore evidence from `dump`'s form."""
        return cls(
            fault=StreamFault(dumped["fault"]),
            message=dumped["message"],
            nonce=dumped["nonce"],
            event=dumped["event"],
            offset=dumped["offset"],
            expected=dumped["expected"],
            excerpt=base64.b64decode(dumped["excerpt_base64"]),
            at_epoch_s=dumped["at_epoch_s"],
        )


def excerpt(data: bytes) -> bytes:
    """Return at most the last `EXCERPT_LIMIT_BYTES` of some bytes."""
    return data[-EXCERPT_LIMIT_BYTES:]

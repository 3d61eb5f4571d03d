"""One exchange, read once: what every judge looks at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from streamchat_conformance.core.coding import DecodedBody, decode_reads, is_plain_text
from streamchat_conformance.core.eventstream import (
    Block,
    Event,
    EventStream,
    Line,
    read_event_stream,
)
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.fields import MediaType, media_type, tokens
from streamchat_conformance.core.http1 import Framing, ResponseHead, ResponseReader, read_response
from streamchat_conformance.core.strict_json import JsonReading, read_json
from streamchat_conformance.core.torn_line import torn_line
from streamchat_conformance.dialects.asking import ask
from streamchat_conformance.dialects.interface import Asked, Content, Dialect
from streamchat_conformance.dialects.registry import default_dialect

DECODED_LIMIT_BYTES = 16 * 1024 * 1024
"""How much of a compressed body is decoded; the rest of a decompression bomb is left alone."""

WHO_ASKS = (401, 403)
"""Statuses about who asks; where plain requests are served they are about what is asked."""
REQUEST_ASSUMED = "what was asked is not known"
"""Note of an exchange whose request was not recorded: a plain one stands in its place."""
CUT_BY_LENGTH = "Content-Length ends the body inside a line"
"""Why the rest of a stream is not known that is longer than its head says."""
UNFINISHED_S = 2.0
"""A last chunk that was begun and goes on no sooner is never finished (seconds)."""

Derived = TypeVar("Derived")

_INTRUDER = re.compile(
    rb"^(?:HTTP/1\.[01] [1-5][0-9][0-9]\b|<!DOCTYPE html|<html[\s>]|<!doctype html)", re.MULTILINE
)


@dataclass(frozen=True)
class Reading:
    """An exchange with all that is derived from it, derived once and without I/O."""

    exchange: Exchange
    path: str | None = None
    """The endpoint's path, when it is known: a request to any other is not judged."""
    gap_limit_s: float = 15.0
    """The longest silence that a stream may have in it (seconds)."""
    dialect: Dialect = field(default_factory=default_dialect)
    """What requests and events of this endpoint mean."""
    authorized: bool = False
    """Whether plain requests of the same client are known to be served."""

    @cached_property
    def response(self) -> ResponseReader:
        """The HTTP response."""
        return read_response(self.exchange)

    @cached_property
    def asked(self) -> Asked:
        """What the request asked, and its expected outcome."""
        return ask(self.dialect, self.exchange.request, path=self.path)

    @cached_property
    def head(self) -> ResponseHead | None:
        """The final response head, or None when none came."""
        return self.response.head

    @cached_property
    def status(self) -> int:
        """The final status, or 0 when no response head came."""
        return self.response.head.status if self.response.head else 0

    @cached_property
    def media_type(self) -> MediaType | None:
        """The response's media type; None when absent or unreadable."""
        value = self.head.first("content-type") if self.head else None
        found = media_type(value) if value is not None else None
        # The reader is lenient: "text / x" and "text/x, text/y" are no media types to a client.
        written = (value or "").partition(";")[0].strip(" \t").lower()
        return found if found is not None and found.essence == written else None

    @property
    def essence(self) -> str:
        """The media type as `type/subtype` in lower case, or an empty string."""
        return f"{self.media_type.type}/{self.media_type.subtype}" if self.media_type else ""

    @cached_property
    def labels(self) -> list[str]:
        """Content codings that the head names, in order, identity left out."""
        if self.head is None:
            return []
        named = tokens(self.head.values("content-encoding"))
        return [coding for coding in named if coding != "identity"]

    @cached_property
    def codings(self) -> list[str]:
        """Content codings to undo, in order: none where the body is text in spite of a label."""
        return [] if self.labels and is_plain_text(self.coded_reads) else self.labels

    @cached_property
    def coded_reads(self) -> tuple[Read, ...]:
        """The body's pieces, content codings still on them.

        As far as the chunks say for certain what belongs to the body.
        """
        return _cut(tuple(self.response.body_reads), self.response.certain_bytes)

    @cached_property
    def decoded(self) -> DecodedBody:
        """The body with its content codings undone, as far as that can be done."""
        return decode_reads(self.coded_reads, ", ".join(self.codings), DECODED_LIMIT_BYTES)

    @property
    def body_reads(self) -> tuple[Read, ...]:
        """The body's pieces with their times, transfer and content codings undone."""
        return self.decoded.reads if self.codings else self.coded_reads

    @property
    def coding_error(self) -> str | None:
        """Why the content coding could not be undone, or None."""
        return self.decoded.error if self.codings else None

    @cached_property
    def unrecorded(self) -> str:
        """That more came than was recorded, in a few words; empty where all of it was."""
        more = self.exchange.unrecorded_bytes
        if not more and self.exchange.ending is not Ending.OVERFLOW:
            return ""
        return f"the answer is longer than what was recorded of it ({more} bytes more)"

    @cached_property
    def known_whole(self) -> bool:
        """Whether all that came is known: recorded, decoded and kept."""
        return not (self.unrecorded or self.lost)

    @cached_property
    def lost(self) -> str:
        """Why the body is not known as far as it came, in a few words; empty where it is."""
        # Where the framing is broken, nothing that follows would belong to the body for certain.
        if self.unrecorded and not (self.response.complete or self.response.broken):
            return self.unrecorded
        if self.coding_error is not None:
            return f"the body cannot be decoded: {self.coding_error}"
        if self.codings and self.decoded.truncated:
            return f"only the first {DECODED_LIMIT_BYTES} bytes of the body were decoded"
        return CUT_BY_LENGTH if self.torn_by_length else ""

    @cached_property
    def torn_by_length(self) -> bytes:
        """The line inside which Content-Length ends an event stream; empty where it does not."""
        response = self.response
        if response.framing is not Framing.LENGTH or not response.complete or self.codings:
            return b""
        if self.essence != "text/event-stream":
            return b""
        return torn_line(self.body, self.dialect.sentinel)

    @cached_property
    def body(self) -> bytes:
        """The body, as far as it came."""
        return b"".join(read.data for read in self.body_reads)

    @cached_property
    def closed(self) -> bool:
        """Whether the server ended the connection where the recording ends."""
        if self.unrecorded and not self.response.complete:
            return False
        return self.exchange.ending in (Ending.CLOSED, Ending.RESET)

    @cached_property
    def ended(self) -> bool:
        """Whether the body is over: by its framing, or by the end of the connection."""
        return self.response.complete or self.closed

    @property
    def ended_well(self) -> bool:
        """Whether the body ended as its framing and its content codings say, with nothing lost."""
        return self.response.complete and not self.lost and not self.coding_cut

    @property
    def coding_cut(self) -> bool:
        """Whether a content coding did not come to its own end."""
        return bool(self.codings) and not self.decoded.ended and bool(self.coded_reads)

    @property
    def stopped_in_last_chunk(self) -> bool:
        """Whether the last chunk was begun, and nothing more came for `UNFINISHED_S`."""
        response, exchange = self.response, self.exchange
        if response.complete or response.broken or response.last_chunk is None or self.unrecorded:
            return False
        return exchange.ended_at_s - exchange.reads[-1].at_s >= UNFINISHED_S

    @property
    def surplus(self) -> bytes:
        """What was recorded behind the message's end, unless it is the next response."""
        end = self.response.end_offset
        behind = b"" if end is None else self.exchange.received[end:]
        return b"" if behind[:7] == b"HTTP/1."[: len(behind)] else behind

    @cached_property
    def accepted(self) -> bool:
        """Whether the request was accepted: any 2xx."""
        return 200 <= self.status < 300

    @property
    def switched_as_offered(self) -> bool:
        """Whether the server took up the request's offer to upgrade (RFC 9110 section 7.8)."""
        sent = self.asked.sent
        return self.status == 101 and sent is not None and sent.first("upgrade") is not None

    @cached_property
    def refused(self) -> bool:
        """Whether the request was refused: a 4xx that is no event stream."""
        return 400 <= self.status < 500 and self.essence != "text/event-stream"

    @property
    def redirected(self) -> bool:
        """Whether a request that may be served or refused got neither, but a redirect.

        What a dialect says itself of such a request has a requirement of its own.
        """
        either = self.asked.expectation is Expectation.EITHER
        return either and self.asked.row.startswith("request.") and 300 <= self.status < 400

    @cached_property
    def barred(self) -> str:
        """What is in the way of this request that is not the request; empty where nothing is."""
        decide = self.dialect.barred
        if decide is None or not self.refused or (self.authorized and self.status in WHO_ASKS):
            return ""
        sent = self.asked.sent
        return decide(self.status, self.body, sent.body if sent is not None else b"")

    @cached_property
    def overloaded(self) -> bool:
        """Whether this is an honest "not now": 503 or 429 with Retry-After, or the dialect's own.

        RFC 6585 section 4 leaves Retry-After to the server. Without it 429 is an answer to a
        request that may be served; one that must be refused has no part in a limit.
        """
        if self.head is None or self.status not in (429, 503, *self.dialect.overload_statuses):
            return False
        if self.head.first("retry-after") is not None:
            return True
        return self.status != 503 and self.asked.expectation is not Expectation.REFUSE

    @property
    def assumed(self) -> bool:
        """Whether the request is only assumed."""
        return REQUEST_ASSUMED in self.exchange.notes

    @property
    def limited_or_refused(self) -> bool:
        """Whether a request that must be refused got 429 and no Retry-After: it may be either."""
        return self.status == 429 and not self.overloaded

    @cached_property
    def is_stream(self) -> bool:
        """Whether there is an event stream to judge: accepted, and it looks like one."""
        if not self.accepted or self.head is None:
            return False
        return self.essence == "text/event-stream" or any(
            block.event is not None for block in self.stream.blocks
        )

    @cached_property
    def intruder_offset(self) -> int | None:
        """Body offset of a status line or HTML page that has no business in a stream."""
        match = _INTRUDER.search(self.body)
        return match.start() if match else None

    @cached_property
    def stream(self) -> EventStream:
        """The body as an event stream, up to an intruding status line or HTML page."""
        reads = self.body_reads
        if self.intruder_offset is not None:
            reads = _cut(reads, self.intruder_offset)
        # Where the framing is broken, the end of what can be read is not the body's end.
        known = not (self.response.broken or self.lost)
        return read_event_stream(reads, ended=self.ended and known)

    @cached_property
    def events(self) -> list[Block]:
        """The blocks that dispatch an event."""
        return [block for block in self.stream.blocks if block.event is not None]

    @cached_property
    def payloads(self) -> list[tuple[Block, JsonReading]]:
        """Each event that has data in well-formed UTF-8, with that data read as JSON."""
        read = []
        for block in self.events:
            if block.event is None or not self._is_json(block.event):
                continue
            if any("not-utf8" in line.oddities for line in block.lines):
                continue
            payload = read_json(block.event.data)
            # Nesting beyond what the suite reads is no fault of the server's.
            if not payload.too_deep:
                read.append((block, payload))
        return read

    def _is_json(self, event: Event) -> bool:
        """Return whether data is to be JSON: it is not empty, and not meant as the sentinel."""
        if event.type in self.dialect.plain_events:
            return False
        return bool(event.data.strip("\n")) and not self.dialect.marks_end(event.data)

    @cached_property
    def json_broken(self) -> bool:
        """Whether some event's data is not JSON, or not even text."""
        events = [block for block in self.events if block.event and self._is_json(block.event)]
        return len(self.payloads) < len(events) or any(
            payload.error is not None for _, payload in self.payloads
        )

    @cached_property
    def judges_stream(self) -> bool:
        """Whether stream requirements can be judged here: a valid request, and a stream came."""
        return self.asked.expectation is Expectation.ACCEPT and self.is_stream

    @cached_property
    def content(self) -> Content:
        """What the events say."""
        if self.dialect.follows is not None:
            return self.dialect.follows(self.stream.blocks, self.payloads)
        return self.dialect.content(self.payloads)

    @cached_property
    def texts(self) -> list[str]:
        """All strings that the user wrote into the request."""
        return list(strings([*self.asked.values.values()]))

    @cached_property
    def _derived(self) -> dict[Callable[[Reading], Any], Any]:
        return {}

    def derived(self, make: Callable[[Reading], Derived]) -> Derived:
        """Return what a function makes of this reading, made once."""
        if make not in self._derived:
            self._derived[make] = make(self)
        found: Derived = self._derived[make]
        return found

    @property
    def error_text(self) -> str | None:
        """The text of a refusal, or None when there is no such text."""
        return self.dialect.refusals.text(self.body)

    @property
    def chunked(self) -> bool:
        """Whether the body is chunked."""
        return self.response.framing is Framing.CHUNKED

    def wire(self, line: Line | Block) -> int | None:
        """Return the offset in the received bytes of a line or block of the event stream."""
        offset = line.offset if isinstance(line, Line) else line.lines[0].offset
        if self.codings:
            return None
        return self.response.wire_offset(offset)


def strings(value: object) -> Iterator[str]:
    """Yield every string in a JSON value, member names included."""
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend(item.keys())
            pending.extend(item.values())
        elif isinstance(item, list):
            pending.extend(item)


def _cut(reads: tuple[Read, ...], length: int) -> tuple[Read, ...]:
    """Return the first `length` bytes of some reads."""
    kept = []
    for read in reads:
        if length <= 0:
            break
        kept.append(Read(read.at_s, read.data[:length]))
        length -= len(read.data)
    return tuple(kept)

"""The verifier of one stream.

Most events of a correct server have exactly the text that the template predicts. One comparison
of strings then verifies JSON, members, echo, order and isolation together, because the texts that
the template was learned from were judged in full. Only events that differ are judged one by one.
"""

from __future__ import annotations

import codecs
import time
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.eventstream import Event, EventStreamParser

from streamchat_load.dialects.dialect import BuiltRequest, LoadDialect, other_nonce
from streamchat_load.faults import EXCERPT_LIMIT_BYTES, FaultEvidence, StreamFault, excerpt
from streamchat_load.verification.event_order import (
    EventOrder,
    describe_length,
    describe_order,
    number_of,
)
from streamchat_load.verification.event_positions import events_before, lines_of
from streamchat_load.verification.malformed_lines import (
    LINE_LIMIT_BYTES,
    MAY_BE_A_LINE,
    malformed_line,
)
from streamchat_load.verification.retained_body import RetainedBody

if TYPE_CHECKING:
    from streamchat_load.verification.oracle import Oracle


class StreamVerifier:
    """Judges the body of one stream, piece by piece.

    `evidence` is the first fault seen, or None; `events` counts the events so far.
    """

    __slots__ = (
        "_decoder",
        "_ended",
        "_event_ends",
        "_expected_body",
        "_first_disorder",
        "_last_number",
        "_matched_bytes",
        "_next",
        "_order",
        "_parser",
        "_retained",
        "_text_seen",
        "_texts",
        "contents",
        "dialect",
        "events",
        "evidence",
        "ids",
        "oracle",
        "sent",
        "texts",
    )

    def __init__(
        self, sent: BuiltRequest, oracle: Oracle, dialect: LoadDialect, *, keep_texts: bool = False
    ) -> None:
        self.sent = sent
        self.oracle = oracle
        self.dialect = dialect
        self.events = 0
        self.evidence: FaultEvidence | None = None
        self.texts: list[str] | None = [] if keep_texts else None
        """The events' data, for learning."""
        self.contents: list[str] = []
        """What of it is content, with the data."""
        self.ids: list[str] = []
        """Ids of all events, with the data."""
        known = oracle.expected_body
        self._expected_body = None if known is None or known.own else known.body(sent.nonce)
        """The whole body, as long as what came is byte for byte its beginning."""
        self._event_ends = () if known is None else known.ends
        self._matched_bytes = 0
        self._text_seen = False
        self._ended: bool | None = False if dialect.has_end_event else None
        """Whether an event said that the stream is over; None where none does."""
        self._parser = EventStreamParser(line_limit_bytes=LINE_LIMIT_BYTES)
        self._texts: list[str] | None = None
        self._next = 0
        self._order: EventOrder | None = None
        """The order of all events so far, once one is out of order."""
        self._first_disorder: FaultEvidence | None = None
        first = oracle.first_number
        self._last_number = None if first is None else first - 1
        self._decoder: codecs.IncrementalDecoder | None = None
        self._retained = RetainedBody()

    def receive(self, piece: bytes, at_s: float) -> int:
        """Verify the next bytes of the body; return how many events they completed.

        `at_s` is when the bytes were received (seconds of the caller's clock).
        """
        count = self.match(piece)
        if count is not None:
            return count
        self._start_parsing()
        return self._parse(piece, at_s)

    def match(self, piece: bytes) -> int | None:
        """Take the next bytes of the body if they are exactly the expected ones.

        Return how many events they completed; None if they differ, or no
        bytes are expected: then they are not taken, and `receive` must have them.
        """
        expected_body = self._expected_body
        matched_bytes = self._matched_bytes
        if expected_body is None or not expected_body.startswith(piece, matched_bytes):
            return None
        self._matched_bytes = matched_bytes = matched_bytes + len(piece)
        before = self.events
        self.events = bisect_right(self._event_ends, matched_bytes, before)
        return self.events - before

    @property
    def has_text(self) -> bool:
        """Whether an event so far has text that a user would see."""
        if self._expected_body is None:
            return self._text_seen
        first_text = self.oracle.expected_body.first_text if self.oracle.expected_body else None
        return first_text is not None and self.events >= first_text

    def _start_parsing(self) -> None:
        """Stop comparing with the expected body; parse the bytes that matched."""
        if self._expected_body is None:
            return
        matched, self._expected_body = self._expected_body[: self._matched_bytes], None
        self.events = 0
        if matched:
            self._parse(matched, 0.0)

    @property
    def _expected(self) -> list[str]:
        """The texts of the template, made when they are first asked for."""
        if self._texts is None:
            template = self.oracle.template
            self._texts = template.texts(self.sent.nonce) if template else []
        return self._texts

    def _parse(self, piece: bytes, at_s: float) -> int:
        self._retained.append(piece)
        # WHATWG HTML 9.2.5: the body is UTF-8. A character may be cut between two pieces.
        if self._decoder is not None or not piece.isascii():
            self._check_utf8(piece)
        before = self.events
        for event in self._parser.receive(piece, at_s):
            expected, position = self._expected, self._next
            content = True
            if (
                position < len(expected)
                and event.data == expected[position]
                and event.type == "message"
                and self._order is None
            ):
                self._next = position + 1
            else:
                content = self._judge_event(event)
            if self.oracle.numbered:
                self._check_number(event, content=content)
            if self.texts is not None:
                self._collect(event, content=content)
            if self._ended is not None:
                self._check_end_event(event)
            if content and not self._text_seen:
                self._text_seen = bool(self.dialect.text(event.type, event.data).strip())
            self.events += content
        return self.events - before

    def _collect(self, event: Event, *, content: bool) -> None:
        if self.texts is not None and content:
            self.texts.append(event.data)
            self.contents.append(self.dialect.content(event.type, event.data) or event.data)
        # Ids last until the next one: an event without content need not have its own.
        if content or self.ids[-1:] != [event.last_event_id]:
            self.ids.append(event.last_event_id)

    def fail(
        self,
        fault: StreamFault,
        message: str,
        expected: str = "",
        *,
        data: bytes = b"",
        offset: int | None = None,
        event: Event | None = None,
    ) -> None:
        """Record a fault, unless there is one already: the first is the cause.

        The evidence shows the lines of `event`, or `data`, or the last bytes of the body.
        `offset` is where in the body the fault is, when it is known.
        """
        if self.evidence is not None:
            return
        self._start_parsing()
        content = self.dialect.content
        number: int | None = self.events
        if offset is not None:
            number = events_before(self._retained, offset, content)
        shown = excerpt(data)
        if event is not None:
            offset, shown = lines_of(self._retained, event, self.events, content)
        if not shown:
            shown = excerpt(bytes(self._retained))
            offset = self.body_bytes - len(shown)
        self.evidence = FaultEvidence(
            fault=fault,
            message=message,
            nonce=self.sent.nonce,
            event=number,
            offset=offset,
            expected=expected[:EXCERPT_LIMIT_BYTES],
            excerpt=shown,
            at_epoch_s=time.time(),
        )

    def finish(self, *, ended: bool, cut: bool) -> None:
        """Verify the stream as a whole.

        `ended`: the HTTP message ended by its own framing. `cut`: the client stopped reading,
        so that missing events are no fault.
        """
        if self._expected_body is not None:
            if cut or (ended and self._matched_bytes == len(self._expected_body)):
                return
            self._start_parsing()
        if ended:
            self._parser.close()
            if self._decoder is not None:
                self._check_utf8(b"", final=True)
        if self._order is not None:
            self._check_order(ended=ended)
        if not cut:
            self._check_end(ended=ended)
        if self._needs_line_check(ended=ended):
            self._check_lines(ended=ended)

    @property
    def body_bytes(self) -> int:
        """Bytes of the body so far."""
        if self._expected_body is not None:
            return self._matched_bytes
        return self._retained.total_bytes

    @property
    def retained_body(self) -> bytes | None:
        """The whole body, or None if it was too large to be retained."""
        return None if self._retained.dropped_bytes else bytes(self._retained)

    def _check_utf8(self, piece: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            self._decoder.reset()
            around = error.object[max(0, error.start - 64) : error.start + 64]
            message = f"bytes that are not UTF-8: {error.reason}"
            offset = self._retained.total_bytes - len(error.object) + error.start
            self.fail(StreamFault.UTF8, message, "UTF-8", data=around, offset=offset)

    def _judge_event(self, event: Event) -> bool:
        """Judge an event that is not the expected one; return whether it is content."""
        data = event.data
        if event.type == "error":
            self.fail(StreamFault.ERROR_EVENT, "an `error` event", "content", event=event)
            return True
        if stranger := other_nonce(data, self.sent.nonce):
            message = f"shows the nonce {stranger} of another stream"
            self.fail(StreamFault.CROSSED, message, self.sent.nonce, event=event)
        content = self.dialect.content(event.type, data)
        if content is None:
            return False
        # Beyond the end of a template that was learned from cut streams no text is known.
        expected, due = self._expected, self._next
        predictable = bool(expected) and (self.oracle.length is not None or due < len(expected))
        position = self._position_of(event, content) if predictable else None
        if position is not None and data == expected[position]:
            return True
        violation = self.dialect.judge(data, self.sent, echo=self.oracle.echo)
        awaited = "".join(expected[due : due + 1]) or "the end"
        if violation is not None:
            wanted = violation.expected or (awaited if predictable else "")
            self.fail(violation.fault, violation.message, wanted, event=event)
        elif predictable and position is None:
            other = self.oracle.shows_another_nonce(
                content if self.oracle.by_content else data, due
            )
            message = f"event {self.events} has a text that this stream does not have"
            message += ": it has another nonce's digits" if other else ""
            fault = StreamFault.CROSSED if other else StreamFault.ALTERED
            self.fail(fault, message, awaited, event=event)
        return True

    def _position_of(self, event: Event, content: str) -> int | None:
        """Return the position of an event that is out of order; None if it has none."""
        expected, due = self._expected, self._next
        if self._order is None:
            contents = expected
            if not self.oracle.by_content:
                contents = [self.dialect.content("message", text) or text for text in expected]
            self._order = EventOrder(expected, contents, due)
        position = self._order.take(event.data, content, due)
        if position != due and self._first_disorder is None:
            self._note_disorder(event)
        # An unknown event counts as the expected one.
        self._next = (due if position is None else position) + 1
        return position

    def _note_disorder(self, event: Event) -> None:
        """Keep evidence of the first event out of order; the whole order decides the fault."""
        if self.evidence is not None:
            return
        due = self._expected[self._next] if self._next < len(self._expected) else "the end"
        self.fail(StreamFault.LOST, "", due, event=event)
        self._first_disorder, self.evidence = self.evidence, None

    def _check_order(self, *, ended: bool) -> None:
        if self._order is None or self.evidence is not None or self._first_disorder is None:
            return
        found = describe_order(self._order.arrived, self.oracle.length if ended else None)
        if found is None:
            return
        self.evidence = replace(self._first_disorder, fault=found[0], message=found[1])

    def _check_number(self, event: Event, *, content: bool) -> None:
        number, last = number_of(event.last_event_id), self._last_number
        if not content and number == last:
            return
        if number is not None and last is not None and number != last + 1:
            jump = f"id {number} follows id {last}"
            if number > last:
                self.fail(StreamFault.LOST, jump, f"id {last + 1}", event=event)
            else:
                fault = StreamFault.DUPLICATED if number == last else StreamFault.REORDERED
                self.fail(fault, jump, f"id {last + 1}", event=event)
        self._last_number = number

    def _check_end_event(self, event: Event) -> None:
        if self._ended:
            message = "an event after the one that ends the stream"
            self.fail(StreamFault.ALTERED, message, "the end", event=event)
        self._ended = self._ended or self.dialect.is_end(event.type, event.data)

    def _check_end(self, *, ended: bool) -> None:
        length = self.oracle.length
        awaited = "".join(self._expected[self.events : self.events + 1])
        if not ended:
            self.fail(StreamFault.TRUNCATED, "the connection ended before the stream did", awaited)
        elif self._parser.incomplete:
            self.fail(StreamFault.TRUNCATED, "the stream ended inside an event", "a blank line")
        elif self.events == 0:
            self.fail(StreamFault.TRUNCATED, "the stream ended without any event", "an event")
        elif length is not None and self.events != length:
            found = describe_length(self.events, length, self._expected)
            self.fail(*found, awaited)
        elif self._ended is False:
            message = "the stream ended without the event that ends it"
            self.fail(StreamFault.TRUNCATED, message, "an event that ends the stream")

    def _needs_line_check(self, *, ended: bool) -> bool:
        """Return whether lines without an event must be checked: the length does not match."""
        if self._retained.dropped_bytes:
            return False
        if self.evidence is not None:
            return self.evidence.fault in MAY_BE_A_LINE
        if self.oracle.template is None or self.oracle.body_bytes is None:
            return True
        return ended and len(self._retained) != self.oracle.body_bytes

    def _check_lines(self, *, ended: bool) -> None:
        body = bytes(self._retained)
        found = malformed_line(
            body, limit_bytes=LINE_LIMIT_BYTES, ended=ended, dataless=self.dialect.dataless
        )
        if found is None:
            return
        offset, oddities = found
        before, self.evidence = self.evidence, None
        self.fail(
            StreamFault.FRAMING,
            f"a malformed line of the event stream ({oddities})",
            (before.expected if before else "") or "data, event, id, retry or a comment",
            data=body[offset : offset + EXCERPT_LIMIT_BYTES],
            offset=offset,
        )

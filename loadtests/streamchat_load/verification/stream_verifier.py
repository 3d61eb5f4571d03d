"""Judging one stream while it arrives.

Most events of a sound server are exactly the text that its template foretells: one comparison
of strings settles JSON, members, echo, order and isolation together, because the texts that the
template was learnt from were judged in full. Only what differs is looked at closely.
"""

from __future__ import annotations

import codecs
import time
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.eventstream import Event, EventStreamParser

from streamchat_load.dialects.dialect import BuiltRequest, Dialect, other_nonce
from streamchat_load.faults import EXCERPT_LIMIT_BYTES, FaultEvidence, StreamFault, excerpt
from streamchat_load.verification.event_order import EventOrder, describe_order, number_of
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
        "_arrivals",
        "_decoder",
        "_ended",
        "_event_ends",
        "_expected_body",
        "_first_disorder",
        "_last_number",
        "_matched_bytes",
        "_next",
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
        self, sent: BuiltRequest, oracle: Oracle, dialect: Dialect, *, keep_texts: bool = False
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
        self._expected_body = (
            oracle.expected_body.body(sent.nonce) if oracle.expected_body else None
        )
        """The whole body, as long as what came is byte for byte its beginning."""
        self._event_ends = oracle.expected_body.ends if oracle.expected_body else ()
        self._matched_bytes = 0
        self._text_seen = False
        self._ended: bool | None = False if dialect.has_end_event else None
        """Whether an event said that the stream is over; None where none does."""
        self._parser = EventStreamParser(line_limit_bytes=LINE_LIMIT_BYTES)
        self._texts: list[str] | None = None
        self._next = 0
        self._arrivals: EventOrder | None = None
        """Once an event was out of turn: the places of all events so far."""
        self._first_disorder: FaultEvidence | None = None
        first = oracle.first_number
        self._last_number = None if first is None else first - 1
        self._decoder: codecs.IncrementalDecoder | None = None
        self._retained = RetainedBody()

    def receive(self, piece: bytes, at_s: float) -> int:
        """Judge the next bytes of the body; return how many events they completed.

        `at_s` is when the bytes were received (seconds of the caller's clock).
        """
        count = self.match(piece)
        if count is not None:
            return count
        self._start_parsing()
        return self._parse(piece, at_s)

    def match(self, piece: bytes) -> int | None:
        """Take the next bytes of the body if they are just what was foretold.

        Return how many events they completed; None when they are not as foretold, or nothing
        was: then they are not taken, and are for `receive`.
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
        """Leave the foretold body: have what matched parsed, as if it had come just now."""
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
            expected, place = self._expected, self._next
            content = True
            if (
                place < len(expected)
                and event.data == expected[place]
                and event.type == "message"
                and self._arrivals is None
            ):
                self._next = place + 1
            else:
                content = self._judge_event(event)
            if self.oracle.numbered:
                self._check_number(event, content=content)
            if self.texts is not None:
                self._learn(event, content=content)
            if self._ended is not None:
                self._check_end_event(event)
            if content and not self._text_seen:
                self._text_seen = bool(self.dialect.text(event.type, event.data).strip())
            self.events += content
        return self.events - before

    def _learn(self, event: Event, *, content: bool) -> None:
        if self.texts is not None and content:
            self.texts.append(event.data)
            self.contents.append(self.dialect.content(event.type, event.data) or event.data)
        # An id sticks to later events: one beside the content need not have one of its own.
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
        """Note a fault, unless there is one already: the first is the cause.

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
        """Judge the stream as a whole.

        `ended`: the HTTP message ended by its own framing. `cut`: the client stopped reading,
        so that nothing can be said about what did not come.
        """
        if self._expected_body is not None:
            if cut or (ended and self._matched_bytes == len(self._expected_body)):
                return
            self._start_parsing()
        if ended:
            self._parser.close()
            if self._decoder is not None:
                self._check_utf8(b"", final=True)
        if self._arrivals is not None:
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
        """The whole body, or None when it was too large to be kept."""
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
        """Judge an event that is not simply the next text; return whether it is content."""
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
        # Beyond the end of a template that was learnt from streams that were cut short, nothing
        # is foretold.
        expected, due = self._expected, self._next
        expected_body = bool(expected) and (self.oracle.length is not None or due < len(expected))
        place = self._place_of(event, content) if expected_body else None
        if place is not None and data == expected[place]:
            return True
        violation = self.dialect.judge(data, self.sent, echo=self.oracle.echo)
        awaited = "".join(expected[due : due + 1]) or "the end"
        if violation is not None:
            wanted = violation.expected or (awaited if expected_body else "")
            self.fail(violation.fault, violation.message, wanted, event=event)
        elif expected_body and place is None:
            other = self.oracle.shows_another_nonce(
                content if self.oracle.by_content else data, due
            )
            message = f"event {self.events} has a text that this stream should not show"
            message += ": it has another nonce's digits" if other else ""
            fault = StreamFault.CROSSED if other else StreamFault.ALTERED
            self.fail(fault, message, awaited, event=event)
        return True

    def _place_of(self, event: Event, content: str) -> int | None:
        """Note where an event belongs; return None for one that belongs nowhere in the stream."""
        expected, due = self._expected, self._next
        if self._arrivals is None:
            contents = expected
            if not self.oracle.by_content:
                contents = [self.dialect.content("message", text) or text for text in expected]
            self._arrivals = EventOrder(expected, contents, due)
        place = self._arrivals.take(event.data, content, due)
        if place != due and self._first_disorder is None:
            self._note_disorder(event)
        # A stranger is taken for the event that it came instead of.
        self._next = (due if place is None else place) + 1
        return place

    def _note_disorder(self, event: Event) -> None:
        """Keep the bytes where the stream left its order; its end tells which fault that was."""
        if self.evidence is not None:
            return
        due = self._expected[self._next] if self._next < len(self._expected) else "the end"
        self.fail(StreamFault.LOST, "", due, event=event)
        self._first_disorder, self.evidence = self.evidence, None

    def _check_order(self, *, ended: bool) -> None:
        if self._arrivals is None or self.evidence is not None or self._first_disorder is None:
            return
        found = describe_order(self._arrivals.arrived, self.oracle.length if ended else None)
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
        elif length is not None and self.events < length:
            alike = self._expected and self._expected[self.events - 1] == self._expected[-1]
            self.fail(
                StreamFault.LOST if alike else StreamFault.TRUNCATED,
                f"{self.events} of {length} events came"
                + (" (their texts are alike: which are lost cannot be told)" if alike else ""),
                awaited,
            )
        elif self._ended is False:
            message = "the stream ended without the event that ends it"
            self.fail(StreamFault.TRUNCATED, message, "an event that ends the stream")
        elif length is not None and self.events > length:
            self.fail(StreamFault.DUPLICATED, f"{self.events} events came instead of {length}")

    def _needs_line_check(self, *, ended: bool) -> bool:
        """Lines that yield no event are looked at when the body is not as long as foretold."""
        if self._retained.dropped_bytes:
            return False
        if self.evidence is not None:
            return self.evidence.fault in MAY_BE_A_LINE
        if self.oracle.template is None or self.oracle.body_bytes is None:
            return True
        return ended and len(self._retained) != self.oracle.body_bytes

    def _check_lines(self, *, ended: bool) -> None:
        body = bytes(self._retained)
        found = malformed_line(body, limit_bytes=LINE_LIMIT_BYTES, ended=ended)
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

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

from streamchat_load.faults import EXCERPT_LIMIT_BYTES, Evidence, Fault, excerpt
from streamchat_load.kept import KeptBody
from streamchat_load.lines import LINE_LIMIT_BYTES, PERHAPS_LINES, odd_line
from streamchat_load.order import Arrivals, describe_order, number_of
from streamchat_load.payload import Payload, Sent, other_nonce
from streamchat_load.places import counts, events_of, line_with, start_of

if TYPE_CHECKING:
    from streamchat_load.oracle import Oracle


class StreamVerifier:
    """Judges the body of one stream, piece by piece.

    `evidence` is the first fault seen, or None; `events` counts the events so far.
    """

    __slots__ = (
        "_arrivals",
        "_decoder",
        "_event_ends",
        "_foretold",
        "_kept",
        "_last_number",
        "_matched_bytes",
        "_next",
        "_parser",
        "_sought",
        "_text_seen",
        "_texts",
        "contents",
        "events",
        "evidence",
        "ids",
        "oracle",
        "payload",
        "sent",
        "texts",
    )

    def __init__(
        self, sent: Sent, oracle: Oracle, payload: Payload, *, keep_texts: bool = False
    ) -> None:
        self.sent = sent
        self.oracle = oracle
        self.payload = payload
        self.events = 0
        self.evidence: Evidence | None = None
        self.texts: list[str] | None = [] if keep_texts else None
        """The events' data, for learning."""
        self.contents: list[str] = []
        """What of it is content, with the data."""
        self.ids: list[str] = []
        """Ids of all events, with the data."""
        self._foretold = oracle.foretold.body(sent.nonce) if oracle.foretold else None
        """The whole body, as long as what came is byte for byte its beginning."""
        self._event_ends = oracle.foretold.ends if oracle.foretold else ()
        self._matched_bytes = 0
        self._text_seen = False
        self._parser = EventStreamParser(line_limit_bytes=LINE_LIMIT_BYTES)
        self._texts: list[str] | None = None
        self._next = 0
        self._arrivals: Arrivals | None = None
        """Once an event was out of turn: the places of all events so far."""
        self._sought: Evidence | None = None
        first = oracle.first_number
        self._last_number = None if first is None else first - 1
        self._decoder: codecs.IncrementalDecoder | None = None
        self._kept = KeptBody()

    def receive(self, piece: bytes, at_s: float) -> int:
        """Judge the next bytes of the body; return how many events they completed.

        `at_s` is when the bytes were received (seconds of the caller's clock).
        """
        count = self.match(piece)
        if count is not None:
            return count
        self._look_closely()
        return self._parse(piece, at_s)

    def match(self, piece: bytes) -> int | None:
        """Take the next bytes of the body if they are just what was foretold.

        Return how many events they completed; None when they are not as foretold, or nothing
        was: then they are not taken, and are for `receive`.
        """
        foretold = self._foretold
        matched_bytes = self._matched_bytes
        if foretold is None or not foretold.startswith(piece, matched_bytes):
            return None
        self._matched_bytes = matched_bytes = matched_bytes + len(piece)
        before = self.events
        self.events = bisect_right(self._event_ends, matched_bytes, before)
        return self.events - before

    @property
    def has_text(self) -> bool:
        """Whether an event so far has text that a user would see."""
        if self._foretold is None:
            return self._text_seen
        first_text = self.oracle.foretold.first_text if self.oracle.foretold else None
        return first_text is not None and self.events >= first_text

    def _look_closely(self) -> None:
        """Leave the foretold body: have what matched parsed, as if it had come just now."""
        if self._foretold is None:
            return
        matched, self._foretold = self._foretold[: self._matched_bytes], None
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
        self._kept.append(piece)
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
                content = self._look(event)
            if self.oracle.numbered:
                self._check_number(event, content=content)
            if self.texts is not None:
                self._learn(event, content=content)
            if content and not self._text_seen:
                self._text_seen = bool(self.payload.text(event.type, event.data).strip())
            self.events += content
        return self.events - before

    def _learn(self, event: Event, *, content: bool) -> None:
        if self.texts is not None and content:
            self.texts.append(event.data)
            self.contents.append(self.payload.content(event.type, event.data) or event.data)
        # An id sticks to later events: one beside the content need not have one of its own.
        if content or self.ids[-1:] != [event.last_event_id]:
            self.ids.append(event.last_event_id)

    def fail(
        self,
        fault: Fault,
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
        self._look_closely()
        number = self.events if offset is None else self._events_before(offset)
        shown = excerpt(data)
        if event is not None:
            offset, shown = self._lines_of(event)
        if not shown:
            shown = excerpt(bytes(self._kept))
            offset = self.body_bytes - len(shown)
        self.evidence = Evidence(
            fault=fault,
            message=message,
            nonce=self.sent.nonce,
            event=number,
            offset=offset,
            expected=expected[:EXCERPT_LIMIT_BYTES],
            excerpt=shown,
            at_epoch_s=time.time(),
        )

    def _lines_of(self, event: Event) -> tuple[int | None, bytes]:
        """Return where in the body the event stands, and its bytes from its first line on."""
        body = bytes(self._kept)
        if self._kept.dropped_bytes:
            start = line_with(body, event.data)
        else:
            start = start_of(body, event, self.events, self.payload.content)
        if start is None:
            return None, b""
        return self._kept.dropped_bytes + start, body[start : start + EXCERPT_LIMIT_BYTES]

    def _events_before(self, offset: int) -> int | None:
        """Return how many events the body has before a place, if all of it is kept."""
        if self._kept.dropped_bytes:
            return None
        body = bytes(self._kept)[:offset]
        return sum(counts(event, self.payload.content) for event in events_of(body))

    def finish(self, *, ended: bool, cut: bool) -> None:
        """Judge the stream as a whole.

        `ended`: the HTTP message ended by its own framing. `cut`: the client stopped reading,
        so that nothing can be said about what did not come.
        """
        if self._foretold is not None:
            if cut or (ended and self._matched_bytes == len(self._foretold)):
                return
            self._look_closely()
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
        if self._foretold is not None:
            return self._matched_bytes
        return self._kept.total_bytes

    @property
    def kept_body(self) -> bytes | None:
        """The whole body, or None when it was too large to be kept."""
        return None if self._kept.dropped_bytes else bytes(self._kept)

    def _check_utf8(self, piece: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            self._decoder.reset()
            around = error.object[max(0, error.start - 64) : error.start + 64]
            message = f"bytes that are not UTF-8: {error.reason}"
            offset = self._kept.total_bytes - len(error.object) + error.start
            self.fail(Fault.UTF8, message, "UTF-8", data=around, offset=offset)

    def _look(self, event: Event) -> bool:
        """Judge an event that is not simply the next text; return whether it is content."""
        data = event.data
        if event.type == "error":
            self.fail(Fault.ERROR_EVENT, "an `error` event", "content", event=event)
            return True
        if stranger := other_nonce(data, self.sent.nonce):
            message = f"shows the nonce {stranger} of another stream"
            self.fail(Fault.CROSSED, message, self.sent.nonce, event=event)
        content = self.payload.content(event.type, data)
        if content is None:
            return False
        # Beyond the end of a template that was learnt from streams that were cut short, nothing
        # is foretold.
        expected, due = self._expected, self._next
        foretold = bool(expected) and (self.oracle.length is not None or due < len(expected))
        place = self._place_of(event, content) if foretold else None
        if place is not None and data == expected[place]:
            return True
        breach = self.payload.judge(data, self.sent, echo=self.oracle.echo)
        awaited = "".join(expected[due : due + 1]) or "the end"
        if breach is not None:
            wanted = breach.expected or (awaited if foretold else "")
            self.fail(breach.fault, breach.message, wanted, event=event)
        elif foretold and place is None:
            other = self._is_anothers(data if not self.oracle.by_content else content, due)
            message = f"event {self.events} has a text that this stream should not show"
            message += ": it has another nonce's digits" if other else ""
            fault = Fault.CROSSED if other else Fault.ALTERED
            self.fail(fault, message, awaited, event=event)
        return True

    def _is_anothers(self, text: str, due: int) -> bool:
        """Tell whether another stream would show this in the same place."""
        events = self.oracle.template.events if self.oracle.template else ()
        return due < len(events) and events[due].fits(text)

    def _place_of(self, event: Event, content: str) -> int | None:
        """Note where an event belongs; return None for one that belongs nowhere in the stream."""
        expected, due = self._expected, self._next
        if self._arrivals is None:
            contents = expected
            if not self.oracle.by_content:
                contents = [self.payload.content("message", text) or text for text in expected]
            self._arrivals = Arrivals(expected, contents, due)
        place = self._arrivals.take(event.data, content, due)
        if place != due and self._sought is None:
            self._seek(event)
        # A stranger is taken for the event that it came instead of.
        self._next = (due if place is None else place) + 1
        return place

    def _seek(self, event: Event) -> None:
        """Keep the bytes where the stream left its order; its end tells which fault that was."""
        if self.evidence is not None:
            return
        due = self._expected[self._next] if self._next < len(self._expected) else "the end"
        self.fail(Fault.LOST, "", due, event=event)
        self._sought, self.evidence = self.evidence, None

    def _check_order(self, *, ended: bool) -> None:
        if self._arrivals is None or self.evidence is not None or self._sought is None:
            return
        found = describe_order(self._arrivals.arrived, self.oracle.length if ended else None)
        if found is None:
            return
        self.evidence = replace(self._sought, fault=found[0], message=found[1])

    def _check_number(self, event: Event, *, content: bool) -> None:
        number, last = number_of(event.last_event_id), self._last_number
        if not content and number == last:
            return
        if number is not None and last is not None and number != last + 1:
            jump = f"id {number} follows id {last}"
            if number > last:
                self.fail(Fault.LOST, jump, f"id {last + 1}", event=event)
            else:
                fault = Fault.DUPLICATED if number == last else Fault.REORDERED
                self.fail(fault, jump, f"id {last + 1}", event=event)
        self._last_number = number

    def _check_end(self, *, ended: bool) -> None:
        length = self.oracle.length
        awaited = "".join(self._expected[self.events : self.events + 1])
        if not ended:
            self.fail(Fault.TRUNCATED, "the connection ended before the stream did", awaited)
        elif self._parser.incomplete:
            self.fail(Fault.TRUNCATED, "the stream ended inside an event", "a blank line")
        elif self.events == 0:
            self.fail(Fault.TRUNCATED, "the stream ended without any event", "an event")
        elif length is not None and self.events < length:
            alike = self._expected and self._expected[self.events - 1] == self._expected[-1]
            self.fail(
                Fault.LOST if alike else Fault.TRUNCATED,
                f"{self.events} of {length} events came"
                + (" (their texts are alike: which are lost cannot be told)" if alike else ""),
                awaited,
            )
        elif length is not None and self.events > length:
            self.fail(Fault.DUPLICATED, f"{self.events} events came instead of {length}")

    def _needs_line_check(self, *, ended: bool) -> bool:
        """Lines that yield no event are looked at when the body is not as long as foretold."""
        if self._kept.dropped_bytes:
            return False
        if self.evidence is not None:
            return self.evidence.fault in PERHAPS_LINES
        if self.oracle.template is None or self.oracle.body_bytes is None:
            return True
        return ended and len(self._kept) != self.oracle.body_bytes

    def _check_lines(self, *, ended: bool) -> None:
        body = bytes(self._kept)
        found = odd_line(body, limit_bytes=LINE_LIMIT_BYTES, ended=ended)
        if found is None:
            return
        offset, oddities = found
        before, self.evidence = self.evidence, None
        self.fail(
            Fault.FRAMING,
            f"a malformed line of the event stream ({oddities})",
            (before.expected if before else "") or "data, event, id, retry or a comment",
            data=body[offset : offset + EXCERPT_LIMIT_BYTES],
            offset=offset,
        )

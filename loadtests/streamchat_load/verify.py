"""Judging one stream while it arrives.

Most events of a sound server are exactly the text that its template foretells: one comparison
of strings settles JSON, members, echo, order and isolation together, because the texts that the
template was learnt from were judged in full. Only what differs is looked at closely.
"""

from __future__ import annotations

import codecs
import re
import time
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_conformance.core.eventstream import Event, EventStreamParser, LineKind
from streamchat_conformance.core.eventstream_model import BOM

from streamchat_load.faults import EXCERPT_LIMIT_BYTES, Evidence, Fault, excerpt
from streamchat_load.order import Arrivals, describe_order
from streamchat_load.payload import MARKED_NONCE, Payload, Sent

if TYPE_CHECKING:
    from streamchat_load.oracle import Oracle

KEPT_BODY_LIMIT_BYTES = 256 * 1024
"""How much of a stream's body is kept to explain a fault by."""

LINE_LIMIT_BYTES = 8 * 1024 * 1024
"""A line longer than this is a fault: memory stays bounded whatever a server sends."""


_ODD_LINE = re.compile(rb"^(?!(?:data|event|id)(?::|$)|retry: ?[0-9]+$|:|$)", re.MULTILINE)
"""Where a line begins that is no field of the standard's, no comment and not blank."""


def _may_have_odd_lines(body: bytes) -> bool:
    """Tell quickly whether a body's lines need a close look; False is sure."""
    if b"\0" in body:
        return True
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _ODD_LINE.search(body.removeprefix(BOM)) is not None


class StreamVerifier:
    """Judges the body of one stream, piece by piece.

    `evidence` is the first fault seen, or None; `events` counts the events so far.
    """

    __slots__ = (
        "_arrivals",
        "_decoder",
        "_dropped_bytes",
        "_event_ends",
        "_event_ids",
        "_foretold",
        "_kept",
        "_kept_bytes",
        "_matched_bytes",
        "_next",
        "_parser",
        "_sought",
        "_texts",
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
        self.ids: list[str] = []
        """Their ids, with the data."""
        self._foretold = oracle.foretold.body(sent.nonce) if oracle.foretold else None
        """The whole body, as long as what came is byte for byte its beginning."""
        self._event_ends = oracle.foretold.ends if oracle.foretold else ()
        self._matched_bytes = 0
        self._parser = EventStreamParser(line_limit_bytes=LINE_LIMIT_BYTES)
        self._texts: list[str] | None = None
        self._next = 0
        self._arrivals: Arrivals | None = None
        """Once an event was out of turn: the places of all events so far."""
        self._sought: Evidence | None = None
        self._event_ids: int | None = None
        self._decoder: codecs.IncrementalDecoder | None = None
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._dropped_bytes = 0

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
        self._kept_bytes += len(piece)
        if self._kept_bytes > KEPT_BODY_LIMIT_BYTES:
            self._drop_half()
        # WHATWG HTML 9.2.5: the body is UTF-8. A character may be cut between two pieces.
        if self._decoder is not None or not piece.isascii():
            self._check_utf8(piece)
        events = self._parser.receive(piece, at_s)
        expected = self._expected
        for event in events:
            place = self._next
            if (
                place < len(expected)
                and event.data == expected[place]
                and event.type == "message"
                and self._arrivals is None
            ):
                self._next = place + 1
            else:
                self._look(event)
            self.events += 1
        if self.texts is not None:
            self.texts.extend(event.data for event in events)
            self.ids.extend(event.last_event_id for event in events)
        if self.oracle.numbered:
            self._check_numbers(events)
        return len(events)

    def fail(
        self,
        fault: Fault,
        message: str,
        expected: str = "",
        *,
        data: bytes = b"",
        event: Event | None = None,
    ) -> None:
        """Note a fault, unless there is one already: the first is the cause.

        The evidence shows the lines of `event`, or `data`, or the last bytes of the body.
        """
        if self.evidence is not None:
            return
        self._look_closely()
        offset, shown = self._lines_of(event) if event is not None else (None, excerpt(data))
        if not shown:
            shown = excerpt(b"".join(self._kept))
            offset = self.body_bytes - len(shown)
        self.evidence = Evidence(
            fault=fault,
            message=message,
            nonce=self.sent.nonce,
            event=self.events,
            offset=offset,
            expected=expected[:EXCERPT_LIMIT_BYTES],
            excerpt=shown,
            at_epoch_s=time.time(),
        )

    def _lines_of(self, event: Event) -> tuple[int | None, bytes]:
        """Return where in the body the event's data stands, and its bytes from that line on."""
        kept = b"".join(self._kept)
        needle = event.data.partition("\n")[0].encode("utf-8", "surrogatepass")
        at = kept.rfind(needle) if needle else -1
        if at < 0:
            return None, b""
        start = kept.rfind(b"\n", 0, at) + 1
        return self._dropped_bytes + start, kept[start : start + EXCERPT_LIMIT_BYTES]

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
            self._check_lines()

    @property
    def body_bytes(self) -> int:
        """Bytes of the body so far."""
        if self._foretold is not None:
            return self._matched_bytes
        return self._dropped_bytes + self._kept_bytes

    @property
    def kept_body(self) -> bytes | None:
        """The whole body, or None when it was too large to be kept."""
        return None if self._dropped_bytes else b"".join(self._kept)

    def _drop_half(self) -> None:
        while len(self._kept) > 2 and self._kept_bytes > KEPT_BODY_LIMIT_BYTES // 2:
            half = len(self._kept) // 2
            dropped = sum(map(len, self._kept[:half]))
            del self._kept[:half]
            self._kept_bytes -= dropped
            self._dropped_bytes += dropped
        if len(self._kept) <= 2 and self._kept_bytes > KEPT_BODY_LIMIT_BYTES:
            shortened = excerpt(self._kept[-1])
            self._dropped_bytes += self._kept_bytes - len(shortened)
            self._kept, self._kept_bytes = [shortened], len(shortened)

    def _check_utf8(self, piece: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            self._decoder.reset()
            around = error.object[max(0, error.start - 64) : error.start + 64]
            message = f"bytes that are not UTF-8: {error.reason}"
            self.fail(Fault.UTF8, message, "UTF-8", data=around)

    def _look(self, event: Event) -> None:
        """Judge an event that is not simply the next text of the template."""
        data = event.data
        if event.type == "error":
            self.fail(Fault.ERROR_EVENT, "an `error` event", "content", event=event)
            return
        if stranger := self._stranger(data):
            message = f"shows the nonce {stranger} of another stream"
            self.fail(Fault.CROSSED, message, self.sent.nonce, event=event)
        # Beyond the end of a template that was learnt from streams that were cut short, nothing
        # is foretold.
        foretold = self.oracle.length is not None or self._next < len(self._expected)
        if self._expected and foretold and self._is_known(event):
            return
        breach = self.payload.judge(data, self.sent, echo=self.oracle.echo)
        if breach is not None:
            self.fail(breach.fault, breach.message, breach.expected, event=event)
        elif self._expected and foretold:
            due = self._expected[self._next - 1 : self._next]
            message = f"event {self.events} has a text that this stream should not show"
            self.fail(Fault.ALTERED, message, "".join(due) or "the end", event=event)

    def _stranger(self, data: str) -> str | None:
        for nonce in MARKED_NONCE.findall(data):
            if nonce != self.sent.nonce:
                return str(nonce)
        return None

    def _is_known(self, event: Event) -> bool:
        """Note where an event belongs; return False for one that belongs nowhere in the stream."""
        if self._arrivals is None:
            self._arrivals = Arrivals(self._expected, self._next)
            self._seek(event)
        place = self._arrivals.take(event.data, self._next)
        # A stranger is taken for the event that it came instead of.
        self._next = (self._next if place is None else place) + 1
        return place is not None

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

    def _check_numbers(self, events: list[Event]) -> None:
        for event in events:
            identifier = event.last_event_id
            number = int(identifier) if identifier.isascii() and identifier.isdigit() else None
            last = self._event_ids
            if number is not None and last is not None and number != last + 1:
                jump = f"id {number} follows id {last}"
                if number > last:
                    self.fail(Fault.LOST, jump, f"id {last + 1}", event=event)
                else:
                    fault = Fault.DUPLICATED if number == last else Fault.REORDERED
                    self.fail(fault, jump, f"id {last + 1}", event=event)
            self._event_ids = number

    def _check_end(self, *, ended: bool) -> None:
        length = self.oracle.length
        if not ended:
            self.fail(Fault.TRUNCATED, "the connection ended before the stream did")
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
            )
        elif length is not None and self.events > length:
            self.fail(Fault.DUPLICATED, f"{self.events} events came instead of {length}")

    def _needs_line_check(self, *, ended: bool) -> bool:
        """Lines that yield no event are looked at when the body is not as long as foretold."""
        if self._dropped_bytes:
            return False
        if self.evidence is not None:
            return self.evidence.fault in (
                Fault.LOST,
                Fault.TRUNCATED,
                Fault.PAYLOAD,
                Fault.ALTERED,
            )
        if self.oracle.template is None or self.oracle.body_bytes is None:
            return True
        return ended and self._kept_bytes != self.oracle.body_bytes

    def _check_lines(self) -> None:
        body = b"".join(self._kept)
        if not _may_have_odd_lines(body):
            return
        parser = EventStreamParser(keep_lines=True, line_limit_bytes=LINE_LIMIT_BYTES)
        parser.receive(body, 0.0)
        for line in parser.lines:
            # WHATWG HTML 9.2.6: other names are ignored by clients: what stood there is lost.
            odd = line.kind is LineKind.FIELD and line.oddities
            if odd:
                before, self.evidence = self.evidence, None
                self.fail(
                    Fault.FRAMING,
                    f"a malformed line of the event stream ({', '.join(line.oddities)})",
                    before.expected if before else "data, event, id, retry or a comment",
                    data=body[line.offset : line.offset + EXCERPT_LIMIT_BYTES],
                )
                return

"""The verifier of one stream of a dialect that has a state machine for streams.

Some servers cut the same answer into other chunks when they are busy, so what counts is what the
whole stream says, not which event says it. Streams whose every byte is known are compared byte by
byte once their first event has shown what is their own (an id, a time).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from streamchat_load.dialects.dialect import (
    MARKED_NONCE,
    BuiltRequest,
    LoadDialect,
    StreamJudge,
    StreamUsage,
)
from streamchat_load.faults import StreamFault
from streamchat_load.verification.event_positions import events_of
from streamchat_load.verification.expected_body import own_members_of
from streamchat_load.verification.said import describe_difference, order_of
from streamchat_load.verification.stream_verifier import StreamVerifier

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import EventViolation
    from streamchat_load.verification.oracle import Oracle

OPENING_LIMIT_BYTES = 16 * 1024
"""A first event that is longer than this is not waited for."""

OTHER_DIGITS = 4
"""A nonce that differs from the stream's own in fewer digits is a model's slip, not a stranger."""


class JudgedVerifier(StreamVerifier):
    """Judges the body of one stream by its dialect's state machine, and by what it is to say."""

    __slots__ = ("_judge", "_opening")

    def __init__(
        self,
        sent: BuiltRequest,
        oracle: Oracle,
        dialect: LoadDialect,
        judge: StreamJudge,
        *,
        keep_texts: bool = False,
    ) -> None:
        super().__init__(sent, oracle, dialect, keep_texts=keep_texts)
        self._judge = judge
        known = oracle.expected_body
        self._opening: bytes | None = b"" if known is not None and known.own else None
        """The body so far, until its first event is there; None from then on."""

    def receive(self, piece: bytes, at_s: float) -> int:
        """Verify the next bytes of the body; return how many events they completed."""
        if self._opening is None:
            return super().receive(piece, at_s)
        self._opening += piece
        return self._open(at_s)

    @property
    def body_bytes(self) -> int:
        """Bytes of the body so far."""
        return len(self._opening) if self._opening is not None else super().body_bytes

    @property
    def said(self) -> str:
        """Everything that was said so far, as far as it was parsed."""
        return self._judge.said

    @property
    def usage(self) -> StreamUsage | None:
        """The tokens that the server counted, if it did."""
        known = self.oracle.expected_body
        if self._expected_body is not None and known is not None and known.usage is not None:
            whole = self._matched_bytes == len(self._expected_body)
            return StreamUsage(*known.usage) if whole else None
        return self._judge.usage

    @property
    def text_events(self) -> int:
        """How many events had text."""
        known = self.oracle.expected_body
        if self._expected_body is not None and known is not None:
            return bisect_right(known.text_events, self.events)
        return self._judge.text_events

    def finish(self, *, ended: bool, cut: bool) -> None:
        """Verify the stream as a whole; see `StreamVerifier.finish`."""
        if self._expected_body is not None and (
            cut or (ended and self._matched_bytes == len(self._expected_body))
        ):
            return
        self._start_parsing()
        if ended:
            self._parser.close()
            if self._decoder is not None:
                self._check_utf8(b"", final=True)
        if not cut:
            self._check_end(ended=ended)
        self._check_said(cut=cut)
        found = self.evidence
        if found is not None and found.fault is StreamFault.IDENTITY:
            stranger = self._judge.stranger()
            if stranger is not None:
                message = f"{found.message}, that of the stream of {stranger}"
                self.evidence = replace(found, fault=StreamFault.CROSSED, message=message)
        if self._needs_line_check(ended=ended):
            self._check_lines(ended=ended)

    def _open(self, at_s: float) -> int:
        """Begin to compare the body with the expected one, if its first event is there."""
        known, pattern = self.oracle.expected_body, self.dialect.own_members
        opening = self._opening or b""
        if known is None or pattern is None:
            return self._begin_parsing(at_s)
        members = own_members_of(opening, pattern)
        if members is None and len(opening) < OPENING_LIMIT_BYTES:
            return 0
        if members is None or len(members) != known.own:
            return self._begin_parsing(at_s)
        body, ends = known.body_with(self.sent.nonce, members)
        if not body.startswith(opening):
            return self._begin_parsing(at_s)
        self._opening, self._expected_body, self._event_ends = None, body, ends
        count = self.match(opening) or 0
        if violation := self._judge.own(members):
            self._fail(violation)
        return count

    def _begin_parsing(self, at_s: float) -> int:
        opening, self._opening = self._opening, None
        return self._parse(opening, at_s) if opening else 0

    def _start_parsing(self) -> None:
        if self._opening is not None:
            self._begin_parsing(0.0)
        super()._start_parsing()

    def _parse(self, piece: bytes, at_s: float) -> int:
        self._retained.append(piece)
        # WHATWG HTML 9.2.5: the body is UTF-8. A character may be cut between two pieces.
        if self._decoder is not None or not piece.isascii():
            self._check_utf8(piece)
        before, judge = self.events, self._judge
        for event in self._parser.receive(piece, at_s):
            violation = judge.take(event.type, event.data)
            if violation is not None:
                self.fail(violation.fault, violation.message, violation.expected, event=event)
            if self.texts is not None:
                self._collect(event, content=judge.counts)
            if judge.counts:
                self.events += 1
                if not self._text_seen:
                    self._text_seen = bool(self.dialect.text(event.type, event.data).strip())
        return self.events - before

    def _fail(self, violation: EventViolation) -> None:
        self.fail(violation.fault, violation.message, violation.expected)

    def _check_end(self, *, ended: bool) -> None:
        if not ended:
            self.fail(StreamFault.TRUNCATED, "the connection ended before the stream did")
        elif self._parser.incomplete:
            self.fail(StreamFault.TRUNCATED, "the stream ended inside an event", "a blank line")
        elif self.events == 0:
            self.fail(StreamFault.TRUNCATED, "the stream ended without any event", "an event")
        elif self.evidence is None and (violation := self._judge.finish()):
            # A part that is missing in the middle may be what the end lacks.
            self._fail(violation)

    def _check_said(self, *, cut: bool) -> None:
        """Compare what the stream said with what it was to say."""
        if self.evidence is not None:
            return
        judge, nonce = self._judge, self.sent.nonce
        said = judge.text if cut else judge.said
        if self.oracle.echo and (stranger := _stranger(said, nonce)):
            message = f"shows the nonce {stranger} of another stream"
            self.fail(StreamFault.CROSSED, message, nonce)
            return
        if self.oracle.said is None:
            return
        expected = self.oracle.said.text(nonce)
        if said == expected or (cut and expected.startswith(said)):
            return
        fault, message = describe_difference(said, expected)
        if self.oracle.said.fits(said):
            fault, message = StreamFault.CROSSED, "says what the stream of another nonce says"
        elif self.retained_body is not None and not cut:
            found = order_of(self._contents(), self.oracle, nonce)
            fault, message = found or (fault, message)
        self.fail(fault, message, " ".join(expected.split("\x1f")))

    def _contents(self) -> list[str]:
        found = (
            self.dialect.content(event.type, event.data)
            for event in events_of(self.retained_body or b"")
        )
        return [content for content in found if content is not None]


def _stranger(said: str, nonce: str) -> str | None:
    """Return a marked nonce in a text that is certainly another stream's, or None."""
    for found in MARKED_NONCE.findall(said):
        if sum(one != other for one, other in zip(found, nonce, strict=True)) >= OTHER_DIGITS:
            return str(found)
    return None

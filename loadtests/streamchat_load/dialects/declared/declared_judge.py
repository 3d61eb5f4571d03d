"""The state machine of one stream of a declared dialect: that of the conformance suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.eventstream import Event
from streamchat_conformance.core.eventstream_model import Block
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.declared.declaration import COMPLETE, FAILED
from streamchat_conformance.dialects.declared.machine import DeclaredMachine
from streamchat_conformance.dialects.declared.rules import declaration_of
from streamchat_conformance.judges import rules_of

from streamchat_load.dialects.dialect import EventViolation, StreamJudge
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from streamchat_conformance.dialects.interface import Dialect

_FAULTS = {
    "order": StreamFault.ORDER,
    "after-terminal": StreamFault.ORDER,
    "counter": StreamFault.REORDERED,
    "same": StreamFault.IDENTITY,
    "final-text": StreamFault.ALTERED,
}
"""The class of what breaks a row; all others are of the payload."""


class DeclaredJudge(StreamJudge):
    """Judges the events of one stream by a declaration."""

    __slots__ = ("_counts", "_declaration", "_dialect", "_machine", "_seen")

    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._dialect = dialect
        self._declaration = declaration_of(dialect)
        # A load test's reader drops what has no data, as most clients do.
        self._machine = DeclaredMachine(self._declaration, sees_dataless=False)
        self._counts = False
        self._seen = 0

    @property
    def counts(self) -> bool:
        """Whether the last event had a piece of the answer."""
        return self._counts

    @property
    def text(self) -> str:
        """The text so far."""
        return self._machine.text

    @property
    def said(self) -> str:
        """The text, and how the stream stands."""
        return f"{self._machine.text}\x1f{self._machine.state}"

    def take(self, kind: str, data: str) -> EventViolation | None:
        """Take the next event; return what is wrong with it, or None."""
        before, failed = self._machine.text, self._machine.failure
        block = Block(0, (), Event(kind, data, ""), complete=True, end_offset=0)
        as_json = kind not in self._dialect.plain_events and bool(data.strip())
        payload = read_json(data) if as_json and not self._dialect.marks_end(data) else None
        self._machine.feed(block, payload)
        self._counts = self._machine.text != before
        self.text_events += self._counts
        if payload is not None and payload.error is not None:
            message = f"payload.json: an event's data is not JSON: {payload.error.message}"
            return EventViolation(StreamFault.PAYLOAD, message, "one JSON text")
        if self._machine.failure is not None and failed is None:
            message = "the stream reports an error"
            return EventViolation(StreamFault.ERROR_EVENT, message, "the answer")
        return self._violation()

    def finish(self) -> EventViolation | None:
        """Return what the stream lacks, now that its body has ended properly; or None."""
        declaration, machine = self._declaration, self._machine
        machine.end()
        if violation := self._violation():
            return violation
        if machine.state == FAILED:
            return None
        if declaration.has_terminal and machine.state != COMPLETE:
            if declaration.stream.complete_at_eof or COMPLETE in machine.ahead():
                return None
            message = f"{declaration.name}.terminal: the body ends in the state {machine.state!r}"
            return EventViolation(StreamFault.TRUNCATED, message, "the event that completes it")
        level = declaration.stream.sentinel_level
        if machine.sentinel is None and declaration.stream.sentinel and level == "must":
            message = f"{declaration.name}.sentinel: the stream ends without its sentinel"
            return EventViolation(StreamFault.TRUNCATED, message, declaration.stream.sentinel)
        return None

    def stranger(self) -> str | None:
        """Return None: events name no other stream."""
        return None

    def own(self, members: tuple[bytes, ...]) -> EventViolation | None:
        """Take nothing: no member is known to be a stream's own."""
        del members
        return None

    def _violation(self) -> EventViolation | None:
        problems: list[Any] = self._machine.problems[self._seen :]
        self._seen = len(self._machine.problems)
        for problem in problems:
            if self._is_must(problem.row):
                fault = _FAULTS.get(problem.row, StreamFault.PAYLOAD)
                message = f"{self._declaration.name}.{problem.row}: {problem.message}"
                return EventViolation(fault, message, problem.expected)
        return None

    def _is_must(self, row: str) -> bool:
        entry = rules_of(self._dialect.name).catalogue.get(f"{self._declaration.name}.{row}")
        return entry is not None and entry.level is MUST

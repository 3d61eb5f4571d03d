"""The ledger: every exchange of a run goes in, and every judge looks at every exchange.

So a fault is noticed wherever it shows, not only where a case looks for it: one stream in
seven, one connection's third request.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import replace

from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import Body
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import Reading, Rules, rules_of
from streamchat_conformance.suite.verdicts.causes import (
    ABANDONED,
    ALIVE,
    NEVER_5XX,
    cause_of,
    explanations,
    kinds,
)
from streamchat_conformance.suite.verdicts.doubts import Doubts, rests_on_time
from streamchat_conformance.suite.verdicts.evidence import (
    TOLERATED,
    RequirementEvidence,
    RunEvidence,
)
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation
from streamchat_conformance.suite.verdicts.overlapping import Disturbed, overlaps, require_served
from streamchat_conformance.suite.verdicts.recent_texts import RecentTexts
from streamchat_conformance.suite.verdicts.trimming import trimmed

KEPT_PER_REQUIREMENT = 3
"""Findings that are kept of each requirement, those of the smallest requests."""


Judgements = Sequence[tuple[str, list[Finding]]]
"""What the judges say of one exchange, by requirement id."""


def unserved(reading: Reading) -> bool:
    """Return whether a request got nothing, or the assurance that others come first."""
    return reading.head is None or reading.overloaded


def place(exchange: Exchange) -> tuple[int, int]:
    """Return what distinguishes an exchange from all others of a run."""
    return exchange.connection, exchange.position


def _members(body: bytes) -> frozenset[str]:
    """Return the names of a request's members."""
    value = read_json(body).value
    return frozenset(value) if isinstance(value, dict) else frozenset()


class Ledger:
    """Collects what the judges say of each exchange of a run."""

    def __init__(
        self,
        *,
        path: str | None = None,
        gap_limit_s: float = 15.0,
        rules: Rules | None = None,
    ) -> None:
        self.rules = rules or rules_of(DEFAULT)
        self._special = {
            id_
            for id_, expectation in self.rules.kinds.items()
            if expectation is Expectation.ACCEPT and id_ != self.rules.dialect.plain_row
        }
        """Requirements that something special in a valid request is accepted."""
        self._explains = explanations(self.rules)
        self.entries: dict[str, RequirementEvidence] = defaultdict(RequirementEvidence)
        self.exchanges = 0
        self.streams = 0
        """Exchanges in which at least one event could be read."""
        self.server = ""
        self.withheld: dict[str, str] = {}
        """Why an exchange decided nothing that it would have decided whole, by requirement id."""
        self.sent_texts = RecentTexts()
        """The texts of this run, so that an answer to another request is known."""
        self.gone = False
        """Whether the server no longer serves at all: what then gets nothing is no news."""
        self.left = 0
        """How many streams were left before their end."""
        self.promptly_s = math.inf
        """How long a first event may take after streams were left (seconds)."""
        self.authorized = False
        """Whether a plain request was served: what this client may ask at all is not in doubt."""
        self.plain: Body | None = None
        """The plainest request that is accepted, where the dialect's own example is refused."""
        self.crashed_at = 0
        """The number of the first connection after the server's process last ended."""
        self.suspects: set[tuple[int, int]] = set()
        """The exchanges that brought it down, by their places."""
        self.doubts = Doubts()
        """What rests on how long something took."""
        self._silent = False
        self._first_unserved: set[tuple[int, int]] = set()
        self._lock = threading.Lock()
        self._path = path
        self._gap_limit_s = gap_limit_s

    def read(self, exchange: Exchange) -> Reading:
        """Return the reading of an exchange, without entering it."""
        dialect = self.rules.dialect
        reading = Reading(exchange, self._path, self._gap_limit_s, dialect, self.authorized)
        for text in reading.asked.values.values():
            if isinstance(text, str):
                self.sent_texts.add(text)
        return reading

    def observe(self, exchange: Exchange) -> Reading:
        """Enter an exchange and return its reading."""
        return self.observe_reading(self.read(exchange))

    def observe_reading(self, reading: Reading) -> Reading:
        """Enter an exchange that was read already, and return its reading.

        Raises Disturbed where overlapped work shows something new that is broken.
        """
        require_served(reading)
        judged = list(self.rules.judge_all(reading))
        if overlaps():
            self._require_no_news(judged)
        with self._lock:
            self._enter(reading, judged)
        return reading

    def _require_no_news(self, judged: Judgements) -> None:
        """Raise Disturbed if an exchange breaks what nothing has broken so far."""
        news = {
            id_
            for id_, findings in judged
            if findings and not self._ignores(id_) and id_ not in TOLERATED and not self.red(id_)
        }
        if news:
            raise Disturbed(ids=news)

    def _ignores(self, id_: str) -> bool:
        """Return whether findings on a requirement that a judge has are left to its own case."""
        # What else is special about a refused request only its own case can know.
        return id_ in self._special or (
            id_ == self.rules.dialect.plain_row and self.plain is not None
        )

    def _enter(self, reading: Reading, judged: Judgements) -> None:
        exchange = reading.exchange
        self.exchanges += 1
        self.streams += bool(reading.is_stream and reading.events)
        if self.gone and unserved(reading) and place(exchange) not in self.suspects:
            return
        if self._cut_by_crash(reading):
            return
        if not self.server and reading.head is not None:
            self.server = (reading.head.first("server") or "")[:200]
        self.note_withheld(reading)
        for id_, findings in judged:
            entry = self.entries[id_]
            if findings:
                entry.involved[self._involved(reading)] += 1
                entry.answered += 0 < reading.status < 500
            if findings and self._ignores(id_):
                self._enter_internal_error(reading, id_, findings)
                continue
            if findings and self._doubts(id_, reading, findings):
                continue
            entry.judged += 1
            if findings:
                entry.failed += 1
                entry.kinds.update(kinds(reading))
                self._keep(entry, findings[0], exchange)

    def _enter_internal_error(self, reading: Reading, id_: str, findings: list[Finding]) -> None:
        """Enter an internal error on the plain request of this target, if its row is left out.

        That row stands for the dialect's own example, which this target does not take.
        """
        dialect, sent = self.rules.dialect, reading.asked.sent
        if self.plain is None or id_ != dialect.plain_row or dialect.internal_errors is None:
            return
        members = _members(sent.body) if sent is not None else frozenset()
        if reading.status >= 500 and members >= _members(self.plain.body()):
            entry = self.entries[NEVER_5XX]
            entry.judged += 1
            entry.failed += 1
            entry.involved[self._involved(reading)] += 1
            self._keep(entry, replace(findings[0], requirement=NEVER_5XX), reading.exchange)

    def _doubts(self, id_: str, reading: Reading, findings: Sequence[Finding]) -> bool:
        """Return whether findings do not count since a busy machine may be the reason."""
        if self.red(id_) or not all(rests_on_time(reading, each) for each in findings):
            return False
        return self.doubts.apply_to(id_, place(reading.exchange), reading)

    def timed_news(self, reading: Reading) -> frozenset[str]:
        """Return the requirements that an exchange breaks in time alone, and nothing did before."""
        return frozenset(
            id_
            for id_, findings in self.rules.judge_all(reading)
            if findings
            and all(rests_on_time(reading, each) for each in findings)
            and not (self._ignores(id_) or self.red(id_) or self.doubts.certain(id_))
        )

    def note_withheld(self, reading: Reading) -> None:
        """Take note of what an exchange does not decide since some of it is not known."""
        if not (reading.lost or reading.unrecorded):
            return
        for id_, judge in self.rules.judges.items():
            if id_ not in self.withheld and (reason := judge.withheld(reading)):
                self.withheld[id_] = reason

    def flag(self, finding: Finding, exchange: Exchange) -> None:
        """Enter a finding that a case made by itself."""
        if overlaps():
            raise Disturbed(ids=[finding.requirement])
        entry = self.entries[finding.requirement]
        entry.judged += 1
        entry.failed += 1
        reading = self.read(exchange)
        entry.involved[self._involved(reading)] += 1
        entry.kinds.update(kinds(reading))
        self._keep(entry, finding, exchange)

    def count_sound(self, id_: str) -> None:
        """Enter that a case found a requirement kept."""
        self.entries[id_].judged += 1

    def accept_only(self, plain: Body | None) -> None:
        """Take note of the plainest request that is accepted, if it is not the dialect's own."""
        self.plain = plain

    def note_gone(self, gone: bool) -> None:
        """Take note of whether the server no longer serves at all."""
        self.gone = gone

    def note_crash(self, first_connection: int) -> None:
        """Take note that the server's process ended before a connection of this number."""
        self.crashed_at = first_connection

    def suspect(self, exchange: Exchange) -> None:
        """Take note of an exchange that brought the server down."""
        self.suspects.add(place(exchange))

    def _involved(self, reading: Reading) -> frozenset[str]:
        """Return the requirements that are about something special in a request.

        What is plain enough to be accepted at all is not special.
        """
        involved = reading.asked.involved - {self.rules.dialect.plain_row}
        if self.plain is None:
            return involved
        return involved | self.rules.dialect.requests.special(self.plain, reading.asked)

    def red(self, id_: str) -> bool:
        """Return whether a requirement was broken so far."""
        return RunEvidence(self.rules, self.entries).broken(id_)

    def verdict(self, id_: str) -> int:
        """Return how many exchanges decided a requirement without breaking it.

        Raises Violation with what was found, or Blocked when another requirement explains it.
        """
        entry = self.entries[id_]
        if not self.red(id_):
            return entry.judged
        cause = self.cause(id_)
        if cause:
            raise Blocked(cause, entry.findings[0][0].message)
        raise Violation(*entry.findings)

    def cause(self, id_: str, failed: Container[str] = ()) -> str:
        """Return the red requirement that explains this one's findings, or an empty string.

        `failed` are requirements that are red by their cases.
        """
        findings = self.entries[id_].findings if id_ in self.entries else []
        if findings and (
            end := self.explained_by_the_end(id_, [exchange for _, exchange in findings])
        ):
            return end
        return cause_of(id_, RunEvidence(self.rules, self.entries, failed), self._explains)

    def follow(self, reading: Reading) -> None:
        """Take note of what may be the end of the server: the first request that got nothing."""
        with self._lock:
            if reading.accepted:
                self._silent = False
                self.left += not reading.ended
            elif unserved(reading) and not self._silent:
                self._silent = True
                self._first_unserved.add(place(reading.exchange))

    @property
    def end(self) -> str:
        """The requirement that says why streams are served no longer, where they are not."""
        return ABANDONED if self.red(ABANDONED) else ALIVE

    def explained_by_the_end(self, id_: str, exchanges: Sequence[Exchange | None]) -> str:
        """Return what explains that requests got nothing, if that is all there is, or nothing.

        The first request that got nothing may have been the server's end: that one is not
        explained. What abandoned streams take away, they take from any request.
        """
        if id_ == ABANDONED or (id_ == ALIVE and self.end == ALIVE):
            return ""
        readings = [self.read(each) for each in exchanges if each is not None]
        if len(readings) < len(exchanges):
            return ""
        if all(map(self._cut_by_crash, readings)):
            return ALIVE
        if self.red(ABANDONED) and all(map(self._starved, readings)):
            return ABANDONED
        if not self.gone:
            return ""
        known = {place(each.exchange) for each in readings if unserved(each)} - self._first_unserved
        return self.end if known == {place(each.exchange) for each in readings} else ""

    def _starved(self, reading: Reading) -> bool:
        """Return whether a request got no stream, or late, as requests do after abandoned ones."""
        statuses = {self.read(exchange).status for _, exchange in self.entries[ABANDONED].findings}
        if unserved(reading) or (reading.status >= 500 and reading.status in statuses):
            return True
        first = reading.events[0].event if reading.accepted and reading.events else None
        if first is None:
            return reading.accepted and reading.exchange.ending is Ending.TIMED_OUT
        return first.at_s > self.promptly_s

    def before_crash(self, exchange: Exchange) -> bool:
        """Return whether an exchange's connection was opened before the server last crashed."""
        return 0 < exchange.connection < self.crashed_at

    def _cut_by_crash(self, reading: Reading) -> bool:
        """Return whether another exchange brought the server down during this one."""
        exchange = reading.exchange
        return (
            self.before_crash(exchange)
            and place(exchange) not in self.suspects
            and exchange.ending in (Ending.CLOSED, Ending.RESET)
            and not reading.response.complete
        )

    def sound(self, row: str) -> bool:
        """Return whether a row was judged, and never broken."""
        return row in self.entries and self.entries[row].sound

    def _keep(self, entry: RequirementEvidence, finding: Finding, exchange: Exchange) -> None:
        entry.findings.append((finding, trimmed(exchange)))
        entry.findings.sort(key=lambda kept: len(kept[1].request))
        del entry.findings[KEPT_PER_REQUIREMENT:]

    def all_findings(self) -> Iterator[tuple[str, RequirementEvidence]]:
        """Yield (requirement id, entry) of all that was broken."""
        for id_, entry in list(self.entries.items()):
            if self.red(id_):
                yield id_, entry

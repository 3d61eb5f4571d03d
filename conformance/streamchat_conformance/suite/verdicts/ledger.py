"""The ledger: every exchange of a run goes in, and every judge looks at every exchange.

So a fault is noticed wherever it shows, not only where a case looks for it: one stream in
seven, one connection's third request.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.exchange import Ending, Exchange
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import Body
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import Reading, Rules, rules_of
from streamchat_conformance.suite.verdicts.causes import (
    ABANDONED,
    ALIVE,
    EXPLAINED_BY_ROWS,
    EXPLAINS_ALL_OF,
    explanations,
    kinds,
)
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation
from streamchat_conformance.suite.verdicts.recent_texts import RecentTexts
from streamchat_conformance.suite.verdicts.trimming import trimmed

KEPT_PER_REQUIREMENT = 3
"""Findings that are kept of each requirement, those of the smallest requests."""


TOLERATED = {"headers.connection-persistent": 0.1}
"""The share of exchanges that may break a requirement without a fault.

RFC 9112 section 9.6: a server may end a connection at any time by saying so. One that replaces its
worker processes, as gunicorn does with `--max-requests`, says it now and then, and in the first
answer of a connection, too.
"""


@dataclass(slots=True)
class RequirementEvidence:
    """What the run has seen of one requirement."""

    judged: int = 0
    """Exchanges that decided it."""
    failed: int = 0
    """Exchanges that broke it."""
    kinds: Counter[str] = field(default_factory=Counter)
    """How many of them were of which kind (see `EXPLAINS_ALL_OF`)."""
    findings: list[tuple[Finding, Exchange]] = field(default_factory=list)
    answered: int = 0
    """Those of them that were answered, and not by an internal error."""
    involved: Counter[frozenset[str]] = field(default_factory=Counter)
    """How often which requirements about requests were involved where it was, or may have been,
    broken."""


def unserved(reading: Reading) -> bool:
    """Return whether a request got nothing, or the assurance that others come first."""
    return reading.head is None or reading.overloaded


def place(exchange: Exchange) -> tuple[int, int]:
    """Return what distinguishes an exchange from all others of a run."""
    return exchange.connection, exchange.position


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
        self.plain: Body | None = None
        """The plainest request that is accepted, where the dialect's own example is refused."""
        self.crashed_at = 0
        """The number of the first connection after the server's process last ended."""
        self.suspects: set[tuple[int, int]] = set()
        """The exchanges that brought it down, by their places."""
        self._silent = False
        self._first_unserved: set[tuple[int, int]] = set()
        self._lock = threading.Lock()
        self._path = path
        self._gap_limit_s = gap_limit_s

    def read(self, exchange: Exchange) -> Reading:
        """Return the reading of an exchange, without entering it."""
        reading = Reading(exchange, self._path, self._gap_limit_s, self.rules.dialect)
        for text in reading.asked.values.values():
            if isinstance(text, str):
                self.sent_texts.add(text)
        return reading

    def observe(self, exchange: Exchange) -> Reading:
        """Enter an exchange and return its reading."""
        return self.observe_reading(self.read(exchange))

    def observe_reading(self, reading: Reading) -> Reading:
        """Enter an exchange that was read already, and return its reading."""
        with self._lock:
            self._enter(reading)
        return reading

    def _enter(self, reading: Reading) -> None:
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
        for id_, findings in self.rules.judge_all(reading):
            entry = self.entries[id_]
            if findings:
                entry.involved[self._involved(reading)] += 1
                entry.answered += 0 < reading.status < 500
            if findings and id_ == self.rules.dialect.plain_row and self.plain is not None:
                continue
            # What else is special about a refused request only its own case can know.
            if findings and id_ in self._special:
                continue
            entry.judged += 1
            if findings:
                entry.failed += 1
                entry.kinds.update(kinds(reading))
                self._keep(entry, findings[0], exchange)

    def note_withheld(self, reading: Reading) -> None:
        """Take note of what an exchange does not decide since some of it is not known."""
        if not (reading.lost or reading.unrecorded):
            return
        for id_, judge in self.rules.judges.items():
            if id_ not in self.withheld and (reason := judge.withheld(reading)):
                self.withheld[id_] = reason

    def flag(self, finding: Finding, exchange: Exchange) -> None:
        """Enter a finding that a case made by itself."""
        entry = self.entries[finding.requirement]
        entry.judged += 1
        entry.failed += 1
        entry.involved[self._involved(self.read(exchange))] += 1
        self._keep(entry, finding, exchange)

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
        return id_ in self.entries and self._broken(id_)

    def _broken(self, id_: str) -> bool:
        """Return whether more exchanges broke a requirement than are tolerated."""
        entry = self.entries[id_]
        return entry.failed > TOLERATED.get(id_, 0.0) * entry.judged

    def verdict(self, id_: str) -> int:
        """Return how many exchanges decided a requirement without breaking it.

        Raises Violation with what was found, or Blocked when another requirement explains it.
        """
        entry = self.entries[id_]
        if not self._broken(id_):
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
        causes = [
            each for each in self._explains.get(id_, ()) if id_ not in self._partial_causes(each)
        ]
        causes += self._partial_causes(id_)
        red = [cause for cause in causes if cause in failed or self.red(cause)]
        if not red:
            return self._special_cause(id_)
        # A cause that another one of them explains is none.
        first = (cause for cause in red if not set(red).intersection(self._partial_causes(cause)))
        return next(first, red[0])

    def _partial_causes(self, id_: str) -> tuple[str, ...]:
        """Return what may explain every finding on a requirement by its kind."""
        kind, causes = EXPLAINS_ALL_OF.get(id_, ("", ()))
        entry = self.entries.get(id_, RequirementEvidence())
        return causes if entry.failed == entry.kinds[kind] else ()

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

    def _special_cause(self, id_: str) -> str:
        """Return the requirement about requests that explains every finding, or an empty string.

        A request may be special in several ways. Where one of them alone was enough to go wrong,
        a finding on a request with that one and others says nothing about the others.
        """
        if not id_.startswith(EXPLAINED_BY_ROWS):
            return ""
        causes: Counter[str] = Counter()
        for involved in self.entries.get(id_, RequirementEvidence()).involved:
            broken = [row for row in sorted(involved - {id_}) if self._is_cause(row, id_)]
            if not broken:
                return ""
            causes.update(broken)
        return causes.most_common(1)[0][0] if causes else ""

    def _is_cause(self, row: str, id_: str) -> bool:
        """Return whether a row was broken by requests that were special in nothing else.

        What is accepted and refused as expected elsewhere counts for nothing in a request. A MUST
        is not explained by less than a MUST, unless by internal errors: those are
        request.never-5xx's as well. And an internal error on a rare body of an otherwise sound
        row is one of its own: a row explains those that it draws as a rule.
        """
        entry = self.entries.get(row)
        if entry is None or not any(
            row in involved and all(map(self.sound, involved - {row}))
            for involved in entry.involved
        ):
            return False
        levels = self.rules.catalogue
        if levels[id_].level is MUST and levels[row].level is not MUST:
            internal = entry.answered == self.entries[id_].answered == 0
            return internal and id_ != "request.never-5xx"
        if id_ != "request.never-5xx" or row == "request.media-type-not-json":
            return True
        return entry.involved.total() >= entry.judged - entry.failed

    def sound(self, row: str) -> bool:
        """Return whether a row was judged, and never broken."""
        entry = self.entries.get(row)
        return entry is not None and entry.judged > 0 and not entry.involved

    def _keep(self, entry: RequirementEvidence, finding: Finding, exchange: Exchange) -> None:
        entry.findings.append((finding, trimmed(exchange)))
        entry.findings.sort(key=lambda kept: len(kept[1].request))
        del entry.findings[KEPT_PER_REQUIREMENT:]

    def all_findings(self) -> Iterator[tuple[str, RequirementEvidence]]:
        """Yield (requirement id, entry) of all that was broken."""
        for id_, entry in list(self.entries.items()):
            if self._broken(id_):
                yield id_, entry

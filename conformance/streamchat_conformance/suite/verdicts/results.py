"""Results of a run: the outcome of each requirement, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streamchat_conformance.catalogue import Layer, Level, Requirement
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.judges import Rules, rules_of
from streamchat_conformance.suite.verdicts.outcomes import Outcome

FAILING = frozenset({Outcome.FAIL, Outcome.BLOCKED})
BROKEN = FAILING | {Outcome.KNOWN_FAILURE}
SOUND = frozenset({Outcome.PASS, Outcome.UNEXPECTED_PASS, Outcome.NOT_APPLICABLE})
_STREAM_AREAS = frozenset({"payload", "sse"})


class Verdict(StrEnum):
    """What a run says of its target."""

    CONFORMANT = "conformant"
    """Every MUST was run, and none is broken."""
    PARTIAL = "partial"
    """Only a part was run: no MUST in it is broken."""
    NONCONFORMANT = "nonconformant"
    NOT_TESTABLE = "not-testable"
    UNDECIDED = "undecided"
    """No MUST was found broken, but nothing could be judged, or the suite itself failed at one."""


EXIT_CONFORMANT = 0
EXIT_NONCONFORMANT = 1
EXIT_SUITE_FAULT = 3
EXIT_USAGE = 4
"""Wrong usage, a custom check that failed, or a run that decides nothing."""
EXIT_NOT_TESTABLE = 6


@dataclass(slots=True)
class Result:
    """What became of one requirement."""

    requirement: Requirement
    outcome: Outcome = Outcome.NOT_RUN
    examples: int = 0
    """Exchanges that decided it."""
    broken: int = 0
    """How many of them broke it; 0 where nobody counted."""
    reason: str = ""
    """Why it is not applicable or an error."""
    cause: str = ""
    """The requirement that blocks it."""
    findings: list[tuple[Finding, Exchange | None]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready form (to hand a result from one process to another)."""
        return {
            "id": self.requirement.id,
            "outcome": self.outcome.value,
            "examples": self.examples,
            "broken": self.broken,
            "reason": self.reason,
            "cause": self.cause,
            "findings": [finding_to_json(*found) for found in self.findings],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], catalogue: Mapping[str, Requirement]) -> Result:
        """Restore a result."""
        return cls(
            requirement=catalogue[value["id"]],
            outcome=Outcome(value["outcome"]),
            examples=value["examples"],
            broken=value["broken"],
            reason=value["reason"],
            cause=value["cause"],
            findings=[finding_from_json(found) for found in value["findings"]],
        )


def finding_to_json(finding: Finding, exchange: Exchange | None) -> dict[str, Any]:
    """Return a finding with its exchange as a JSON-ready dict."""
    return {
        "requirement": finding.requirement,
        "message": finding.message,
        "expected": finding.expected,
        "received": finding.received,
        "offset": finding.offset,
        "exchange": None if exchange is None else exchange.to_json(),
    }


def finding_from_json(value: Mapping[str, Any]) -> tuple[Finding, Exchange | None]:
    """Restore a finding with its exchange."""
    finding = Finding(
        value["requirement"],
        value["message"],
        value["expected"],
        value["received"],
        value["offset"],
    )
    exchange = value["exchange"]
    return finding, None if exchange is None else Exchange.from_json(exchange)


@dataclass(slots=True)
class Facts:
    """What a run found out about its target, for reports."""

    url: str = ""
    server: str = ""
    capabilities: dict[str, str] = field(default_factory=dict)
    """Capability to declared, detected or absent."""
    generated: int = 0
    exchanges: int = 0
    streams: int | None = None
    """Exchanges in which at least one event could be read; None where nobody counted."""
    times: dict[str, float] = field(default_factory=dict)
    """Times that were measured on this target and that relative judgements used (seconds)."""
    not_testable: str = ""
    hint: str = ""
    requests: dict[str, Any] = field(default_factory=dict)
    """How many requests were expected, sent and allowed; empty where nobody counted."""
    process: dict[str, Any] = field(default_factory=dict)
    """What became of the server that `--target-command` started; empty without one."""


class Results:
    """All results of a run, one for each requirement of the catalogue."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or rules_of(DEFAULT)
        self.by_id = {id_: Result(entry) for id_, entry in self.rules.catalogue.items()}
        self.facts = Facts()
        self.expired: list[str] = []
        """Ids whose entry in the list of known failures has expired."""
        self.layer: Layer | None = None
        """The layer that was selected; None for both."""
        self.recorded = False
        """Whether recordings were judged, which never decide every requirement."""

    def __iter__(self) -> Iterator[Result]:
        return iter(self.by_id.values())

    def record(self, result: Result) -> None:
        """Enter a result. Of two for one requirement the worse one stays."""
        known = self.by_id[result.requirement.id]
        if _WEIGHT[result.outcome] >= _WEIGHT[known.outcome]:
            result.examples = max(result.examples, known.examples)
            self.by_id[result.requirement.id] = result

    def settle_blocked(self) -> None:
        """Call what was blocked by a requirement that turned out sound what it is: not judged.

        Nothing speaks against such a requirement: neither its own exchanges nor its cause. The same
        is true of one whose cause is of a lower level: a server may break a SHOULD, and what that
        keeps from being judged is no failure of a MUST.
        """
        for result in self.by_id.values():
            if result.outcome is not Outcome.BLOCKED or result.findings:
                continue
            cause = self.by_id.get(result.cause)
            if cause is not None and (cause.outcome in SOUND or _rank(cause) < _rank(result)):
                result.outcome = Outcome.NOT_APPLICABLE
                result.reason = f"it could not be judged: {result.reason}"
                result.cause = ""

    def count(self, level: Level, layer: Layer | None = None) -> dict[Outcome, int]:
        """Return how many requirements of a level, and of a layer, had each outcome."""
        counts = Counter(
            result.outcome
            for result in self.by_id.values()
            if result.requirement.level is level and layer in (None, result.requirement.layer)
        )
        return {outcome: counts[outcome] for outcome in Outcome}

    def failing(self, *levels: Level) -> list[Result]:
        """Return the failed and blocked requirements of some levels."""
        return [
            result
            for result in self.by_id.values()
            if result.requirement.level in levels and result.outcome in FAILING
        ]

    def verdict(self) -> Verdict:
        """Return what the run says of its target: MUST requirements alone decide.

        A known failure is still a failure of the target, whatever the exit code.
        """
        if self.facts.not_testable:
            return Verdict.NOT_TESTABLE
        known = any(
            result.outcome is Outcome.KNOWN_FAILURE and result.requirement.level is Level.MUST
            for result in self.by_id.values()
        )
        broken = known or bool(self.failing(Level.MUST))
        if broken:
            return Verdict.NONCONFORMANT
        if self.undecided():
            return Verdict.UNDECIDED
        ran = all(result.outcome is not Outcome.NOT_RUN for result in self._musts())
        whole = ran and not self.recorded and not self.left_out()
        return Verdict.CONFORMANT if whole else Verdict.PARTIAL

    def left_out(self) -> int:
        """Return how many requirements were selected, and left out by a limit on requests."""
        return sum(result.outcome is Outcome.NOT_RUN and bool(result.reason) for result in self)

    def undecided(self) -> str:
        """Return why the run says nothing of its target, or an empty string if it does."""
        musts = [result for result in self._musts() if result.outcome is not Outcome.NOT_RUN]
        faulty = [result.requirement for result in musts if result.outcome is Outcome.ERROR]
        own = [entry.id for entry in faulty if not entry.custom]
        if own:
            return f"the suite itself failed at {', '.join(own)}"
        if faulty:
            return f"checks of --checks failed: {', '.join(entry.id for entry in faulty)}"
        if not musts:
            return "not one MUST requirement was run: this says nothing about the target"
        # A recording decides what it has kept, be it a SHOULD alone.
        deciding = (
            musts
            if not self.recorded
            else [result for result in self if result.outcome is not Outcome.NOT_RUN]
        )
        if all(result.outcome is Outcome.NOT_APPLICABLE for result in deciding):
            return "not one MUST requirement that was run applies to what the target sent"
        about_streams = any(
            result.requirement.area in _STREAM_AREAS and not result.requirement.needs
            for result in musts
        )
        if self.facts.streams == 0 and about_streams:
            return "no event stream of the target could be read: what streams say was not judged"
        return ""

    def part(self) -> str:
        """Return which part was run, as a sentence; an empty string if all of it was."""
        unjudged = {Outcome.NOT_RUN, *([Outcome.NOT_APPLICABLE] if self.recorded else [])}
        ran = sum(result.outcome not in unjudged for result in self)
        if ran == len(self.by_id):
            return ""
        layer = f"the {self.layer} layer alone: " if self.layer is not None else ""
        verb = "were decided" if self.recorded else "ran"
        sentence = f"{layer}{ran} of {len(self.by_id)} requirements {verb}"
        if left_out := self.left_out():
            limit = self.facts.requests.get("limit", "a limit on requests")
            sentence += f", {left_out} were left out ({limit})"
        # A MAY is observed: that a server does without it is no failure.
        failing = [
            result
            for result in self
            if result.outcome in BROKEN and result.requirement.level is not Level.MAY
        ]
        if any(result.requirement.level is Level.MUST for result in failing):
            return sentence
        kind = "MUST failure" if failing else "failure"
        return f"{sentence}: no {kind} among them"

    def _musts(self) -> list[Result]:
        return [result for result in self if result.requirement.level is Level.MUST]

    def nothing_run(self) -> bool:
        """Return whether not a single MUST requirement was run."""
        return all(result.outcome is Outcome.NOT_RUN for result in self._musts())

    def exit_code(self, *, fail_on: str = "must") -> int:
        """Return the process's exit code."""
        if self.facts.not_testable:
            return EXIT_NOT_TESTABLE
        failed = [each.requirement for each in self if each.outcome is Outcome.ERROR]
        if any(not requirement.custom for requirement in failed):
            return EXIT_SUITE_FAULT
        gating = [Level.MUST, Level.SHOULD] if fail_on == "should" else [Level.MUST]
        if self.failing(*gating) or self.expired:
            return EXIT_NONCONFORMANT
        # A list that names what works no longer says what is broken.
        if any(result.outcome is Outcome.UNEXPECTED_PASS for result in self.by_id.values()):
            return EXIT_NONCONFORMANT
        return EXIT_USAGE if failed or self.undecided() else EXIT_CONFORMANT


_LEVELS = (Level.MAY, Level.SHOULD, Level.MUST)


def _rank(result: Result) -> int:
    """Return how much a failure weighs."""
    return _LEVELS.index(result.requirement.level)


_WEIGHT = {
    Outcome.NOT_RUN: 0,
    Outcome.NOT_APPLICABLE: 1,
    Outcome.PASS: 2,
    Outcome.UNEXPECTED_PASS: 2,
    Outcome.BLOCKED: 3,
    Outcome.FAIL: 4,
    Outcome.KNOWN_FAILURE: 4,
    Outcome.ERROR: 5,
}

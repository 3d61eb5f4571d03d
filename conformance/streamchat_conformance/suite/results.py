"""What became of each requirement in a run, and what that makes of the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from streamchat_conformance.catalogue import CATALOGUE, Level, Requirement
from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.suite.outcomes import Outcome

FAILING = frozenset({Outcome.FAIL, Outcome.BLOCKED})
SOUND = frozenset({Outcome.PASS, Outcome.UNEXPECTED_PASS, Outcome.NOT_APPLICABLE})


class Verdict(StrEnum):
    """What a run says of its target."""

    CONFORMANT = "conformant"
    NONCONFORMANT = "nonconformant"
    NOT_TESTABLE = "not-testable"
    UNDECIDED = "undecided"
    """No MUST was found broken, but none was run, or the suite itself failed at one."""


EXIT_CONFORMANT = 0
EXIT_NONCONFORMANT = 1
EXIT_SUITE_FAULT = 3
EXIT_USAGE = 4
EXIT_NOT_TESTABLE = 6


@dataclass(slots=True)
class Result:
    """What became of one requirement."""

    requirement: Requirement
    outcome: Outcome = Outcome.NOT_RUN
    examples: int = 0
    """Exchanges that decided it."""
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
            "reason": self.reason,
            "cause": self.cause,
            "findings": [finding_to_json(*found) for found in self.findings],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Result:
        """Restore a result."""
        return cls(
            requirement=CATALOGUE[value["id"]],
            outcome=Outcome(value["outcome"]),
            examples=value["examples"],
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
    """What a run learnt of its target, for reports."""

    url: str = ""
    server: str = ""
    capabilities: dict[str, str] = field(default_factory=dict)
    """Capability to declared, detected or absent."""
    generated: int = 0
    exchanges: int = 0
    times: dict[str, float] = field(default_factory=dict)
    """Times that were measured on this target and that relative judgements used (seconds)."""
    not_testable: str = ""
    hint: str = ""
    process: dict[str, Any] = field(default_factory=dict)
    """What became of the server that `--target-command` started; empty without one."""


class Results:
    """All results of a run, one for each requirement of the catalogue."""

    def __init__(self) -> None:
        self.by_id = {id_: Result(entry) for id_, entry in sorted(CATALOGUE.items())}
        self.facts = Facts()
        self.expired: list[str] = []
        """Ids whose entry in the list of known failures has expired."""

    def __iter__(self) -> Iterator[Result]:
        return iter(self.by_id.values())

    def record(self, result: Result) -> None:
        """Enter a result. Of two for one requirement the worse one stays."""
        known = self.by_id[result.requirement.id]
        if _WEIGHT[result.outcome] >= _WEIGHT[known.outcome]:
            result.examples = max(result.examples, known.examples)
            self.by_id[result.requirement.id] = result

    def release(self) -> None:
        """Call what was blocked by a requirement that turned out sound what it is: not judged.

        Nothing speaks against such a requirement: neither its own exchanges nor its cause.
        """
        for result in self.by_id.values():
            if result.outcome is not Outcome.BLOCKED or result.findings:
                continue
            cause = self.by_id.get(result.cause)
            if cause is not None and cause.outcome in SOUND:
                result.outcome = Outcome.NOT_APPLICABLE
                result.reason = f"it could not be judged: {result.reason}"
                result.cause = ""

    def count(self, level: Level) -> dict[str, int]:
        """Return how many requirements of a level had each outcome."""
        counts = Counter(
            result.outcome for result in self.by_id.values() if result.requirement.level is level
        )
        return {outcome.value: counts[outcome] for outcome in Outcome}

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
        failed_itself = any(
            result.outcome is Outcome.ERROR and result.requirement.level is Level.MUST
            for result in self.by_id.values()
        )
        undecided = failed_itself or self.nothing_run()
        return Verdict.UNDECIDED if undecided else Verdict.CONFORMANT

    def nothing_run(self) -> bool:
        """Tell whether not a single MUST requirement was run."""
        return all(
            result.outcome is Outcome.NOT_RUN
            for result in self.by_id.values()
            if result.requirement.level is Level.MUST
        )

    def exit_code(self, *, fail_on: str = "must") -> int:
        """Return the process's exit code."""
        if self.facts.not_testable:
            return EXIT_NOT_TESTABLE
        if any(result.outcome is Outcome.ERROR for result in self.by_id.values()):
            return EXIT_SUITE_FAULT
        gating = [Level.MUST, Level.SHOULD] if fail_on == "should" else [Level.MUST]
        if self.failing(*gating) or self.expired:
            return EXIT_NONCONFORMANT
        # A list that names what works no longer says what is broken.
        if any(result.outcome is Outcome.UNEXPECTED_PASS for result in self.by_id.values()):
            return EXIT_NONCONFORMANT
        return EXIT_CONFORMANT


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

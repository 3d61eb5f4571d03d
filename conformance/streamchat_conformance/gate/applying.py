"""Applying the list of known failures to a run's results, and bringing the list up to date."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from streamchat_conformance.catalogue import Level
from streamchat_conformance.gate.known_failures import KnownFailure, KnownFailures, generated_reason
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import FAILING, Result, Results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Applied:
    """What the list did to a run."""

    known: list[str] = field(default_factory=list)
    """Failures that are excused, through their causes, too."""
    flaky: list[str] = field(default_factory=list)
    """Flaky requirements that failed this time."""
    unexpected: list[str] = field(default_factory=list)
    """Listed and passed."""
    expired: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)
    """Listed, but not run or not applicable this time."""
    unexplained: list[str] = field(default_factory=list)
    """Listed with the reason that `--update-known-failures` generated."""

    def to_json(self) -> dict[str, Any]:
        """Return the members of the report's `gate` that are about the list."""
        return {
            "known_failures": self.known,
            "flaky_failures": self.flaky,
            "unexpected_passes": self.unexpected,
            "expired": self.expired,
            "undecided": self.undecided,
            "unexplained": self.unexplained,
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person has to know or do."""
        if self.unexpected:
            yield f"unexpected passes: {', '.join(self.unexpected)}; take them off the list"
        if self.expired:
            yield f"expired entries: {', '.join(self.expired)}; fix the server or move the date"
        if self.known:
            yield f"known failures: {', '.join(self.known)}"
        if self.flaky:
            yield f"flaky, failed this time: {', '.join(self.flaky)}"
        if self.undecided:
            yield f"listed, but not decided in this run: {', '.join(self.undecided)}"
        if self.unexplained:
            yield (
                f"generated reasons: {', '.join(self.unexplained)}; replace each in the list: say "
                "why the failure is accepted"
            )


def apply_known_failures(results: Results, known: KnownFailures) -> Applied:
    """Turn listed failures into known failures, and listed passes into unexpected ones."""
    excused = {}
    for result in results:
        entry = _excuse(results, known, result)
        if entry is not None:
            excused[result.requirement.id] = entry
    entries = (*known.failures.values(), *known.flaky.values())
    applied = Applied(
        expired=sorted({entry.id for entry in known.expired()}),
        unexplained=[entry.id for entry in entries if entry.unexplained],
    )
    results.expired = applied.expired
    for id_, entry in excused.items():
        result = results.by_id[id_]
        result.outcome = Outcome.KNOWN_FAILURE
        through = f"blocked by {entry.id}, " if entry.id != id_ else ""
        kind = "flaky" if entry.id in known.flaky else "known"
        issue = f" ({entry.issue})" if entry.issue else ""
        result.reason = f"{through}{kind}: {entry.reason}{issue}"
        (applied.flaky if kind == "flaky" else applied.known).append(id_)
    for id_, entry in known.failures.items():
        result = results.by_id[id_]
        if result.outcome is Outcome.PASS:
            result.outcome = Outcome.UNEXPECTED_PASS
            result.reason = f"listed as a known failure: {entry.reason}"
            applied.unexpected.append(id_)
        elif result.outcome in (Outcome.NOT_RUN, Outcome.NOT_APPLICABLE):
            applied.undecided.append(id_)
    return applied


def _excuse(results: Results, known: KnownFailures, result: Result) -> KnownFailure | None:
    """Return the entry that excuses a failure: its own, or that of what blocks it."""
    for link in _chain(results, result):
        entry = known.entry(link.requirement.id)
        if entry is not None:
            return entry
    return None


def _chain(results: Results, result: Result) -> Iterator[Result]:
    """Yield a failed requirement, then what blocks it, then what blocks that."""
    seen: set[str] = set()
    link: Result | None = result
    while link is not None and link.outcome in FAILING and link.requirement.id not in seen:
        yield link
        seen.add(link.requirement.id)
        link = results.by_id.get(link.cause) if link.outcome is Outcome.BLOCKED else None


def updated(
    known: KnownFailures, results: Results, *, fail_on: str, clean: Callable[[str], str] = str
) -> KnownFailures:
    """Return the list brought up to date with results that it was not yet applied to.

    What passes is left out; what fails the run comes in, root causes only, with what was found
    as its reason (`clean` takes secrets out of it). Reasons, issues and dates of entries that
    still fail, or were not decided, stay as they are.
    """
    failures = {
        id_: entry
        for id_, entry in known.failures.items()
        if results.by_id[id_].outcome is not Outcome.PASS
    }
    gating = {Level.MUST, Level.SHOULD} if fail_on == "should" else {Level.MUST}
    for result in results.failing(*gating):
        chain = list(_chain(results, result))
        if any(link.requirement.id in (*failures, *known.flaky) for link in chain):
            continue
        root = chain[-1]
        message = root.findings[0][0].message if root.findings else root.reason or "it fails"
        reason = generated_reason(known.today, clean(message))
        failures[root.requirement.id] = KnownFailure(root.requirement.id, reason)
    return replace(known, failures=dict(sorted(failures.items())))


def update_lines(file: str, before: KnownFailures, after: KnownFailures) -> Iterator[str]:
    """Yield what writing the list changed in its file."""
    old, new = {*before.failures, *before.flaky}, {*after.failures, *after.flaky}
    groups = (("added", new - old), ("removed", old - new), ("kept", old & new))
    counts = ", ".join(f"{len(ids)} {name}" for name, ids in groups)
    yield f"written: {file} ({counts})"
    for name, ids in groups:
        if ids:
            yield f"{name + ':':<9}{', '.join(sorted(ids))}"

"""`streamchat-conformance compare OLD.json NEW.json`: what got better, and what got worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamchat_conformance.catalogue import Level
from streamchat_conformance.commands.parsing import (
    EXIT_OK,
    EXIT_WORSE,
    Parser,
    Usage,
    fault,
    print_safely,
)
from streamchat_conformance.report.model import Report, ReportError, load_report
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_RANK = {
    Outcome.PASS: 2,
    Outcome.UNEXPECTED_PASS: 2,
    Outcome.BLOCKED: 0,
    Outcome.FAIL: 0,
    Outcome.KNOWN_FAILURE: 0,
}
"""What is decided, and how good it is. Any other outcome says nothing of the server."""


@dataclass(frozen=True, slots=True)
class ChangedRequirement:
    """One requirement on which two reports differ."""

    id: str
    level: Level
    old: str
    new: str
    layer: str
    level_note: str = ""
    """What changed its level, if anything did."""

    def line(self) -> str:
        """Return the change as a line of text."""
        line = f"  {self.id:<36} {self.level.value:<7} {self.layer:<12} {self.old} -> {self.new}"
        return f"{line} ({self.level_note})" if self.level_note else line


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reports side by side."""

    better: tuple[ChangedRequirement, ...]
    """Failed before and passes now."""
    worse: tuple[ChangedRequirement, ...]
    """Passed before, or was not judged, and fails now; or passed and is judged no longer."""
    other: tuple[ChangedRequirement, ...]
    """Reported differently, without being better or worse; in one of the reports only."""


def compare(old: Report, new: Report) -> Comparison:
    """Compare two reports, requirement by requirement.

    A requirement got worse when it fails and did not before; also when it passed and is not
    decided any more: a run that judges less must not look as good. A requirement that is only
    in the new report got worse if it fails.
    """
    before = {entry.id: entry for entry in old.requirements}
    after = {entry.id: entry for entry in new.requirements}
    better, worse, other = [], [], []
    for id_ in sorted({*before, *after}):
        was, now = before.get(id_), after.get(id_)
        known = now or was
        if known is None or (was and now and was.outcome is now.outcome):
            continue
        change = ChangedRequirement(
            id_,
            known.level,
            was.outcome.value if was else "absent",
            now.outcome.value if now else "absent",
            known.layer.value,
            known.level_text if known.change is not None else "",
        )
        old_rank = _RANK.get(was.outcome, 1) if was else 1
        new_rank = _RANK.get(now.outcome, 1) if now else 1
        if now is None or old_rank == new_rank:
            other.append(change)
        elif new_rank < old_rank:
            worse.append(change)
        elif old_rank == 0:
            better.append(change)
        else:
            other.append(change)
    return Comparison(tuple(better), tuple(worse), tuple(other))


def main(argv: Sequence[str]) -> int:
    """Compare two reports; return 1 if a requirement of a gating level got worse."""
    parser = Parser(
        "compare", "Show what got better and worse; exit 1 if a MUST got worse (see --fail-on)."
    )
    parser.add_argument("old", type=Path, metavar="OLD.json")
    parser.add_argument("new", type=Path, metavar="NEW.json")
    parser.add_argument(
        "--fail-on",
        choices=[level.value.lower() for level in Level],
        default="must",
        help="the lowest level that fails when it got worse: must (default), should or may",
    )
    try:
        arguments = parser.parse_args(argv)
        old, new = load_report(arguments.old), load_report(arguments.new)
    except (Usage, ReportError) as mistake:
        return fault("compare", mistake)
    comparison = compare(old, new)
    gating = gating_levels(arguments.fail_on)
    print_safely("\n".join(lines(old, new, comparison, gating)) + "\n")
    return EXIT_WORSE if any(change.level in gating for change in comparison.worse) else EXIT_OK


def gating_levels(fail_on: str) -> tuple[Level, ...]:
    """Return the levels whose requirements must not get worse, the highest first."""
    levels = tuple(Level)
    return levels[: levels.index(Level(fail_on.upper())) + 1]


def lines(
    old: Report, new: Report, comparison: Comparison, gating: Sequence[Level]
) -> Iterator[str]:
    """Yield the comparison as lines of text: by what happened, then by level."""
    for name, report in (("old", old), ("new", new)):
        by = f"suite {report.version}, rules {report.rule_set}"
        yield f"{name:<8}{report.verdict}: {report.url} ({report.started}, {by})"
        if report.verdict != "not-testable":
            yield f"{'':<8}{report.headline()}"
        if report.reason:
            yield f"{'':<8}{report.reason}"
    if old.rule_set != new.rule_set:
        yield "note    the two were held to different rule sets"
    groups = (
        ("worse", comparison.worse),
        ("better", comparison.better),
        ("changed", comparison.other),
    )
    for name, changes in groups:
        yield f"{name:<8}{_by_level(changes)}"
        for level in Level:
            yield from (change.line() for change in changes if change.level is level)
    failing = [change for change in comparison.worse if change.level in gating]
    names = " or ".join(level.value for level in gating)
    passing = len(comparison.worse) - len(failing)
    rest = f" ({passing} of a lower level did; see --fail-on)" if passing else ""
    verdict = (
        f"failed: {len(failing)} {names} got worse" if failing else f"passed: no {names} got worse"
    )
    yield f"gate    {verdict}{rest}"


def _by_level(changes: Sequence[ChangedRequirement]) -> str:
    """Return how many changes there are, in all and of each level."""
    counts = ((level, sum(change.level is level for change in changes)) for level in Level)
    shown = ", ".join(f"{count} {level.value}" for level, count in counts if count)
    return f"{len(changes)} ({shown})" if shown else "0"

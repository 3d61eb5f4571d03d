"""`streamchat-conformance github REPORT.json`: annotations, job summary and outputs of a job."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from streamchat_conformance.catalogue import Level
from streamchat_conformance.catalogue.links import rule_page
from streamchat_conformance.commands.compare import ChangedRequirement, Comparison, compare
from streamchat_conformance.commands.parsing import EXIT_OK, Parser, Usage, fault, print_safely
from streamchat_conformance.report.markdown import inline, markdown_report
from streamchat_conformance.report.model import (
    Report,
    ReportedRequirement,
    ReportError,
    load_report,
)
from streamchat_conformance.report.shown import message, shown_failures
from streamchat_conformance.suite.verdicts.outcomes import Outcome

MOST = 10
"""How many annotations of a kind GitHub shows of one step."""
MOST_CHANGES = 50
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
OUTPUT_VARIABLE = "GITHUB_OUTPUT"


def main(argv: Sequence[str]) -> int:
    """Print annotations; write the summary and the outputs where GitHub wants them."""
    parser = Parser(
        "github",
        "Show a report in a job of GitHub Actions: print annotations, and append to the files "
        f"that {SUMMARY_VARIABLE} and {OUTPUT_VARIABLE} name.",
    )
    parser.add_argument("report", type=Path, metavar="REPORT.json")
    parser.add_argument(
        "--before", type=Path, metavar="OLD.json", help="the last run's report, to compare with"
    )
    try:
        arguments = parser.parse_args(argv)
        report = load_report(arguments.report)
        before = None if arguments.before is None else load_report(arguments.before)
        changes = None if before is None else compare(before, report)
        _append(SUMMARY_VARIABLE, summary(report, changes))
        _append(OUTPUT_VARIABLE, "".join(f"{line}\n" for line in outputs(report, changes)))
    except (Usage, ReportError) as mistake:
        return fault("github", mistake)
    print_safely("".join(f"{line}\n" for line in annotation_lines(report)))
    return EXIT_OK


def annotation_lines(report: Report) -> Iterator[str]:
    """Yield a command for each annotation, the worst first, as many as GitHub shows."""
    count: dict[str, int] = {}
    for entry in shown_failures(report):
        kind = _kind(report, entry)
        count[kind] = count.get(kind, 0) + 1
        if count[kind] <= MOST:
            yield _annotation(report, entry, kind)


def _kind(report: Report, entry: ReportedRequirement) -> str:
    if entry.outcome is Outcome.KNOWN_FAILURE or entry.level is Level.MAY:
        return "notice"
    own = entry.outcome in (Outcome.ERROR, Outcome.UNEXPECTED_PASS)
    return "error" if own or report.gates(entry.level) else "warning"


def _annotation(report: Report, entry: ReportedRequirement, kind: str) -> str:
    properties = {"title": f"{entry.id} ({entry.level_text})"}
    if report.source_file:
        properties |= {"file": report.source_file, "line": "1"}
    shown = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    page = rule_page(entry.id)
    text = message(report, entry) + (f"\n{page}" if page else "")
    return f"::{kind} {shown}::{_data(text)}"


def _data(text: str) -> str:
    """Return text as the message of a workflow command: on one line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text as a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(report: Report, changes: Comparison | None) -> str:
    """Return the job summary: what changed since the last run, then the report."""
    parts = [*_changes(changes)] if changes is not None else []
    return "".join(f"{line}\n" for line in parts) + markdown_report(report)


def _changes(changes: Comparison) -> Iterator[str]:
    yield from ("### Since the last run", "")
    if not (changes.worse or changes.better or changes.other):
        yield "Nothing changed."
    groups = (("worse", changes.worse), ("better", changes.better), ("otherwise", changes.other))
    for name, group in groups:
        if group:
            yield f"- **{len(group)} {name}**"
            yield from (_change(change) for change in group[:MOST_CHANGES])
        if len(group) > MOST_CHANGES:
            yield f"  - and {len(group) - MOST_CHANGES} more"
    yield ""


def _change(change: ChangedRequirement) -> str:
    return f"  - {inline(change.id)} ({change.level.value}): {change.old} → {change.new}"


def outputs(report: Report, changes: Comparison | None) -> Iterator[str]:
    """Yield the outputs of the step, `name=value`."""
    for level in (Level.MUST, Level.SHOULD):
        counts, name = report.count(level=level), level.value.lower()
        yield f"{name}-passed={counts[Outcome.PASS]}"
        yield f"{name}-failed={counts[Outcome.FAIL] + counts[Outcome.BLOCKED]}"
        yield f"{name}-known-failures={counts[Outcome.KNOWN_FAILURE]}"
        yield f"{name}-not-applicable={counts[Outcome.NOT_APPLICABLE]}"
    yield f"worse={'' if changes is None else len(changes.worse)}"
    yield f"better={'' if changes is None else len(changes.better)}"


def _append(variable: str, text: str) -> None:
    """Append to the file that a variable names, if there is one. Raises Usage."""
    name = os.environ.get(variable)
    if not name:
        return
    try:
        with Path(name).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise Usage(f"{variable}: {name} cannot be written ({error.strerror})") from None

"""The report at the terminal: a verdict that is read in ten seconds, and what to do about it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.catalogue.links import FALSE_ALARM, SUITE_FAULT
from streamchat_conformance.catalogue.requirement import is_custom
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.report.counts import seen_in
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.replay import in_clear, replay
from streamchat_conformance.rule_sets.frozen import CURRENT
from streamchat_conformance.suite.verdicts.outcomes import Outcome
from streamchat_conformance.suite.verdicts.results import Result, Results

_COLOURS = {
    "conformant": "green",
    "partial": "yellow",
    "nonconformant": "red",
    "not-testable": "yellow",
    "undecided": "yellow",
}
SHOWN_FAILURES = 10
"""Failures that are described at the end of a run, the worst; `-v` shows all."""
NAMED_FAILURES = 3
"""Failures that the last lines name."""
WIDTH = 100
"""Widest text (characters); narrower on a narrow terminal."""
MIN_WIDTH = 40


SERVER_LAYER = "the HTTP server or a proxy decides it, not the endpoint's own code"


def inert(text: str) -> str:
    """Return text from a server so that no terminal acts on it."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )


def _wrapped(label: str, text: str, width: int = WIDTH, indent: int = 2) -> Iterator[str]:
    """Yield labelled text, wrapped; without an indent the label has a wider column."""
    column = 10 if indent else 14
    # An id is not broken at its hyphens: people copy it.
    lines = textwrap.wrap(inert(text), width - indent - column, break_on_hyphens=False) or [""]
    for number, line in enumerate(lines):
        yield f"{' ' * indent}{label if number == 0 else '':<{column}}{line}"


def describe(
    result: Result, *, base_url: str = "", redactor: Redactor | None = None, width: int = WIDTH
) -> str:
    """Return a failed requirement as a person wants to read it, without secrets."""
    clean = redactor or Redactor()
    entry = result.requirement
    lines = [f"{entry.id} ({entry.level_text}): {entry.title}"]
    if entry.layer is Layer.SERVER:
        lines += _wrapped("layer", f"server: {SERVER_LAYER}", width)
    lines += _wrapped("source", entry.source, width)
    if result.outcome is Outcome.BLOCKED:
        reason = clean.text(result.reason) or "see there"
        lines += _wrapped("blocked", f"by {result.cause}: {reason}", width)
    for finding, exchange in result.findings[:1]:
        lines += _wrapped("problem", clean.text(finding.message), width)
        for label, text in (("expected", finding.expected), ("received", finding.received)):
            # A custom check may have nothing to say here.
            lines += _wrapped(label, clean.text(text), width) if text else []
        if seen := seen_in(result.broken, result.examples):
            lines += _wrapped("seen", seen, width)
        if finding.offset is not None and exchange is not None:
            around = context(clean.masked(exchange.received), finding.offset)
            lines.append(f"  {'bytes':<10}{around}")
        if exchange is not None:
            request = clean.data(exchange.request)
            if shown := in_clear(request):
                lines += _wrapped("request", shown, width)
            lines.append(
                f"  {'replay':<10}{inert(replay(request, base_url or 'http://HOST:PORT'))}"
            )
    return "\n".join(lines)


def context(data: bytes, offset: int, *, before: int = 24, after: int = 48) -> str:
    """Return the bytes around an offset on one line, marked where the offset points."""
    start = max(0, offset - before)
    left, right = repr(data[start:offset])[2:-1], repr(data[offset : offset + after])[2:-1]
    return f"@{offset}: {left} >>> {right}"


def print_summary(
    reporter: pytest.TerminalReporter,
    results: Results,
    report: dict[str, Any],
    problem: str,
    redactor: Redactor,
) -> None:
    """Write the summary of a run but for its verdict, without secrets."""
    facts = results.facts
    reporter.section("streamchat-conformance")
    server = f" ({inert(redactor.text(facts.server))})" if facts.server else ""
    lines = [("target", f"{facts.url}{server}")]
    if facts.capabilities:
        shown = ", ".join(f"{name} {how}" for name, how in facts.capabilities.items())
        lines.append(("capabilities", shown))
    lines += [(level.value, _counts(results, level)) for level in Level]
    made = f"{facts.generated} generated requests, {facts.exchanges} exchanges"
    lines.append(("run", f"{made}, {report.get('duration_s', 0):.1f} s"))
    if facts.requests:
        lines.append(("requests", _sent(facts.requests)))
    if results.rules.rule_set != CURRENT:
        lines.append(("rules", results.rules.rule_set))
    for label, text in (*lines, *_changed_levels(results)):
        for line in _wrapped(label, text, _width(), 0):
            reporter.line(line)
    base_url = base(facts.url)
    _list(reporter, results, base_url, redactor)
    if facts.not_testable:
        reporter.line("")
        reporter.line(f"not testable: {inert(redactor.text(facts.not_testable))}")
        if facts.hint:
            reporter.line(f"what to do:   {inert(facts.hint)}")
    if problem:
        reporter.line("")
        reporter.line(inert(problem), red=True)


def _changed_levels(results: Results) -> Iterator[tuple[str, str]]:
    """Yield which requirements have another level than by default, and why, with a label."""
    by_change: dict[str, list[str]] = {}
    for result in results:
        if result.requirement.change is not None:
            by_change.setdefault(result.requirement.level_text, []).append(result.requirement.id)
    for text, ids in by_change.items():
        yield "levels", f"{', '.join(ids)}: {text}"


def _what_failed(report: Mapping[str, Any], page: str) -> Iterator[tuple[str, str]]:
    """Yield what failed, what to fix first, and where the details are, with a label."""
    entries = report["requirements"]
    failed = [entry for entry in entries if entry["outcome"] == Outcome.FAIL.value]
    blocked = [entry for entry in entries if entry["outcome"] == Outcome.BLOCKED.value]
    failed = [entry for entry in failed if entry["level"] != Level.MAY.value]
    if not failed:
        return
    levels = [level.value for level in Level]
    caused = {entry["id"]: 0 for entry in failed}
    for entry in blocked:
        if entry.get("cause") in caused:
            caused[entry["cause"]] += 1
    failed.sort(key=lambda entry: (levels.index(entry["level"]), -caused[entry["id"]]))
    ids = ", ".join(f"{entry['id']} ({entry['level']})" for entry in failed[:NAMED_FAILURES])
    more = len(failed) - NAMED_FAILURES
    first = failed[0]["id"]
    blocks = f", which blocks {caused[first]}" if caused[first] else ""
    yield "failed", f"{ids} and {more} more" if more > 0 else ids
    yield "fix first", f"{first}{blocks}"
    where = page or "above, or --report-html=FILE"
    if is_custom(first):
        yield "details", where
        return
    dialect = report["target"].get("dialect", DEFAULT)
    option = "" if dialect == DEFAULT else f" --dialect {dialect}"
    yield "details", f"{where}; streamchat-conformance explain{option} {first}"


def print_verdict(reporter: pytest.TerminalReporter, report: Mapping[str, Any]) -> None:
    """Write the last lines of a run: what failed, how each layer did, and the verdict.

    `report` is the JSON report: what is printed is what it says.
    """
    summary = report["summary"]
    verdict = summary["verdict"]
    width = _width()
    if verdict != "not-testable":
        page = reporter.config.getoption("--report-html", None)
        for label, text in _what_failed(report, page or ""):
            for line in _wrapped(label, text, width, 0):
                reporter.line(line)
    if verdict != "not-testable":
        for line in _wrapped("layers", summary["headline"], width, 0):
            reporter.line(line)
    reason = summary.get("reason", "")
    text = f"{verdict}: {reason}" if reason else verdict
    for line in _wrapped("verdict", text, width, 0):
        reporter.line(line, bold=True, **{_COLOURS[verdict]: True})


def _width() -> int:
    """Return how wide text may be on this terminal (characters)."""
    columns = shutil.get_terminal_size().columns
    return max(MIN_WIDTH, min(WIDTH, columns))


def _counts(results: Results, level: Level) -> str:
    counts = results.count(level)
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "none"


def _sent(requests: Mapping[str, Any]) -> str:
    """Return how many requests were sent, and what became of them on the way."""
    text = f"{requests['sent']} sent, about {requests['expected']} expected"
    if requests["put_off"]:
        text += f"; {requests['put_off']} were put off (429 or 503)"
        text += f" and waited for: {requests['waited_s']:g} s"
    return text


def _list(
    reporter: pytest.TerminalReporter, results: Results, base_url: str, redactor: Redactor
) -> None:
    failed = [result for result in results.by_id.values() if result.outcome is Outcome.FAIL]
    blocked = [result for result in results.by_id.values() if result.outcome is Outcome.BLOCKED]
    levels = list(Level)
    failed.sort(key=lambda result: levels.index(result.requirement.level))
    most = len(failed) if reporter.verbosity > 0 else SHOWN_FAILURES
    for result in failed[:most]:
        reporter.line("")
        reporter.line(describe(result, base_url=base_url, redactor=redactor, width=_width()))
    if len(failed) > most:
        ids = ", ".join(result.requirement.id for result in failed[most:])
        reporter.line("")
        for line in _wrapped("failed, too", f"{ids} (-v shows the details of all)", _width(), 0):
            reporter.line(line)
    causes = sorted({result.cause for result in blocked})
    for cause in causes:
        ids = ", ".join(result.requirement.id for result in blocked if result.cause == cause)
        reporter.line("")
        for line in _wrapped("blocked", f"by {cause}: {ids}", _width()):
            reporter.line(line)
    faults = [result for result in results if result.outcome is Outcome.ERROR]
    for result in faults:
        reporter.line("")
        reason = inert(redactor.text(result.reason))
        whose = "the check itself failed" if result.requirement.custom else "fault of the suite"
        reporter.line(f"{result.requirement.id}: {whose}: {reason}")
    if any(not result.requirement.custom for result in faults):
        reporter.line(f"please report it: {SUITE_FAULT}")
    if any(not result.requirement.custom for result in failed):
        reporter.line("")
        reporter.line(f"a false alarm?  {FALSE_ALARM}")


def base(url: str) -> str:
    """Return a URL's scheme and authority."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}"

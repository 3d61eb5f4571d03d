"""The report at the terminal: a verdict that is read in ten seconds, and what to do about it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

import pytest

from streamchat_conformance.catalogue import Level
from streamchat_conformance.report.redact import Redactor
from streamchat_conformance.report.replay import replay
from streamchat_conformance.suite.outcomes import Outcome
from streamchat_conformance.suite.results import Result, Results

_COLOURS = {
    "conformant": "green",
    "nonconformant": "red",
    "not-testable": "yellow",
    "undecided": "yellow",
}
_WIDTH = 100


def inert(text: str) -> str:
    """Return text from a server so that no terminal acts on it."""
    return "".join(
        character if character.isprintable() or character == "\n" else f"\\x{ord(character):02x}"
        for character in text
    )


def _wrapped(label: str, text: str) -> Iterator[str]:
    for number, line in enumerate(textwrap.wrap(inert(text), _WIDTH - 14) or [""]):
        yield f"  {label if number == 0 else '':<10}{line}"


def describe(result: Result, *, base_url: str = "", redactor: Redactor | None = None) -> str:
    """Return a failed requirement as a person wants to read it, without secrets."""
    clean = redactor or Redactor()
    entry = result.requirement
    lines = [f"{entry.id} ({entry.level}): {entry.title}", f"  source    {entry.source}"]
    if result.outcome is Outcome.BLOCKED:
        reason = clean.text(result.reason) or "see there"
        lines += _wrapped("blocked", f"by {result.cause}: {reason}")
    for finding, exchange in result.findings[:1]:
        lines += _wrapped("problem", clean.text(finding.message))
        lines += _wrapped("expected", clean.text(finding.expected))
        lines += _wrapped("received", clean.text(finding.received))
        if finding.offset is not None and exchange is not None:
            around = context(clean.masked(exchange.received), finding.offset)
            lines.append(f"  {'bytes':<10}{around}")
        if exchange is not None:
            request = clean.data(exchange.request)
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
    """Write the summary of a run, without secrets."""
    facts = results.facts
    verdict = results.verdict().value
    reporter.section("streamchat-conformance")
    server = f" ({inert(redactor.text(facts.server))})" if facts.server else ""
    reporter.line(f"target        {facts.url}{server}")
    if facts.capabilities:
        shown = ", ".join(f"{name} {how}" for name, how in facts.capabilities.items())
        reporter.line(f"capabilities  {shown}")
    for level in Level:
        reporter.line(f"{level.value:<14}{_counts(results, level)}")
    reporter.line(
        f"run           {facts.generated} generated requests, {facts.exchanges} exchanges, "
        f"{report.get('duration_s', 0):.1f} s"
    )
    base_url = _base(facts.url)
    _list(reporter, results, base_url, redactor)
    if facts.not_testable:
        reporter.line("")
        reporter.line(f"not testable: {inert(redactor.text(facts.not_testable))}")
        if facts.hint:
            reporter.line(f"what to do:   {inert(facts.hint)}")
    if problem:
        reporter.line("")
        reporter.line(inert(problem), red=True)
    reporter.line("")
    reporter.line(f"verdict       {verdict}", bold=True, **{_COLOURS[verdict]: True})


def _counts(results: Results, level: Level) -> str:
    counts = results.count(level)
    return ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "none"


def _list(
    reporter: pytest.TerminalReporter, results: Results, base_url: str, redactor: Redactor
) -> None:
    failed = [result for result in results.by_id.values() if result.outcome is Outcome.FAIL]
    blocked = [result for result in results.by_id.values() if result.outcome is Outcome.BLOCKED]
    for level in Level:
        for result in failed:
            if result.requirement.level is level:
                reporter.line("")
                reporter.line(describe(result, base_url=base_url, redactor=redactor))
    causes = sorted({result.cause for result in blocked})
    for cause in causes:
        ids = ", ".join(result.requirement.id for result in blocked if result.cause == cause)
        reporter.line("")
        for line in _wrapped("blocked", f"by {cause}: {ids}"):
            reporter.line(line)
    for result in results.by_id.values():
        if result.outcome is Outcome.ERROR:
            reporter.line("")
            reason = inert(redactor.text(result.reason))
            reporter.line(f"{result.requirement.id}: fault of the suite: {reason}")


def _base(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.partition('/')[0]}"

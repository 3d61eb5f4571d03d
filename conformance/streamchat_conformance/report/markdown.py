"""The report as Markdown that fits a CI step summary."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.catalogue.links import false_alarm, rule_page
from streamchat_conformance.report.catalogue_text import texts_of
from streamchat_conformance.report.counts import seen_in
from streamchat_conformance.report.layers import layer_name
from streamchat_conformance.report.levels import changed_levels
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.report.terminal import SERVER_LAYER
from streamchat_conformance.report.visible import visible
from streamchat_conformance.suite.verdicts.outcomes import Outcome

LIMIT_BYTES = 1_000_000
"""What step summaries take is 1 MiB; a report stays below, and says what it left out."""
TEXT_LIMIT = 600
"""Longest text of one finding (characters)."""
REPLAY_LIMIT = 4000
"""Longest command (characters): one that is cut would replay something else."""

_SHOWN = (Outcome.FAIL, Outcome.ERROR, Outcome.UNEXPECTED_PASS, Outcome.KNOWN_FAILURE)
_ESCAPED = re.compile(
    r"[\\`*\[\]<>|~@$]"  # spans, links, HTML, cells, mentions, mathematics
    r"|&(?=#?\w+;)"  # character references
    r"|:(?=//|[\w+-]+:)"  # addresses that become links, emoji
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; inside a word an underscore is none
    r"|#(?=\d)|(?<!\S)#"  # issues, headings
    r"|(?:(?<=^www)|(?<=\Wwww))\."  # links again
    r"|^[-+=](?=\s|[-=]|$)"  # lists and lines
    r"|(?<=^\d)[.)]"
)


def markdown_report(report: Report) -> str:
    """Return a report as Markdown of at most `LIMIT_BYTES` bytes of UTF-8."""
    text = "\n".join([*_head(report), ""])
    entries = _shown(report)
    for number, entry in enumerate(entries):
        section = "\n".join([*_requirement(entry), ""])
        if len((text + section).encode("utf-8")) > LIMIT_BYTES - 1000:
            text += f"\n{len(entries) - number} more requirements are in the JSON report.\n"
            break
        text += section
    return text


def inline(text: str, *, limit: int = TEXT_LIMIT) -> str:
    """Return foreign text on one line, in which Markdown and HTML see plain characters."""
    shown = visible(text).replace("\n", " ⏎ ").replace("\t", " ")
    if len(shown) > limit:
        shown = f"{shown[:limit]} … ({len(shown):,} characters)"
    return _ESCAPED.sub(r"\\\g<0>", shown)


def fenced(text: str) -> str:
    """Return text as a code block that nothing in it can end."""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * max(3, max(runs, default=0) + 1)
    return f"{fence}sh\n{visible(text)}\n{fence}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; its cells are Markdown already."""
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'---:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _head(report: Report) -> Iterator[str]:
    yield f"## streamchat-conformance: {inline(report.verdict)}"
    yield ""
    if report.cut_short:
        yield "**The run was cut short**: what is not run was not judged."
        yield ""
    server = f" ({inline(report.server)})" if report.server else ""
    if report.verdict != "not-testable":
        yield f"**{inline(report.headline())}**"
        yield ""
    yield f"Target {inline(report.url)}{server}, suite {inline(report.version)}, "
    yield f"rules {inline(report.rule_set)}, "
    yield f"{inline(report.started)}, {report.duration_s:.1f} s"
    yield ""
    if report.reason:
        yield f"**{inline(report.reason)}**"
        yield ""
    if levels := changed_levels(report):
        yield f"Levels: {inline(levels, limit=4 * TEXT_LIMIT)}"
        yield ""
    if report.hint:
        yield f"What to do: {inline(report.hint, limit=4 * TEXT_LIMIT)}"
        yield ""
    counts = report.count()
    shown = [outcome for outcome in Outcome if counts[outcome]]
    rows = []
    for level in Level:
        of_level = report.count(level=level)
        rows.append([level.value, *(str(of_level[outcome]) for outcome in shown)])
    for layer in Layer:
        of_layer = report.count(layer=layer)
        name = inline(layer_name(layer, report.http_server))
        rows.append([name, *(str(of_layer[outcome]) for outcome in shown)])
    for area in report.areas():
        of_area = report.count(area=area)
        rows.append([inline(area), *(str(of_area[outcome]) for outcome in shown)])
    yield from table(["", *(outcome.value for outcome in shown)], rows)
    blocked = [entry for entry in report.requirements if entry.outcome is Outcome.BLOCKED]
    for cause in sorted({entry.cause for entry in blocked}):
        ids = ", ".join(inline(entry.id) for entry in blocked if entry.cause == cause)
        yield ""
        yield f"Blocked by {inline(cause)}: {ids}"


def _shown(report: Report) -> list[ReportedRequirement]:
    levels = list(Level)
    shown = [entry for entry in report.requirements if entry.outcome in _SHOWN]
    return sorted(shown, key=lambda entry: (_SHOWN.index(entry.outcome), levels.index(entry.level)))


def _requirement(entry: ReportedRequirement) -> Iterator[str]:
    yield ""
    yield f"### {inline(entry.id)} ({inline(entry.level_text)}, {entry.outcome.value})"
    yield ""
    yield inline(entry.title)
    yield ""
    if entry.layer is Layer.SERVER:
        yield f"- layer: server, {SERVER_LAYER}"
    yield f"- source: {inline(entry.source)}"
    if entry.reason:
        yield f"- reason: {inline(entry.reason)}"
    texts = texts_of(entry.id)
    yield from _findings(entry)
    if page := rule_page(entry.id):
        alarm = f", [report a false alarm]({false_alarm(entry.id)})" if entry.failing else ""
        yield f"- [the rule]({page}){alarm}"
    if texts is not None and entry.failing:
        yield f"- why it matters: {inline(texts.why)}"
        yield f"- how to fix it: {inline(texts.fix)}"
    for finding in entry.findings[:1]:
        if finding.replay and len(finding.replay) <= REPLAY_LIMIT:
            yield ""
            yield fenced(finding.replay)


def _findings(entry: ReportedRequirement) -> Iterator[str]:
    for finding in entry.findings[:1]:
        yield f"- problem: {inline(finding.message)}"
        if finding.expected:
            yield f"- expected: {inline(finding.expected)}"
        if finding.received:
            yield f"- received: {inline(finding.received)}"
        if seen := seen_in(entry.broken, entry.examples):
            yield f"- seen: {seen}"
        if finding.request:
            yield f"- request: {inline(finding.request)}"
    if len(entry.findings) > 1:
        yield f"- and {len(entry.findings) - 1} more findings"

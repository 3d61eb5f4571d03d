"""One requirement in the HTML report: what was found, why it matters, how to fix it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streamchat_conformance.catalogue import Layer, is_custom
from streamchat_conformance.catalogue.links import SUITE_FAULT, false_alarm
from streamchat_conformance.report.catalogue_text import Defect, cited, defects_of, texts_of
from streamchat_conformance.report.html.bytes_view import as_text
from streamchat_conformance.report.html.markup import Markup, element, joined, link
from streamchat_conformance.report.model import Report, ReportedFinding, ReportedRequirement
from streamchat_conformance.suite.verdicts.outcomes import Outcome

SHOWN_FINDINGS = 3
"""Findings that are shown in full; of others, only the sentence."""
LISTED_FINDINGS = 20
EXCERPT_BYTES = 48
"""Bytes shown before and after the place of a finding."""

LABELS = {
    Outcome.PASS: "passed",
    Outcome.FAIL: "failed",
    Outcome.BLOCKED: "blocked",
    Outcome.NOT_APPLICABLE: "not applicable",
    Outcome.ERROR: "fault of the suite",
    Outcome.NOT_RUN: "not run",
    Outcome.KNOWN_FAILURE: "known failure",
    Outcome.UNEXPECTED_PASS: "unexpected pass",
}
"""Each outcome as people read it."""


def label_of(entry: ReportedRequirement) -> str:
    """Return a requirement's outcome as people read it."""
    own = entry.outcome is Outcome.ERROR and is_custom(entry.id)
    return "fault of the check" if own else LABELS[entry.outcome]


LAYERS = {Layer.APPLICATION: "application", Layer.SERVER: "HTTP server"}
"""Each layer as people read it."""


def requirement_view(report: Report, entry: ReportedRequirement, blocks: Sequence[str]) -> Markup:
    """Return a requirement as a fold. `blocks` are the ids that its failure blocks."""
    return element(
        "details",
        element(
            "summary",
            element("span", label_of(entry), class_=f"chip {entry.outcome.value}"),
            element("span", entry.level.value, class_=f"level {entry.level.value.lower()}"),
            element("code", entry.id),
            element("span", LAYERS[entry.layer], class_=f"layer {entry.layer.value}"),
            element("span", entry.title, class_="sentence"),
        ),
        element("div", *_body(report, entry, blocks), class_="body"),
        class_="requirement",
        id=entry.id,
        data_outcome=entry.outcome.value,
        data_level=entry.level.value,
        data_layer=entry.layer.value,
        data_area=entry.area,
        data_text=f"{entry.id} {entry.title} {entry.source}".lower(),
    )


def _body(report: Report, entry: ReportedRequirement, blocks: Sequence[str]) -> Iterator[Markup]:
    if entry.cause:
        cause = element("a", entry.cause, href=f"#{entry.cause}")
        yield element("p", "Blocked by ", cause, ": fix that first.", class_="blocked-by")
    if entry.change is not None:
        yield element("p", f"Level: {entry.level_text}", class_="level-change")
    if entry.reason:
        yield element("p", entry.reason)
    if entry.outcome is Outcome.PASS:
        many = "exchange" if entry.examples == 1 else "exchanges"
        yield element("p", f"{entry.examples} {many} decided it.")
    if blocks:
        ids = [part for id_ in blocks for part in (element("a", id_, href=f"#{id_}"), ", ")][:-1]
        yield element("p", f"Blocks {len(blocks)}: ", *ids)
    for number, finding in enumerate(entry.findings[:SHOWN_FINDINGS], 1):
        yield finding_view(report, finding, f"Finding {number}" if len(entry.findings) > 1 else "")
    yield from _more(entry.findings[SHOWN_FINDINGS:])
    yield from background(entry.id, entry.source)
    if entry.outcome in (Outcome.FAIL, Outcome.ERROR) and not is_custom(entry.id):
        address = false_alarm(entry.id) if entry.outcome is Outcome.FAIL else SUITE_FAULT
        report_it = "Is this a false alarm? " if entry.outcome is Outcome.FAIL else ""
        yield element("p", report_it, link(address, "Please report it"), ".", class_="report-it")


def _more(findings: Sequence[ReportedFinding]) -> Iterator[Markup]:
    if findings:
        items = [element("li", item.message) for item in findings[:LISTED_FINDINGS]]
        if len(findings) > LISTED_FINDINGS:
            items.append(element("li", f"and {len(findings) - LISTED_FINDINGS} more"))
        yield element("p", f"{len(findings)} more:")
        yield element("ul", *items)


def finding_view(report: Report, finding: ReportedFinding, heading: str) -> Markup:
    """Return one finding: the problem, expected and received, the bytes, how to replay it."""
    rows: list[tuple[str, str]] = [("problem", finding.message)]
    rows += [("expected", finding.expected), ("received", finding.received)]
    exchange = None if finding.exchange is None else report.exchanges[finding.exchange]
    if exchange is not None:
        anchor = element("a", f"exchange {finding.exchange}", href=f"#exchange-{finding.exchange}")
        rows.append(("seen in", joined([anchor, f" {exchange.label}"])))
        if finding.offset is not None:
            excerpt = as_text(exchange.received, [finding.offset], around=EXCERPT_BYTES)
            rows.append((f"bytes at {finding.offset:,}", excerpt))
    if finding.request:
        rows.append(("request", finding.request))
    if finding.replay:
        rows.append(("replay", element("pre", finding.replay, class_="replay", tabindex="0")))
    listed = [part for name, value in rows if value for part in _row(name, value)]
    title = element("h4", heading) if heading else Markup("")
    return element("section", title, element("dl", *listed), class_="finding")


def _row(name: str, value: str) -> tuple[Markup, Markup]:
    return element("dt", name), element("dd", value)


def background(id_: str, source: str) -> Iterator[Markup]:
    """Yield what holds for every run: source, why it matters, real defects, how to fix it."""
    rows = [_row("source", source_links(source))]
    texts = texts_of(id_)
    if texts is not None:
        rows.append(_row("why it matters", texts.why))
    defects = defects_of(source)
    if defects:
        items = [element("li", _defect(defect)) for defect in defects]
        rows.append(_row("seen in real servers", element("ul", *items)))
    if texts is not None:
        rows.append(_row("how to fix it", texts.fix))
    yield element("dl", *(part for row in rows for part in row))
    for advice in texts.advice if texts is not None else ():
        pairs = [part for name, text in advice.by_framework.items() for part in _row(name, text)]
        fold = element("summary", f"{advice.title}: {', '.join(advice.by_framework)}")
        yield element("details", fold, element("dl", *pairs), class_="inner")


def source_links(source: str) -> Markup:
    """Return a requirement's source with links to the texts that it cites."""
    return joined(link(piece.url, piece.text) for piece in cited(source))


def _defect(defect: Defect) -> Markup:
    links = [part for n, url in enumerate(defect.urls, 1) for part in (" ", link(url, f"[{n}]"))]
    return joined([element("b", defect.project), f": {defect.seen}", *links])

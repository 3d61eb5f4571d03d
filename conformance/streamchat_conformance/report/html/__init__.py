"""The report as one HTML file that opens from disk, whatever a server put into it.

Nothing is fetched, and nothing that a server sent can act: all of it is escaped, and a content
security policy admits this package's own style and script alone, by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from streamchat_conformance.catalogue import Layer, Level
from streamchat_conformance.report.html.exchange_view import exchange_view
from streamchat_conformance.report.html.markup import Markup, element, joined
from streamchat_conformance.report.html.requirement_view import LABELS, LAYERS, requirement_view
from streamchat_conformance.report.layers import layer_name
from streamchat_conformance.report.levels import changed_levels
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_ORDER = (
    Outcome.FAIL,
    Outcome.ERROR,
    Outcome.UNEXPECTED_PASS,
    Outcome.BLOCKED,
    Outcome.KNOWN_FAILURE,
    Outcome.NOT_RUN,
    Outcome.NOT_APPLICABLE,
    Outcome.PASS,
)
_LEVELS = tuple(Level)


def html_report(report: Report) -> str:
    """Return a report as a whole HTML document."""
    title = f"{report.verdict}: {report.url or 'no target'}"
    return page(title, [_head(report), _counts(report), _list(report), _exchanges(report)])


def page(
    title: str, parts: Iterable[Markup], *, styles: Iterable[str] = (), script: str = "page.js"
) -> str:
    """Return a whole HTML document with this package's style and script.

    `styles` are further files of this package, and `script` is the one that the page has.
    """
    style, script = "".join(map(_asset, ("page.css", *styles))), _asset(script)
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{title} · streamchat-conformance"),
        Markup(f"<style>{style}</style>"),
    )
    main = element("main", *parts, id="main")
    skip = element("a", "Skip to the requirements", href="#requirements", class_="skip")
    body = element("body", skip, main, Markup(f"<script>{script}</script>"))
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _head(report: Report) -> Markup:
    made = (
        f"{report.generated_requests} generated requests, "
        f"{report.recorded_exchanges} exchanges recorded"
    )
    facts = [
        ("target", report.url + (f" ({report.server})" if report.server else "")),
        ("suite", f"streamchat-conformance {report.version}"),
        ("started", f"{report.started}, took {report.duration_s:.1f} s"),
        ("run", made),
        ("capabilities", ", ".join(f"{name} {how}" for name, how in report.capabilities.items())),
        ("times", ", ".join(f"{n.replace('_', ' ')} {s:g} s" for n, s in report.times_s.items())),
        ("layers", report.headline() if report.verdict != "not-testable" else ""),
        ("rules", report.rule_set),
        ("levels", changed_levels(report)),
        ("why", report.reason),
        ("what to do", report.hint),
    ]
    rows = [part for n, text in facts if text for part in (element("dt", n), element("dd", text))]
    cut = "The run was cut short: what is not listed as decided was not judged."
    return element(
        "header",
        element("p", "streamchat-conformance", class_="brand"),
        element("h1", report.verdict, class_=f"verdict {report.verdict}"),
        element("p", cut, class_="cut-short") if report.cut_short else Markup(""),
        element("dl", *rows, class_="facts"),
    )


def _counts(report: Report) -> Markup:
    shown = [outcome for outcome in _ORDER if report.count()[outcome]]
    head = element(
        "tr",
        element("th", "", scope="col"),
        *(element("th", _chip(outcome), scope="col") for outcome in shown),
    )
    rows = [_count_row(level.value, report.count(level=level), shown) for level in _LEVELS]
    rows += [
        _count_row(layer_name(layer, report.http_server), report.count(layer=layer), shown)
        for layer in Layer
    ]
    rows += [_count_row(area, report.count(area=area), shown) for area in report.areas()]
    for last in (len(_LEVELS) - 1, len(_LEVELS) + len(Layer) - 1):
        rows[last] = Markup(rows[last].replace("<tr", '<tr class="last"', 1))
    table = element("table", element("thead", head), element("tbody", *rows), class_="counts")
    return element(
        "section",
        element("h2", "Counts"),
        element("div", table, class_="scroll", tabindex="0"),
        aria_label="counts",
    )


def _count_row(name: str, counts: Mapping[Outcome, int], shown: Iterable[Outcome]) -> Markup:
    cells = [
        element("td", str(counts[outcome]), class_=outcome.value)
        if counts[outcome]
        else element("td", "·", class_="none")
        for outcome in shown
    ]
    return element("tr", element("th", name, scope="row"), *cells)


def _chip(outcome: Outcome) -> Markup:
    return element("span", LABELS[outcome], class_=f"chip {outcome.value}")


def _list(report: Report) -> Markup:
    blocks: dict[str, list[str]] = {}
    for entry in report.requirements:
        if entry.cause:
            blocks.setdefault(entry.cause, []).append(entry.id)
    ordered = sorted(report.requirements, key=_rank)
    views = [requirement_view(report, entry, blocks.get(entry.id, ())) for entry in ordered]
    empty = element("p", "Nothing matches these filters.", id="nothing", hidden=True)
    heading = element("h2", "Requirements", id="requirements", tabindex="-1")
    return element("section", heading, _filters(report), *views, empty)


def _rank(entry: ReportedRequirement) -> tuple[int, int, str]:
    return _ORDER.index(entry.outcome), _LEVELS.index(entry.level), entry.id


def _filters(report: Report) -> Markup:
    present = [outcome for outcome in _ORDER if report.count()[outcome]]
    outcomes = [(outcome.value, LABELS[outcome]) for outcome in present]
    if any(entry.failing for entry in report.requirements):
        outcomes.insert(0, ("fail blocked error", "every failure"))
    return element(
        "div",
        _select("outcome", outcomes),
        _select("level", [(level.value, level.value) for level in _LEVELS]),
        _select("layer", [(layer.value, LAYERS[layer]) for layer in Layer]),
        _select("area", [(area, area) for area in report.areas()]),
        element(
            "label",
            "text ",
            element("input", type="search", id="filter-text", placeholder="press / to search"),
        ),
        element("button", "open all", type="button", id="open-all"),
        element("button", "close all", type="button", id="close-all"),
        element("output", id="shown", aria_live="polite"),
        class_="filters",
        role="search",
        aria_label="filter the requirements",
        id="filters",
        hidden=True,
    )


def _select(name: str, choices: Iterable[tuple[str, str]]) -> Markup:
    options = [element("option", "all", value="")]
    options += [element("option", label, value=value) for value, label in choices]
    return element("label", f"{name} ", element("select", *options, id=f"filter-{name}"))


def _exchanges(report: Report) -> Markup:
    if not report.exchanges:
        return Markup("")
    views = joined(_views(report))
    return element(
        "section",
        element("h2", "Exchanges"),
        element(
            "p",
            "What findings were seen in. Time 0 is the first byte of the request. Offending bytes ",
            element("mark", "are marked"),
            " from the place where the fault shows.",
        ),
        views,
    )


def _views(report: Report) -> Iterator[Markup]:
    for number, exchange in enumerate(report.exchanges):
        offsets, ids = [], []
        for entry in report.requirements:
            for finding in entry.findings:
                if finding.exchange == number:
                    ids.append(entry.id)
                    offsets += [] if finding.offset is None else [finding.offset]
        yield exchange_view(number, exchange, offsets, list(dict.fromkeys(ids)))

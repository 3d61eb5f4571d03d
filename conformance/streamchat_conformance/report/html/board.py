"""The board: many judged servers on one page, each cell a link to what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from streamchat_conformance.catalogue import Level
from streamchat_conformance.report.html import page
from streamchat_conformance.report.html.markup import Markup, element
from streamchat_conformance.report.model import Report, ReportedRequirement
from streamchat_conformance.suite.verdicts.outcomes import Outcome

_BROKEN = (Outcome.FAIL, Outcome.BLOCKED, Outcome.KNOWN_FAILURE)
_DECIDED = (*_BROKEN, Outcome.PASS, Outcome.UNEXPECTED_PASS)


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One judged server of the board."""

    name: str
    report: Report
    page: str
    """The file of its HTML report, seen from the board."""
    what: str = ""
    """What it is, as a sentence."""
    versions: str = ""


def board(entries: Sequence[BoardEntry]) -> str:
    """Return the page: the servers that break the least first, in each dialect."""
    ordered = sorted(entries, key=_rank)
    dialects = list(dict.fromkeys(entry.report.dialect for entry in ordered))
    verdicts = sorted({entry.report.verdict for entry in entries})
    parts = [
        element("p", "streamchat-conformance", class_="brand"),
        element("h1", "Judged servers"),
        element("p", f"{len(entries)} servers, in {len(dialects)} dialects. ", _legend()),
        _filters(dialects, verdicts),
        element("section", *map(_server, ordered), class_="servers", id="requirements"),
        element("p", "Nothing matches these filters.", id="nothing", hidden=True),
    ]
    return page("judged servers", parts, styles=["board.css"], script="board.js")


def _rank(entry: BoardEntry) -> tuple[str, int, int, str]:
    broken = [len(_broken(entry.report, level)) for level in (Level.MUST, Level.SHOULD)]
    return entry.report.dialect, broken[0], broken[1], entry.name


def _broken(report: Report, level: Level) -> list[ReportedRequirement]:
    return [each for each in report.requirements if each.level is level and each.outcome in _BROKEN]


def _legend() -> Markup:
    kinds = (("good", "all kept"), ("should", "a SHOULD is broken"), ("must", "a MUST is broken"))
    cells = [element("span", text, class_=f"cell {kind}") for kind, text in kinds]
    sentence = "Each area shows how many of its decided requirements are broken: "
    shown = [part for cell in cells for part in (cell, " ")]
    return element("span", sentence, *shown, "a cell leads to the first finding.", class_="legend")


def _filters(dialects: Sequence[str], verdicts: Sequence[str]) -> Markup:
    return element(
        "div",
        _select("dialect", dialects),
        _select("verdict", verdicts),
        element(
            "label",
            "text ",
            element("input", type="search", id="filter-text", placeholder="a server or an id"),
        ),
        element("output", id="shown", aria_live="polite"),
        class_="filters",
        role="search",
        aria_label="filter the servers",
        id="filters",
        hidden=True,
    )


def _select(name: str, choices: Sequence[str]) -> Markup:
    options = [element("option", "all", value="")]
    options += [element("option", choice, value=choice) for choice in choices]
    return element("label", f"{name} ", element("select", *options, id=f"filter-{name}"))


def _server(entry: BoardEntry) -> Markup:
    report = entry.report
    must, should = (_broken(report, level) for level in (Level.MUST, Level.SHOULD))
    decided = {
        level: sum(each.level is level and each.outcome in _DECIDED for each in report.requirements)
        for level in Level
    }
    counts = (
        f"{len(must)} of {decided[Level.MUST]} MUST and {len(should)} of "
        f"{decided[Level.SHOULD]} SHOULD broken"
    )
    ids = " ".join(each.id for each in (*must, *should))
    return element(
        "article",
        element(
            "div",
            element("h2", element("a", entry.name, href=_href(entry.page))),
            element("span", report.verdict, class_=f"chip {report.verdict}"),
            class_="head",
        ),
        element("p", entry.what, class_="what") if entry.what else Markup(""),
        element("p", f"{report.dialect}; {counts}"),
        element("p", entry.versions, class_="versions") if entry.versions else Markup(""),
        element("div", *_cells(entry), class_="areas"),
        _failing(entry, [*must, *should]),
        class_="server",
        data_dialect=report.dialect,
        data_verdict=report.verdict,
        data_text=f"{entry.name} {entry.what} {entry.versions} {ids}".lower(),
    )


def _cells(entry: BoardEntry) -> Iterator[Markup]:
    """Yield a cell for each area: a link to the first finding where there is one."""
    for area in entry.report.areas():
        gating = [each for each in entry.report.requirements if each.level is not Level.MAY]
        decided = [each for each in gating if each.area == area and each.outcome in _DECIDED]
        broken = [each for each in decided if each.outcome in _BROKEN]
        if not decided:
            continue
        broken.sort(key=lambda each: (list(Level).index(each.level), _BROKEN.index(each.outcome)))
        kind = broken[0].level.value.lower() if broken else "good"
        label = [element("span", area), element("span", f"{len(broken)}/{len(decided)}")]
        if broken:
            yield element("a", *label, class_=f"cell {kind}", href=_href(entry.page, broken[0].id))
        else:
            yield element("span", *label, class_=f"cell {kind}")


def _failing(entry: BoardEntry, broken: Sequence[ReportedRequirement]) -> Markup:
    if not broken:
        return Markup("")
    items = [
        element(
            "li",
            element("a", each.id, href=_href(entry.page, each.id)),
            f" ({each.level_text})" + (f", blocked by {each.cause}" if each.cause else ""),
        )
        for each in broken
    ]
    fold = element("summary", f"What is broken ({len(broken)})")
    return element("details", fold, element("ul", *items, class_="failing"), class_="inner")


def _href(file: str, id_: str = "") -> str:
    return quote(file) + (f"#{quote(id_)}" if id_ else "")

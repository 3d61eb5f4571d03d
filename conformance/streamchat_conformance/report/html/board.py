"""The board: many judged servers on one page, each cell a link to what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from streamchat_conformance.catalogue import Level
from streamchat_conformance.report.html.documents import PAGES
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
    servers = [_ServerView(entry) for entry in sorted(entries, key=_rank)]
    dialects = list(dict.fromkeys(server.report.dialect for server in servers))
    verdicts = sorted({server.report.verdict for server in servers})
    return PAGES.document(
        "board.html",
        title="judged servers",
        styles=["board.css"],
        script="board.js",
        servers=servers,
        dialects=len(dialects),
        choices={
            "dialect": [(name, name) for name in dialects],
            "verdict": [(name, name) for name in verdicts],
        },
    )


def _rank(entry: BoardEntry) -> tuple[str, int, int, str]:
    broken = [len(_broken(entry.report, level)) for level in (Level.MUST, Level.SHOULD)]
    return entry.report.dialect, broken[0], broken[1], entry.name


def _broken(report: Report, level: Level) -> list[ReportedRequirement]:
    return [each for each in report.requirements if each.level is level and each.outcome in _BROKEN]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One area of a server."""

    area: str
    kind: str
    """The level of the worst that is broken, or `good`."""
    share: str
    """How many of the decided requirements are broken."""
    first: str
    """The id of the worst that is broken; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class _ServerView:
    """What `board.html` shows of one server."""

    entry: BoardEntry

    @property
    def report(self) -> Report:
        """Its report."""
        return self.entry.report

    @property
    def broken(self) -> list[ReportedRequirement]:
        """The MUST and SHOULD that it breaks."""
        return [*_broken(self.report, Level.MUST), *_broken(self.report, Level.SHOULD)]

    @property
    def counts(self) -> str:
        """How many of the decided requirements it breaks."""
        parts = []
        for level in (Level.MUST, Level.SHOULD):
            decided = sum(
                each.level is level and each.outcome in _DECIDED
                for each in self.report.requirements
            )
            parts.append(f"{len(_broken(self.report, level))} of {decided} {level.value}")
        return f"{' and '.join(parts)} broken"

    @property
    def searched(self) -> str:
        """What a search in the page looks at."""
        ids = " ".join(each.id for each in self.broken)
        return f"{self.entry.name} {self.entry.what} {self.entry.versions} {ids}".lower()

    def href(self, id_: str = "") -> str:
        """Return the address of its report, or of a requirement in it."""
        return quote(self.entry.page) + (f"#{quote(id_)}" if id_ else "")

    def cells(self) -> Iterator[_Cell]:
        """Yield a cell for each area in which something was decided."""
        for area in self.report.areas():
            gating = [each for each in self.report.requirements if each.level is not Level.MAY]
            decided = [each for each in gating if each.area == area and each.outcome in _DECIDED]
            if not decided:
                continue
            broken = [each for each in decided if each.outcome in _BROKEN]
            broken.sort(key=_weight)
            kind = broken[0].level.value.lower() if broken else "good"
            first = broken[0].id if broken else ""
            yield _Cell(area, kind, f"{len(broken)}/{len(decided)}", first)


def _weight(entry: ReportedRequirement) -> tuple[int, int]:
    return list(Level).index(entry.level), _BROKEN.index(entry.outcome)

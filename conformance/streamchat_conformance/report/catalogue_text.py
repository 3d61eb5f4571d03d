"""What people want to know of a requirement: why it matters, how to mend a server, whence it is.

The texts are TOML files beside this module, one for each area, so that they can be read and
mended without touching code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_RFC = "https://www.rfc-editor.org/rfc/rfc{number}"
_WHATWG = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
_WHATWG_CLAUSES = {
    "9.2.5": "#parsing-an-event-stream",
    "9.2.6": "#event-stream-interpretation",
    "9.2.7": "#authoring-notes",
}
_CITATION = re.compile(
    r"RFC (?P<rfc>\d+)(?P<sections> sections? [\d.]+(?:(?:, | and )[\d.]+)*)?"
    r"|WHATWG HTML (?P<clause>\d+\.\d+\.\d+)"
    r"|bugs? (?P<rows>[A-Z]\d+(?:-[A-Z]?\d+)?(?:, [A-Z]\d+(?:-[A-Z]?\d+)?)*)"
)


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect that was seen in a real program."""

    row: str
    """The name that sources cite, such as `A1`."""
    project: str
    seen: str
    """What was seen, in a few words."""
    urls: tuple[str, ...]
    """Public threads about it; none where it was measured."""


@dataclass(frozen=True, slots=True)
class Advice:
    """How a group of requirements is met, framework by framework."""

    title: str
    by_framework: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Texts:
    """What is told of one requirement."""

    why: str
    mend: str
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """A piece of a source: plain text, or text with a link."""

    text: str
    url: str = ""


def texts_of(id_: str) -> Texts | None:
    """Return what is told of a requirement; None for an id that this version does not know."""
    return _texts().get(id_)


def known_ids() -> frozenset[str]:
    """Return all ids that have texts."""
    return frozenset(_texts())


def cited(source: str) -> list[Cited]:
    """Return a requirement's source in pieces, with links to the texts that it names.

    Rows of the list of defects ("bugs A1, A2") are left out: `defects_of` tells them.
    """
    pieces: list[Cited] = []
    for part in source.split("; "):
        match = _CITATION.match(part)
        if match is not None and match["rows"]:
            continue
        if pieces:
            pieces.append(Cited("; "))
        if match is None:
            pieces.append(Cited(part))
        elif match["clause"]:
            anchor = _WHATWG_CLAUSES.get(match["clause"], "")
            pieces.append(Cited(match[0], _WHATWG + anchor))
            pieces.append(Cited(part[match.end() :]))
        else:
            pieces.extend(_rfc(match))
            pieces.append(Cited(part[match.end() :]))
    return [piece for piece in pieces if piece.text] or [Cited("practice")]


def _rfc(match: re.Match[str]) -> Iterator[Cited]:
    url = _RFC.format(number=match["rfc"])
    yield Cited(f"RFC {match['rfc']}", url)
    for piece in re.split(r"([\d.]*\d)", match["sections"] or ""):
        yield Cited(piece, f"{url}#section-{piece}" if piece[:1].isdigit() else "")


def defects_of(source: str) -> list[Defect]:
    """Return the real defects that a requirement's source names, in its order."""
    rows: list[str] = []
    for part in source.split("; "):
        match = _CITATION.match(part)
        if match is not None and match["rows"]:
            for item in match["rows"].split(", "):
                rows.extend(_row_range(item))
    return [_defects()[row] for row in rows if row in _defects()]


def _row_range(item: str) -> Iterator[str]:
    """Yield the rows of `A1`, or of a range such as `A1-A10`."""
    first, _, last = item.partition("-")
    letter, number = first[0], int(first[1:])
    end = int(last.lstrip("ABCDEFG")) if last else number
    for row in range(number, end + 1):
        yield f"{letter}{row}"


@cache
def _texts() -> Mapping[str, Texts]:
    advice = {
        name: Advice(table.pop("title"), MappingProxyType(table))
        for name, table in _read("frameworks.toml").items()
    }
    found = {}
    for file in files(__package__).joinpath("texts").iterdir():
        if file.name.endswith(".toml") and file.name not in ("frameworks.toml", "defects.toml"):
            for id_, table in tomllib.loads(file.read_text("utf-8")).items():
                groups = tuple(advice[name] for name in table["frameworks"])
                found[id_] = Texts(table["why"], table["mend"], groups)
    return MappingProxyType(found)


@cache
def _defects() -> Mapping[str, Defect]:
    return MappingProxyType(
        {
            row: Defect(row, table["project"], table["seen"], tuple(table.get("urls", ())))
            for row, table in _read("defects.toml").items()
        }
    )


def _read(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("texts", name).read_text("utf-8"))

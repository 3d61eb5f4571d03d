"""Texts about a requirement: why it matters, how to fix a server, where it comes from.

The texts are TOML files next to this module, one for each area, so that they can be read and
corrected without touching code.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from streamchat_conformance.dialects.registry import (
    UnknownDialectError,
    dialect_named,
    names,
    own_names,
    packages,
)

ANY_AREA = "*."
"""What the name of a text begins with that explains a requirement of this name in any area."""
ARTICLE = "https://blog.csdn.net/goldtimes/article/details/139377207"
"""The tutorial that first described the endpoint."""
_RFC = "https://www.rfc-editor.org/rfc/rfc{number}"
_WHATWG = "https://html.spec.whatwg.org/multipage/server-sent-events.html"
_WHATWG_CLAUSES = {
    "9.2.5": "#parsing-an-event-stream",
    "9.2.6": "#event-stream-interpretation",
    "9.2.7": "#authoring-notes",
}
_THREAD = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)#(?P<number>\d+)")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_MEASURED = re.compile(r"docs/servers\.md \([^)]*\)")
_CITATION = re.compile(
    r"(?P<article>article)"
    r"|RFC (?P<rfc>\d+)(?P<sections> sections? [\d.]+(?:(?:, | and )[\d.]+)*)?"
    r"|WHATWG HTML (?P<clause>\d+\.\d+\.\d+)"
)


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect that was seen in a real program."""

    name: str
    """What sources cite: its first public thread, such as `vllm-project/vllm#42961`."""
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
    """The texts about one requirement."""

    why: str
    fix: str
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class Cited:
    """A piece of a source: plain text, or text with a link."""

    text: str
    url: str = ""


def texts_of(id_: str) -> Texts | None:
    """Return the texts about a requirement; None for an id that this version does not know."""
    return _texts().get(id_) or _texts().get(ANY_AREA + id_.partition(".")[2])


def known_ids() -> frozenset[str]:
    """Return all ids that have texts."""
    return frozenset(id_ for id_ in _texts() if not id_.startswith(ANY_AREA))


def cited(source: str, *, defects: bool = False) -> list[Cited]:
    """Return a requirement's source in pieces, with links to the texts that it names.

    Threads about known defects are left out unless `defects` is true: `defects_of` has more.
    """
    pieces: list[Cited] = []
    for part in source.split("; "):
        threads = _threads(part)
        shown = [name for name in threads if defects or name not in _defects()]
        if threads and not shown:
            continue
        if pieces:
            pieces.append(Cited("; "))
        if threads:
            for number, name in enumerate(shown):
                pieces += [Cited(", ")] if number else []
                pieces.append(Cited(name, _thread_url(name)))
            continue
        match = _CITATION.match(part)
        if match is None:
            pieces.append(Cited(part))
            continue
        if match["article"]:
            pieces.append(Cited(match[0], ARTICLE))
        elif match["clause"]:
            pieces.append(Cited(match[0], _WHATWG + _WHATWG_CLAUSES.get(match["clause"], "")))
        else:
            pieces.extend(_rfc(match))
        pieces.append(Cited(part[match.end() :]))
    return [piece for piece in pieces if piece.text] or [Cited("practice")]


def _threads(part: str) -> list[str]:
    """Return the threads, CVEs and measurements of which a part of a source is a list."""
    names = part.split(", ")
    forms = (_THREAD, _CVE, _MEASURED)
    return names if all(any(form.fullmatch(name) for form in forms) for name in names) else []


def _thread_url(name: str) -> str:
    thread = _THREAD.fullmatch(name)
    if thread is not None:
        # GitHub redirects from an issue's address to the pull request of that number.
        return f"https://github.com/{thread['repository']}/issues/{thread['number']}"
    return f"https://www.cve.org/CVERecord?id={name}" if _CVE.fullmatch(name) else ""


def _rfc(match: re.Match[str]) -> Iterator[Cited]:
    url = _RFC.format(number=match["rfc"])
    yield Cited(f"RFC {match['rfc']}", url)
    for piece in re.split(r"([\d.]*\d)", match["sections"] or ""):
        yield Cited(piece, f"{url}#section-{piece}" if piece[:1].isdigit() else "")


def defects_of(source: str) -> list[Defect]:
    """Return the real defects that a requirement's source names, in its order."""
    names = [name for part in source.split("; ") for name in _threads(part)]
    return [_defects()[name] for name in names if name in _defects()]


@cache
def _texts() -> Mapping[str, Texts]:
    shared = files(__package__).joinpath("texts")
    found = dict(_texts_in(shared, _advice_in(shared)))
    for folder in _folders_of_dialects():
        # A dialect's texts may name the shared advice too.
        advice = _advice_in(shared) | _advice_in(folder)
        found.update(_texts_in(folder, advice))
    return MappingProxyType(found)


def _folders_of_dialects() -> Iterator[Traversable]:
    """Yield the folder of texts of each dialect that has one."""
    for package in packages():
        folder = files(package).joinpath("texts")
        if folder.is_dir():
            yield folder
    for name in sorted({*names()} - {*own_names()}):
        try:
            folder = files(dialect_named(name).package).joinpath("texts")
        except (UnknownDialectError, ImportError):
            continue
        if folder.is_dir():
            yield folder


def _advice_in(folder: Traversable) -> dict[str, Advice]:
    file = folder.joinpath("frameworks.toml")
    if not file.is_file():
        return {}
    return {
        name: Advice(table.pop("title"), MappingProxyType(table))
        for name, table in tomllib.loads(file.read_text("utf-8")).items()
    }


def _texts_in(folder: Traversable, advice: Mapping[str, Advice]) -> Iterator[tuple[str, Texts]]:
    for file in folder.iterdir():
        if file.name.endswith(".toml") and file.name not in ("frameworks.toml", "defects.toml"):
            for id_, table in tomllib.loads(file.read_text("utf-8")).items():
                groups = tuple(advice[name] for name in table["frameworks"])
                yield id_, Texts(table["why"], table["fix"], groups)


@cache
def _defects() -> Mapping[str, Defect]:
    return MappingProxyType(
        {
            name: Defect(name, table["project"], table["seen"], tuple(table.get("urls", ())))
            for name, table in _read("defects.toml").items()
        }
    )


def _read(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads(files(__package__).joinpath("texts", name).read_text("utf-8"))

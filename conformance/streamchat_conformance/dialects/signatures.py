"""The families of endpoints by their signs: the suite's own dialects, and those of others.

Each dialect's folder has its `signature.toml`. Families that no dialect of the suite judges are in
the table `foreign.toml`. Whoever names the wrong dialect, or the wrong path, is to be shown what
answers there; `streamchat-conformance guess` shows it to those who do not know.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from typing import Any

from streamchat_conformance.dialects.registry import UnknownDialectError, dialect_named, names
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.dialects.signs import Grade, Sign, SignatureError

FILE = "signature.toml"
FOREIGN = "foreign.toml"
_KEYS = {"title", "paths", "signs", "instead", "declaration", "event_stream"}
_KEYS |= {"probe", "key_field", "source"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a family of endpoints shows itself."""

    name: str
    """The name of the dialect; of a family that none judges, the name in the table."""
    title: str
    """Its name for people."""
    judged: bool
    """Whether a dialect of this name judges it."""
    paths: tuple[str, ...] = ()
    """Globs of how the paths of its endpoints end."""
    signs: tuple[Sign, ...] = ()
    instead: str = ""
    """The dialect that the same server mostly speaks, too, at that dialect's own path."""
    declaration: str = ""
    """The file of the project that declares it as a dialect, if one does."""
    event_stream: bool = True
    """Whether its answers are event streams."""
    probe: Mapping[str, Any] | None = None
    """A plain request's JSON object; `$model` stands for the model's name."""
    key_field: str = ""
    """The field that carries a key, where it is not Authorization."""
    source: str = ""
    """Where it is described."""

    @property
    def path(self) -> str:
        """Its most common path, if that is always the same."""
        plain = [path for path in self.paths if "*" not in path]
        return plain[0] if plain else ""

    def has_path(self, path: str) -> bool:
        """Return whether a path is one of its own."""
        return any(fnmatchcase(path.rstrip("/"), f"*{glob}") for glob in self.paths)


@dataclass(frozen=True, slots=True)
class SeenSign:
    """A sign that was seen."""

    grade: Grade
    text: str


@dataclass(frozen=True, slots=True)
class Match:
    """A family, and what speaks for it."""

    signature: Signature
    evidence: tuple[SeenSign, ...]

    @property
    def grade(self) -> Grade:
        """The grade of the best evidence."""
        return max(each.grade for each in self.evidence)

    @property
    def weight(self) -> tuple[int, ...]:
        """What matches are ordered by: how much evidence of each grade, the best first."""
        counts = Counter(each.grade for each in self.evidence)
        return tuple(counts[grade] for grade in sorted(Grade, reverse=True))


@cache
def signatures() -> tuple[Signature, ...]:
    """Return all families: those that a dialect judges, then the others."""
    found = []
    for name in names():
        try:
            file = files(dialect_named(name).package) / FILE
        except (UnknownDialectError, ImportError):
            continue  # A distribution's fault; whoever names the dialect is shown it.
        if file.is_file():
            table = tomllib.loads(file.read_text("utf-8"))
            found.append(_signature(name, table, judged=True))
    foreign = tomllib.loads((files(__package__ or "") / FOREIGN).read_text("utf-8"))
    found += [_signature(name, table, judged=False) for name, table in foreign.items()]
    return tuple(found)


def _signature(name: str, table: Mapping[str, Any], *, judged: bool) -> Signature:
    if unknown := set(table) - _KEYS:
        raise SignatureError(f"signature of {name}: unknown key {min(unknown)!r}")
    signs = [Sign.of(sign, f"signature of {name}") for sign in table.get("signs", ())]
    return Signature(
        name=name,
        title=table["title"],
        judged=judged,
        paths=tuple(table.get("paths", ())),
        signs=tuple(signs),
        **{key: table[key] for key in _KEYS - {"title", "paths", "signs"} if key in table},
    )


def matches(sighting: Sighting) -> list[Match]:
    """Return the families that a sighting may be of, the most likely one first."""
    found = []
    for signature in signatures():
        seen = [SeenSign(sign.grade, sign.seen(sighting)) for sign in signature.signs]
        evidence = [each for each in seen if each.text]
        if sighting.path and sighting.served and signature.has_path(sighting.path):
            sharers = sum(other.has_path(sighting.path) for other in signatures())
            grade = Grade.LIKELY if sharers == 1 and sighting.path_proves else Grade.WEAK
            evidence.append(SeenSign(grade, f"the path is {sighting.path}"))
        if evidence:
            found.append(Match(signature, tuple(evidence)))
    return joined(found)


def joined(found: Iterable[Match]) -> list[Match]:
    """Return one match of each family with all its evidence, the most likely family first."""
    evidence: dict[str, dict[SeenSign, None]] = {}
    families = {}
    for match in found:
        families[match.signature.name] = match.signature
        evidence.setdefault(match.signature.name, {}).update(dict.fromkeys(match.evidence))
    together = [Match(families[name], tuple(each)) for name, each in evidence.items()]
    return sorted(together, key=lambda match: match.weight, reverse=True)


def certain(sightings: Iterable[Sighting]) -> Signature | None:
    """Return the family of the first sighting that shows one for sure, by its answer alone."""
    for sighting in sightings:
        found = [match for match in matches(sighting) if match.grade is Grade.SURE]
        if found:
            return found[0].signature
    return None

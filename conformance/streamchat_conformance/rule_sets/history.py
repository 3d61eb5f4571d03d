"""What became of rules: changed levels, disputes, and requirements that were withdrawn."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A requirement that is judged no longer. Its id is never used again."""

    id: str
    since: str
    """The version of the suite without it."""
    level: str
    title: str
    why: str

    @property
    def area(self) -> str:
        """The part of the id before the point."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Changed:
    """A requirement whose level or meaning was changed."""

    id: str
    since: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Disputed:
    """A requirement with which reasonable servers disagree, and why it stands."""

    id: str
    objection: str
    answer: str


@dataclass(frozen=True, slots=True)
class History:
    """All that happened to rules, by requirement id."""

    withdrawn: Mapping[str, Withdrawn]
    changed: Mapping[str, Changed]
    disputed: Mapping[str, Disputed]


@cache
def history() -> History:
    """Return what `history.toml` next to this module has."""
    document = tomllib.loads(files(__package__).joinpath("history.toml").read_text("utf-8"))
    return History(
        {id_: Withdrawn(id_, **table) for id_, table in document.get("withdrawn", {}).items()},
        {id_: Changed(id_, **table) for id_, table in document.get("changed", {}).items()},
        {id_: Disputed(id_, **table) for id_, table in document.get("disputed", {}).items()},
    )


def withdrawn(id_: str) -> Withdrawn | None:
    """Return the entry of a requirement that was withdrawn; None for any other id."""
    return history().withdrawn.get(id_)

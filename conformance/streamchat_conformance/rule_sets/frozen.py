"""Frozen rule sets: which requirements there were at a release, and at which levels.

A set is a TOML file next to this module, named after its date, such as `2026.1.toml`. It has the
shared requirements, and for each dialect of the suite all of its requirements.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from streamchat_conformance.catalogue import Level
from streamchat_conformance.core.nearest import nearest

CURRENT = "current"
"""The name of what this version requires, which is no frozen set."""
NAME = re.compile(r"\d{4}\.\d+")
_SHARED = "shared"
_DIALECTS = "dialects"


class UnknownRuleSetError(ValueError):
    """A name that no rule set has; the message is one line with those that there are."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Requirements and their levels as they were frozen."""

    name: str
    shared: Mapping[str, Level]
    by_dialect: Mapping[str, Mapping[str, Level]]
    """All requirements of each dialect that the suite had, the shared ones included."""


def names() -> list[str]:
    """Return the names of the frozen sets, the oldest first."""
    found = [entry.name.removesuffix(".toml") for entry in files(__package__).iterdir()]
    return sorted(filter(NAME.fullmatch, found), key=lambda name: [*map(int, name.split("."))])


@cache
def rule_set(name: str) -> RuleSet:
    """Return a frozen set. Raises UnknownRuleSetError."""
    if name not in names():
        known = [CURRENT, *names()]
        hint = nearest(name, known, list_all=True)
        raise UnknownRuleSetError(f"rule set {name!r} is unknown; {hint}")
    document = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))
    return RuleSet(
        name,
        _levels(document[_SHARED]),
        {dialect: _levels(table) for dialect, table in document[_DIALECTS].items()},
    )


def _levels(table: Mapping[str, str]) -> dict[str, Level]:
    return {id_: Level(level) for id_, level in table.items()}


def as_toml(
    name: str, shared: Mapping[str, Level], by_dialect: Mapping[str, Mapping[str, Level]]
) -> str:
    """Return a set as the text of its file."""
    parts = [f"# Rule set {name}: written by `python -m dev freeze {name}`; never edited."]
    tables = {_SHARED: shared, **{f"{_DIALECTS}.{key}": by_dialect[key] for key in by_dialect}}
    for key, levels in tables.items():
        parts += ["", f"[{key}]", *(f'"{id_}" = "{levels[id_]}"' for id_ in sorted(levels))]
    return "\n".join(parts) + "\n"

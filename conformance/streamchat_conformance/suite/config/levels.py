"""Levels of requirements that the user sets: `[levels]` in a target file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from streamchat_conformance.catalogue import Level, LevelChange, Requirement
from streamchat_conformance.judges import Rules
from streamchat_conformance.rule_sets.history import withdrawn
from streamchat_conformance.suite.config.typed import SettingsError, unknown_id

TABLE = "levels"


def parse_levels(table: Mapping[str, Any]) -> dict[str, Level]:
    """Return the levels of a table by requirement id. Raises SettingsError."""
    levels = {}
    for id_, name in table.items():
        if isinstance(name, dict):
            raise SettingsError(f'[{TABLE}]: write ids in quotes, such as "error.shape"')
        if not isinstance(name, str) or name.upper() not in {level.value for level in Level}:
            known = ", ".join(level.lower() for level in Level)
            raise SettingsError(f"[{TABLE}] {id_!r} must be one of {known}, not {name!r}")
        levels[id_] = Level(name.upper())
    return levels


def with_levels(rules: Rules, levels: Mapping[str, Level], where: str) -> Rules:
    """Return the rules with other levels, which `where` has set. Raises SettingsError."""
    if not levels:
        return rules
    levels = {id_: level for id_, level in levels.items() if withdrawn(id_) is None}
    for id_ in levels:
        if id_ not in rules.catalogue:
            raise SettingsError(f"{where}: [{TABLE}]: {unknown_id(id_, rules.catalogue)}")
    changed = {id_: _changed(rules.catalogue[id_], level, where) for id_, level in levels.items()}
    return rules.with_requirements(changed)


def _changed(entry: Requirement, level: Level, where: str) -> Requirement:
    declared = entry.change.declared if entry.change is not None else entry.level
    change = None if level is declared else LevelChange(declared, f"[{TABLE}] in {where}")
    return replace(entry, level=level, change=change)

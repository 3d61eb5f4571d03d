"""Holding a run to a frozen rule set: its levels, and nothing newer gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from streamchat_conformance.catalogue import MAY, SHARED, Level, LevelChange, Requirement
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.judges import Rules
from streamchat_conformance.rule_sets.frozen import CURRENT, RuleSet, rule_set


def with_rule_set(rules: Rules, name: str) -> Rules:
    """Return the rules with the levels of a set. Raises UnknownRuleSetError.

    What is newer than the set is judged and reported, but only observed: it weighs as a MAY does.
    Custom checks, and what a dialect from elsewhere requires of its own, stay as they are.
    """
    if name == CURRENT:
        return rules
    chosen = rule_set(name)
    levels = _levels(chosen, rules.dialect)
    own = rules.dialect.name in chosen.by_dialect
    changed = {
        id_: _frozen(entry, levels.get(id_), chosen.name)
        for id_, entry in rules.catalogue.items()
        if not entry.custom and (own or id_ in SHARED.by_id)
    }
    return replace(rules.with_requirements(changed), rule_set=name)


def _levels(chosen: RuleSet, dialect: Dialect) -> Mapping[str, Level]:
    """Return the frozen levels of a dialect's requirements: of the shared ones, for a strange one.

    A level that such a dialect has set for a shared requirement is its author's to change.
    """
    known = chosen.by_dialect.get(dialect.name)
    if known is not None:
        return known
    return {id_: dialect.levels.get(id_, level) for id_, level in chosen.shared.items()}


def missing(rules: Rules) -> list[str]:
    """Return the requirements of the chosen set that are no longer judged: withdrawn ones."""
    if rules.rule_set == CURRENT:
        return []
    frozen = rule_set(rules.rule_set).by_dialect.get(rules.dialect.name, {})
    return sorted(frozen.keys() - rules.catalogue.keys())


def _frozen(entry: Requirement, level: Level | None, name: str) -> Requirement:
    if level is entry.level:
        return entry
    if level is None:
        change = LevelChange(entry.level, f"newer than rule set {name}", newer=True)
        return replace(entry, level=MAY, change=change)
    return replace(entry, level=level, change=LevelChange(entry.level, f"rule set {name}"))

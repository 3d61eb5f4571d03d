"""Values of a target file, checked: a mistake is one line that names it and what is right."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from streamchat_conformance.core.nearest import did_you_mean, nearest, nearest_of
from streamchat_conformance.rule_sets.history import withdrawn

LONGEST_LIMIT_S = 86_400
"""No limit is as long as this (seconds)."""


class SettingsError(ValueError):
    """A setting is wrong; the message names it and what would be right."""


def typed(table: Mapping[str, Any], name: str, type_: Any, default: Any, where: str) -> Any:
    """Return a value of a table if it has the right type. Raises SettingsError."""
    value = table.get(name, default)
    if value is default:
        return value
    if not isinstance(value, type_) or (isinstance(value, bool) and type_ is not bool):
        names = {str: "a string", bool: "true or false", int: "a whole number", list: "an array"}
        wanted = names.get(type_, "a number")
        raise SettingsError(f"'{where}.{name}' must be {wanted}, not {value!r}")
    return value


def check_names(
    table: Mapping[str, Any],
    known: Collection[str],
    where: str,
    elsewhere: Mapping[str, Collection[str]] | None = None,
) -> None:
    """Raise SettingsError for a key that a table does not have, naming the nearest one.

    `elsewhere` has the keys of other tables: a key that stands in the wrong one is shown its own.
    """
    for name in table:
        if name not in known:
            place = f"[{where}] " if where else ""
            owners = [f"[{other}]" for other, names in (elsewhere or {}).items() if name in names]
            hint = f"it belongs to {' or '.join(owners)}" if owners else nearest(name, known)
            raise SettingsError(f"{place}{name!r} is unknown; {hint}")


def unknown_id(id_: str, ids: Collection[str]) -> str:
    """Return one line that says an id is unknown and names the nearest ones."""
    if (gone := withdrawn(id_)) is not None:
        return f"{id_} was withdrawn in {gone.since}: {gone.why}"
    same_name = [known for known in ids if known.partition(".")[2] == id_.partition(".")[2]]
    alike = nearest_of(id_, ids, most=3, cutoff=0.5)
    hint = did_you_mean(list(dict.fromkeys([*same_name, *alike]))[:3])
    return f"there is no requirement {id_!r}" + (hint and f"; {hint}")

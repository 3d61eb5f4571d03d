"""Freezing a rule set: what the suite requires now, written as data that a release ships."""

from __future__ import annotations

from dev.checkout import SUITE, ScaffoldError, shown

SETS = SUITE / "rule_sets"


def freeze(name: str, *, again: bool = False) -> None:
    """Write the rule set of this name. Raises ScaffoldError.

    A set that was released is never written again; `again` is for one that was not.
    """
    from streamchat_conformance.catalogue import SHARED
    from streamchat_conformance.dialects.registry import own_names
    from streamchat_conformance.judges import rules_of
    from streamchat_conformance.rule_sets.frozen import NAME, as_toml

    if not NAME.fullmatch(name):
        raise ScaffoldError(f"{name!r} is no name of a rule set; write year.number, such as 2026.1")
    file = SETS / f"{name}.toml"
    if file.exists() and not again:
        raise ScaffoldError(
            f"{shown(file)} exists: a frozen set does not change. Take the next number, or give "
            "--again if no release has it"
        )
    catalogues = {dialect: rules_of(dialect).catalogue for dialect in own_names()}
    text = as_toml(
        name,
        {id_: entry.level for id_, entry in SHARED.by_id.items()},
        {
            dialect: {id_: entry.level for id_, entry in catalogue.items()}
            for dialect, catalogue in catalogues.items()
        },
    )
    file.write_text(text, "utf-8")
    print(f"wrote {shown(file)}")

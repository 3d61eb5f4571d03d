"""What is required of a server: ids, levels, sentences and their sources."""

from streamchat_conformance.catalogue.requirement import (
    CATALOGUE,
    MAY,
    MUST,
    SHOULD,
    Capability,
    Level,
    Requirement,
    UnknownRequirementError,
    declare,
    requirement,
    select,
)

__all__ = [
    "CATALOGUE",
    "MAY",
    "MUST",
    "SHOULD",
    "Capability",
    "Level",
    "Requirement",
    "UnknownRequirementError",
    "declare",
    "requirement",
    "select",
]

"""What is required of a server: ids, levels, sentences and their sources."""

from streamchat_conformance.catalogue.requirement import (
    APPLICATION,
    CATALOGUE,
    MAY,
    MUST,
    SERVER,
    SHOULD,
    Capability,
    Layer,
    Level,
    Requirement,
    UnknownRequirementError,
    declare,
    requirement,
    select,
)

__all__ = [
    "APPLICATION",
    "CATALOGUE",
    "MAY",
    "MUST",
    "SERVER",
    "SHOULD",
    "Capability",
    "Layer",
    "Level",
    "Requirement",
    "UnknownRequirementError",
    "declare",
    "requirement",
    "select",
]

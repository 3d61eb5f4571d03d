"""What is required of a server: ids, levels, sentences and their sources."""

from streamchat_conformance.catalogue.requirement import (
    APPLICATION,
    MAY,
    MUST,
    SERVER,
    SHARED,
    SHOULD,
    Capability,
    Declarations,
    Layer,
    Level,
    Requirement,
    UnknownRequirementError,
    decides,
    requirement,
    select,
)

__all__ = [
    "APPLICATION",
    "MAY",
    "MUST",
    "SERVER",
    "SHARED",
    "SHOULD",
    "Capability",
    "Declarations",
    "Layer",
    "Level",
    "Requirement",
    "UnknownRequirementError",
    "decides",
    "requirement",
    "select",
]

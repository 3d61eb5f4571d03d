"""Loads everything that declares requirements: the judges and the cases."""

from __future__ import annotations

import importlib
import pkgutil

from streamchat_conformance.catalogue.requirement import CATALOGUE, Requirement


def load_catalogue() -> dict[str, Requirement]:
    """Return the whole catalogue by id, in alphabetical order."""
    importlib.import_module("streamchat_conformance.judges")
    cases = importlib.import_module("streamchat_conformance.cases")
    for module in sorted(entry.name for entry in pkgutil.iter_modules(cases.__path__)):
        importlib.import_module(f"streamchat_conformance.cases.{module}")
    return dict(sorted(CATALOGUE.items()))

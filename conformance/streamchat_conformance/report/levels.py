"""Levels that were changed for a run: how each report shows them."""

from __future__ import annotations

from streamchat_conformance.report.model import Report


def changed_levels(report: Report) -> str:
    """Return which requirements have another level than by default; '' where none has."""
    by_change: dict[str, list[str]] = {}
    for entry in report.changed():
        by_change.setdefault(entry.level_text, []).append(entry.id)
    return "; ".join(f"{', '.join(ids)}: {text}" for text, ids in by_change.items())

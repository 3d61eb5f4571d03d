"""The folders of the suite's own dialects, found without an import of what they say."""

from __future__ import annotations

from pathlib import Path
from pkgutil import iter_modules


def dialect_folders() -> list[str]:
    """Return the names of the folders here that have a dialect, sorted."""
    home = Path(__file__).parent
    return sorted(
        entry.name
        for entry in iter_modules([str(home)])
        if entry.ispkg and (home / entry.name / "dialect.py").is_file()
    )

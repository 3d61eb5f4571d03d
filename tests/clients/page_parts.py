"""Parts of the page about clients that all its sections have."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING

from .witnesses import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


def versions(python: Sequence[str], node: Sequence[str]) -> str:
    """Return the line that names the clients' versions."""
    found = [f"{name} {version(name)} (PyPI)" for name in python]
    for name in node:
        text = (MODULES / name / "package.json").read_text(encoding="utf-8")
        found.append(f"{name} {json.loads(text)['version']} (npm)")
    return f"Versions: {', '.join(found)}.\n"


def heading(columns: Mapping[str, str]) -> Iterator[str]:
    """Yield the head of a table."""
    yield f"| breaks | stream | {' | '.join(columns.values())} |"
    yield "|---|---|" + "---|" * len(columns)


def row(breaks: Iterable[str], sentence: str, cells: Iterable[str]) -> str:
    """Return a row of a table."""
    shown = " | ".join(escaped(cell) for cell in cells)
    ids = ", ".join(f"`{id_}`" for id_ in breaks)
    return f"| {ids} | {escaped(sentence)} | {shown} |"


def escaped(text: str) -> str:
    """Return a text as a cell of a table."""
    return text.replace("|", "\\|")

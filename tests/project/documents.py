"""The project's documents, and the blocks of code in them."""

from __future__ import annotations

import re

from .sources import ROOT

DOCUMENTS = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        *(ROOT / "docs").glob("*.md"),
    ]
)


def blocks(text: str, mark: str) -> list[str]:
    """Return the blocks of a Markdown text that begin with this mark."""
    return re.findall(rf"^```{mark}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)

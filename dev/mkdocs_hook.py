"""What mkdocs loads: it knows hooks by their files, and not by the packages that they are in."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from dev.site import on_files, on_page_markdown

__all__ = ["on_files", "on_page_markdown"]

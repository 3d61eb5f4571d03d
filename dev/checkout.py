"""The checkout that is written to, and changes to it that are made together or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SUITE: Final = ROOT / "conformance" / "streamchat_conformance"
FIXTURES: Final = ROOT / "fixtures" / "streamchat_fixtures"
_SOURCES: Final = ("conformance", "fixtures")

LEFT_OPEN: Final = "TO" + "DO"
"""What marks a place that its author has to fill; the project's tests report each one."""

MAX_LINES: Final = 400
"""How long a module may be: what the project's tests allow."""


class ScaffoldError(Exception):
    """Something that cannot be written as it was asked for; the message is one clear line."""


def use_sources() -> None:
    """Import the suite and the fixtures from this checkout, whatever is installed."""
    for name in _SOURCES:
        if not (ROOT / name).is_dir():
            raise ScaffoldError(f"{ROOT} is not a checkout of the project: {name}/ is missing")
    sys.path[:0] = [str(ROOT / name) for name in _SOURCES]


def shown(path: Path) -> str:
    """Return a path as messages show it: from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()


class Plan:
    """New texts of files. Nothing is written before `write`, so that an error leaves no half."""

    def __init__(self) -> None:
        self._texts: dict[Path, str] = {}
        self._places: dict[Path, int] = {}

    def text(self, path: Path) -> str:
        """Return what a file is going to contain. Raises ScaffoldError when it cannot be read."""
        if path in self._texts:
            return self._texts[path]
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScaffoldError(f"{shown(path)} cannot be read: {error}") from None

    def create(self, path: Path, text: str) -> None:
        """Plan a new file. Raises ScaffoldError when there is one already."""
        if path.exists() or path in self._texts:
            raise ScaffoldError(f"{shown(path)} exists already")
        self.change(path, text, line=1)

    def change(self, path: Path, text: str, *, line: int) -> None:
        """Plan the new text of a file; `line` is the place to look at."""
        if path.suffix == ".py" and text.count("\n") > MAX_LINES:
            raise ScaffoldError(
                f"{shown(path)} would have more than {MAX_LINES} lines: split it first, "
                "or name another module (see --help)"
            )
        self._texts[path] = text
        self._places[path] = line

    def write(self) -> None:
        """Write all files, and print each with the line to look at."""
        for path, text in self._texts.items():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            except OSError as error:
                raise ScaffoldError(f"{shown(path)} cannot be written: {error}") from None
            print(f"{shown(path)}:{self._places[path]}")

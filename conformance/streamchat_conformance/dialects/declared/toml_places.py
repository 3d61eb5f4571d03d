"""On which line of a TOML file a table or a key stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_DOTTED = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")


def line_of(text: str, path: Sequence[str], *, index: int = 0) -> int:
    """Return the line that comes nearest to a key: its own, or that of what it stands in.

    `path` are the names of its tables and its own. `index` is that of an element of an array of
    tables.
    """
    wanted = tuple(path)
    best, found = 0, 1
    seen: Counter[tuple[str, ...]] = Counter()
    current: tuple[str, ...] | None = ()
    for number, line in enumerate(text.splitlines(), 1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header is not None:
            current = at = _parts(header[2])
            if header[1] == "[[":
                seen[at] += 1
                if wanted[: len(at)] == at and seen[at] - 1 != index:
                    current = None
        elif key is not None and current is not None:
            at = (*current, *_parts(key[1]))
        else:
            continue
        common = min(len(at), len(wanted))
        if current is not None and at[:common] == wanted[:common] and common > best:
            best, found = common, number
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, dotted))

"""On which line of a TOML file a table or a key stands."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*\[\[?\s*([\w.\"-]+)\s*\]\]?")


def line_of(text: str, table: str, key: str = "", *, index: int = 0) -> int:
    """Return the line of a key, or of its table's header; 1 where neither is found.

    `index` is that of an element of an array of tables.
    """
    current, seen, header, mention = "", -1, 0, 0
    wanted = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]") if key else None
    inside = re.compile(rf"(?:^|[{{,\s])[\"']?{re.escape(key)}[\"']?\s*=") if key else None
    for number, line in enumerate(text.splitlines(), 1):
        match = _HEADER.match(line)
        if match and "=" not in line.partition("]")[0]:
            current = match[1]
            seen += current == table
            if current == table and seen == index:
                header = number
            if key and not table and current == key:
                return number
            continue
        if current != table or (table and seen != index):
            continue
        if wanted is not None and wanted.match(line):
            return number
        if inside is not None and not mention and inside.search(line):
            mention = number
    return mention or header or 1

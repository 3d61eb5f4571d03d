"""Comments that were written into the middle of a data line."""

from __future__ import annotations

import re

from streamchat_conformance.core.eventstream import Line, LineKind
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges.reading import Reading


def splices(reading: Reading) -> list[tuple[Line, ...]]:
    """Return data lines that are JSON once a comment inside them is taken out.

    Three shapes: the comment with its line end cut the line in two (the rest then stands on a
    later line), the comment brought a line end before it, too, or it stands inside one line.
    """
    found: list[tuple[Line, ...]] = []
    if not reading.json_broken:
        return found
    lines = [line for line in reading.stream.lines if line.kind is not LineKind.BLANK]
    for index, line in enumerate(lines):
        if line.name != "data" or _is_json(line.value):
            continue
        at = index + 1
        while at < len(lines) and lines[at].kind is LineKind.COMMENT:
            at += 1
        following = lines[at] if at < len(lines) else None
        joins = _joins if at == index + 1 else _continues
        if following is not None and joins(line.value, following.content):
            found.append((line, following))
        elif any(
            _is_json(line.value[: match.start()] + line.value[match.end() :])
            for match in re.finditer(rb" ?: ?[A-Za-z][A-Za-z0-9 _-]*", line.value)
        ):
            found.append((line,))
    return found


def _continues(first: bytes, rest: bytes) -> bool:
    return _is_json(first + rest)


def _joins(first: bytes, rest: bytes) -> bool:
    cuts = [match.start() for match in re.finditer(rb":", first)]
    return any(_is_json(first[:cut] + rest) for cut in cuts[-4:])


def _is_json(text: bytes) -> bool:
    return read_json(text).error is None

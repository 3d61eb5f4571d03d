"""Comments and line ends that were written into the middle of a data line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from streamchat_conformance.core.eventstream import KNOWN_FIELDS, Line, LineKind
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges.reading import Reading

MOST_LINES = 8
"""Over how many more lines one JSON text is followed."""


def splices(reading: Reading) -> list[tuple[Line, ...]]:
    """Return data lines that are JSON once the comments inside them are taken out.

    Three shapes: the comment with its line end cut the line in two (the rest then stands on a
    later line), comments brought a line end before them, too, one or several into a long line, or
    the comment stands inside one line. Each is the data line and the lines of its rest.
    """
    found: list[tuple[Line, ...]] = []
    if not reading.json_broken:
        return found
    lines = [line for line in reading.stream.lines if line.kind is not LineKind.BLANK]
    for index, line in enumerate(lines):
        if line.name != "data" or _is_json(line.value):
            continue
        rests = _rests(lines, index)
        following = lines[index + 1] if index + 1 < len(lines) else None
        if rests and _is_json(b"".join((line.value, *(rest.content for rest in rests)))):
            found.append((line, *rests))
        elif not rests and following is not None and _joins(line.value, following.content):
            found.append((line, following))
        elif any(
            _is_json(line.value[: match.start()] + line.value[match.end() :])
            for match in re.finditer(rb" ?: ?[A-Za-z][A-Za-z0-9 _-]*", line.value)
        ):
            found.append((line,))
    return found


def broken_lines(reading: Reading) -> list[tuple[Line, ...]]:
    """Return data lines that are JSON only with the lines behind them, which are no fields.

    A line end stands inside the JSON: most often a character that some take for one (U+2028).
    """
    if not reading.json_broken:
        return []
    return [
        block.lines[start:end]
        for block in reading.stream.blocks
        for start, line in enumerate(block.lines)
        if line.name == "data" and (end := _end_of_json(block.lines, start))
    ]


def _end_of_json(lines: Sequence[Line], start: int) -> int:
    """Return behind which line the JSON ends that goes on in lines without a name; 0 nowhere."""
    text = lines[start].value
    if _is_json(text):
        return 0
    for end, line in enumerate(lines[start + 1 : start + 1 + MOST_LINES], start + 2):
        if line.kind is not LineKind.FIELD or line.name in KNOWN_FIELDS:
            return 0
        text += line.content
        if _is_json(text):
            return end
    return 0


def _rests(lines: list[Line], index: int) -> list[Line]:
    """Return the lines behind comments that may be the rest of the line with this index."""
    rests: list[Line] = []
    at = index + 1
    while at < len(lines) and lines[at].kind is LineKind.COMMENT:
        while at < len(lines) and lines[at].kind is LineKind.COMMENT:
            at += 1
        if at == len(lines) or lines[at].name == "data":
            break
        rests.append(lines[at])
        at += 1
    return rests


def without_splices(reading: Reading) -> bytes:
    """Return a body without the comments inside its data lines."""
    body, kept_from, kept = reading.stream.body, 0, []
    for first, *rests in splices(reading):
        end = first.offset + len(first.content)
        for rest in rests:
            kept.append(body[kept_from:end])
            kept_from, end = rest.offset, rest.offset + len(rest.content)
    return b"".join((*kept, body[kept_from:]))


def _joins(first: bytes, rest: bytes) -> bool:
    cuts = [match.start() for match in re.finditer(rb":", first)]
    return any(_is_json(first[:cut] + rest) for cut in cuts[-4:])


def _is_json(text: bytes) -> bool:
    return read_json(text).error is None

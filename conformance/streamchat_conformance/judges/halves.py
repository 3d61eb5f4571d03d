"""Half of a surrogate pair, in the bytes that UTF-8 would have for it (as in CESU-8)."""

from __future__ import annotations

import re

from streamchat_conformance.core.eventstream import Line
from streamchat_conformance.judges.reading import Reading

_HALF_PAIR = re.compile(
    rb"\xed(?:[\xa0-\xaf][\x80-\xbf](?!\xed[\xb0-\xbf][\x80-\xbf])"
    rb"|(?<!\xed[\xa0-\xaf][\x80-\xbf]\xed)[\xb0-\xbf][\x80-\xbf])"
)
"""Half a pair without its partner: both together are a whole character in another encoding."""


def half_pairs(reading: Reading) -> list[Line]:
    """Return the data lines that hold half a pair and are UTF-8 otherwise."""
    return [
        line
        for line in reading.stream.lines
        if line.name == "data" and "not-utf8" in line.oddities and _has_half_pair(line.content)
    ]


def without_halves(body: bytes, lines: list[Line]) -> bytes:
    """Return a stream's body with ASCII in place of the half pairs in these lines."""
    for line in lines:
        start, end = line.offset, line.offset + len(line.content)
        body = body[:start] + _HALF_PAIR.sub(b"...", line.content) + body[end:]
    return body


def _has_half_pair(content: bytes) -> bool:
    without, count = _HALF_PAIR.subn(b"", content)
    try:
        without.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return count > 0

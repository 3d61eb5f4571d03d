"""Chunks whose data go on behind the size that they say, and how that size was counted."""

from __future__ import annotations

import re

SEARCHED_BYTES = 64 * 1024
"""How far before the end of a chunk its size is looked for."""
_SIZE_LINE = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")
_REST = re.compile(rb"(.{1,4096}?)\r\n(?:[0-9A-Fa-f]{1,8}[^\r\n]*\r\n|$)", re.DOTALL)
"""What stands behind the counted data, up to their end and the next chunk's size."""


def miscounted(received: bytes, offset: int) -> str:
    """Return how a chunk's size is wrong whose counted data end at a place; or an empty string.

    A size that counts characters, or the bytes of text before it was encoded, is right as long as
    all of the text is ASCII.
    """
    rest = _REST.match(received, offset)
    if rest is None:
        return ""
    begins = max(0, offset - SEARCHED_BYTES)
    lines = _SIZE_LINE.finditer(received, begins, offset)
    start = next((each.end() for each in lines if each.end() + int(each[1], 16) == offset), None)
    if start is None:
        return ""
    more = sum(0x80 <= byte < 0xC0 for byte in received[start : rest.end(1)])
    if more == len(rest[1]):
        return "a chunk's size counts characters, not bytes: its data go on behind it"
    return "a chunk's data go on behind its size"

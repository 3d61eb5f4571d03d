"""Events of an answer that are the same but for their text.

The first one is read and judged in full. What stands before and after its text is kept: a later
event with the same beginning and end, and between them the inside of a JSON string, says another
text and nothing else. That costs two comparisons of strings.
"""

from __future__ import annotations

import json
import re
from functools import cache

_STRING = r'(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*+'
"""The inside of a JSON string (RFC 8259 section 7)."""
_PLAIN_TEXT = re.compile(_STRING)


class RepeatedEvents:
    """The beginning and the end of events whose text is the member of one name."""

    __slots__ = ("_head", "_kind", "_member", "_tail")

    def __init__(self, member: str) -> None:
        self._member = _pattern_of(member)
        self._kind = self._head = self._tail = ""

    def text_of(self, kind: str, data: str) -> str | None:
        """Return the text of an event that is like the known one; None for any other."""
        head, tail = self._head, self._tail
        if not head or kind != self._kind or not data.startswith(head) or not data.endswith(tail):
            return None
        start, end = len(head), len(data) - len(tail)
        if end < start:
            return None
        inside = data[start:end]
        # Most texts have nothing that JSON escapes, which is seen faster than by the pattern.
        if inside.isprintable() and '"' not in inside and "\\" not in inside:
            return inside
        return None if _PLAIN_TEXT.fullmatch(inside) is None else _unescaped(inside)

    def learn(self, kind: str, data: str, text: str) -> None:
        """Keep what stands around the text of an event, if that is certain."""
        places = list(self._member.finditer(data))
        if len(places) == 1 and _unescaped(places[0][1]) == text:
            self._kind = kind
            self._head, self._tail = data[: places[0].start(1)], data[places[0].end(1) :]

    def forget(self) -> None:
        """Know no event any more."""
        self._head = self._tail = ""


@cache
def _pattern_of(member: str) -> re.Pattern[str]:
    """Return the pattern of a member whose value is a string."""
    return re.compile(rf'"{re.escape(member)}" ?: ?"({_STRING})"')


def _unescaped(inside: str) -> str:
    """Return what the inside of a JSON string says."""
    return str(json.loads(f'"{inside}"')) if "\\" in inside else inside

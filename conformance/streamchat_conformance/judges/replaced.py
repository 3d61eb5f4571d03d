"""Characters of a request that come back as U+FFFD."""

from __future__ import annotations

import re

from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.payload import REPLACEMENT
from streamchat_conformance.judges.reading import Reading

_AROUND = 6
"""How much text around a replaced character has to be the request's."""
_GAP = re.compile(f"(.{{0,{_AROUND}}}){REPLACEMENT}+(.{{0,{_AROUND}}})", re.DOTALL)


def judge_replaced(reading: Reading, answer: str) -> list[Nonconformity] | None:
    """Return what is wrong if a whole answer has U+FFFD where the request has a character.

    A model may well make half a character of its own, and one that is cut at its limit leaves half
    a character behind: only what the request has is known to be whole.
    """
    texts = [text for text in reading.texts if not text.isascii()]
    if not texts or any(REPLACEMENT in text for text in texts):
        return None
    replaced = next((gap for gap in _GAP.finditer(answer) if _is_of(gap, texts)), None)
    if replaced is None:
        return []
    message = "a character of the request came back as U+FFFD: its bytes were cut in two"
    expected = "the character itself"
    return [Nonconformity(message, expected, repr(replaced[0]))]


def _is_of(gap: re.Match[str], texts: list[str]) -> bool:
    """Return whether the text around a replacement is the request's, with characters there."""
    before, after = gap[1].rpartition(REPLACEMENT)[2], gap[2].partition(REPLACEMENT)[0]
    if len(before) + len(after) < _AROUND:
        return False
    wanted = re.compile(re.escape(before) + r"[^\x00-\x7f]{1,4}" + re.escape(after))
    return any(wanted.search(text) for text in texts)

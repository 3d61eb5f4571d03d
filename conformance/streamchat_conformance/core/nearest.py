"""What was probably meant by a word that is none of the known ones: hints for error messages."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable


def nearest_of(word: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return the known words that are most like a word, the nearest first.

    `most` is how many, `cutoff` how alike they are at least: from 0, anything, to 1, the same.
    """
    words = [str(each) for each in known if str(each)]
    near = difflib.get_close_matches(word, words, n=most, cutoff=cutoff)
    if near:
        return near
    # As it is written elsewhere: keep_alive, KeepAlive, "keep-alive", KEEPALIVE.
    plain = {_plain(each): each for each in words if _plain(each)}
    alike = difflib.get_close_matches(_plain(word), plain, n=most, cutoff=cutoff)
    return [plain[each] for each in alike]


def did_you_mean(words: Iterable[str]) -> str:
    """Return the question whether one of some words was meant; empty where there is none."""
    quoted = " or ".join(repr(word) for word in words)
    return f"did you mean {quoted}?" if quoted else ""


def nearest(word: str, known: Collection[str], *, list_all: bool = False) -> str:
    """Return a hint at what was meant: the nearest of the known words, or else all of them.

    With `list_all`, all of them follow the nearest one, too. They are listed in their order, and
    those of a set by name.
    """
    hint = did_you_mean(nearest_of(word, known))
    if hint and not list_all:
        return hint
    listed = sorted(known) if isinstance(known, set | frozenset) else known
    return f"{hint} known are {', '.join(filter(None, listed))}".lstrip()


def _plain(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())

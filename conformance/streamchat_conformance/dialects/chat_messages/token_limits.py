"""Limits of tokens, and whether an answer keeps one."""

from __future__ import annotations

SHORT_CAP = 8
"""A limit that the answer to a request for a long text reaches (tokens)."""


def exceeds(tokens: int | None, cap: int) -> bool:
    """Return whether an answer is known to have more tokens than its limit.

    Servers that count the token which ends an answer report one more.
    """
    return tokens is not None and tokens > cap + 1

"""How often a requirement was seen broken, in words."""

from __future__ import annotations


def seen_in(broken: int, examples: int) -> str:
    """Return in how many of the exchanges that decided a requirement it was broken, or "".

    That says whether a fault is there always, or now and then. `broken` is 0 where nobody counted.
    """
    if not 0 < broken <= examples:
        return ""
    if examples == 1:
        return "in the one exchange that decides it"
    if broken == examples:
        return f"in all {examples} exchanges that decide it"
    return f"in {broken} of {examples} exchanges that decide it"

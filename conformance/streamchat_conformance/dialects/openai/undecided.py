"""Requirements on which another fault of the same stream leaves nothing to say."""

from __future__ import annotations

from collections.abc import Container, Iterator

ORDER = (
    "openai.role-once",
    "openai.nothing-after-finish",
    "openai.finish-once",
    "openai.finish-last",
)
OF_WHAT_CAME = (
    "openai.role-present",
    "openai.finish-present",
    "openai.n-choices",
    "openai.usage-honoured",
    "openai.usage-plausible",
    "openai.tool-head",
    "openai.tool-index-dense",
    "openai.tool-arguments-json",
)
"""What an event that cannot be read may have said: without it, nothing is known to be absent."""
OF_CALLS = (
    *("openai.tool-index-dense", "openai.tool-index-distinct", "openai.tool-head"),
    *("openai.tool-head-once", "openai.tool-id-stable", "openai.tool-arguments-json"),
    "openai.tool-arguments-once",
)
"""What is said of the calls of one choice."""
OF_CHOICES = (
    *ORDER,
    "openai.role-present",
    "openai.finish-present",
    "openai.n-choices",
    "openai.n-order",
)
"""What is said of each choice by its index."""


def undecided(found: Container[str], *, gapped: bool, choices: int) -> Iterator[str]:
    """Yield what a stream does not decide, given the requirements that it breaks.

    `gapped` says that an event of it cannot be read, `choices` how many were asked for.
    """
    if gapped:
        yield from OF_WHAT_CAME
    if "openai.nothing-after-finish" in found:
        # A reason that comes too early, be it in every chunk, is one fault: the right one, and the
        # chunks between them, are no others.
        yield from ("openai.finish-once", "openai.finish-last")
    if choices == 1 and "openai.choice-index" in found:
        # Several choices may stand where one was asked for: taken for one they have no order.
        yield from (*ORDER, *OF_CALLS)
    if choices > 1:
        # Choices that cannot be distinguished from each other have no order.
        if "openai.choice-index" in found:
            yield from OF_CHOICES
        if "openai.n-choices" in found:
            yield from ORDER

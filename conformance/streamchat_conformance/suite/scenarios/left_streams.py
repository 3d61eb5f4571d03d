"""A stream that is left, and what the next ones say of what it had still to say.

A server that keeps the pieces of a stream for whoever reads next gives them to the client that
comes after one which went away.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.suite.scenarios.strays import left_before
from streamchat_conformance.suite.target.stop_conditions import Answered
from streamchat_conformance.suite.verdicts.judged import violation

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.target import Target

LEFT, AFTER = 2, 2
"""How many streams are left, and how many are asked for after each."""
LEFT_COST = LEFT * (1 + AFTER)
"""How many requests that takes."""


def check_after_left(
    target: Target,
    row: str,
    leaving: Body,
    ask: Callable[[str], Reading],
    said: Callable[[Reading], str],
    *,
    alone: str,
    left: Collection[str],
) -> None:
    """Check that streams after one that was left say nothing that it had still to say.

    `leaving` is the request whose stream is left. `ask` sends another one, labelled as reports
    show it, and reads its stream to the end; `said` returns the text of that stream. `alone` is
    what it says alone, and `left` has the texts of the streams that are left, read to their end.
    Raises what the requirement `row` raises.
    """
    data = target.encode(HttpRequest.chat(leaving))
    for _ in range(LEFT):
        with target.connect() as connection:
            target.record(connection, data, Answered(), "a stream that is left")
        for _ in range(AFTER):
            reading = ask("after a stream that was left")
            if stray := left_before(alone, said(reading), left):
                message = f"it begins with {stray[:80]!r}, which a stream that was left before"
                message = f"{message} had still to say"
                raise violation(row, message, "an answer to its own request", reading)

"""Requests that are to be served like the plain one, whatever else is special in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.verdicts.outcomes import Blocked

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.suite.target.target import Target

REPEATS = 2
"""How often a request that was not served is sent again: what is served then fails by chance."""


def first_unlike(
    target: Target, requests: Sequence[HttpRequest], *, label: str
) -> tuple[HttpRequest, Reading] | None:
    """Return the first request that is not served as the plain one is, and its answer.

    None when all are. Raises Blocked where plain requests bring no stream.
    """
    target.require_stream()
    readings = target.send_all(requests, label=label, observe=False)
    for request, reading in zip(requests, readings, strict=True):
        if reading.overloaded or _served(target, reading):
            target.ledger.observe_reading(reading)
        elif _always(target, request, reading, label):
            return request, reading
        else:
            # It fails now and then, as a plain request may: that has its own requirement.
            target.ledger.observe_reading(reading)
    return None


def _always(target: Target, request: HttpRequest, first: Reading, label: str) -> bool:
    """Return whether a request is never served, while a plain one is.

    One that was waited for until the limit is not sent again: that takes too long.
    """
    unanswered = first.head is None and not first.closed
    for _ in range(0 if unanswered else REPEATS):
        again = target.send(request, label=label, observe=False)
        if again.overloaded or _served(target, again):
            return False
    plain = target.chat(target.plain(), label="a plain request, to compare")
    if not _served(target, plain):
        raise Blocked(target.dialect.plain_row, "plain requests are not served any more")
    return True


def _served(target: Target, reading: Reading) -> bool:
    """Return whether a request got an event stream, as plain requests do, or took up an upgrade."""
    if reading.switched_as_offered:
        return True
    same = reading.accepted and reading.essence == target.baseline.essence
    return same and reading.is_stream and bool(reading.events)

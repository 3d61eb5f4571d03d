"""Whether the work at hand overlaps with other cases, and what ends it there.

What goes wrong next to other cases may be due to them. So nothing that is found then counts: the
case ends at once, and runs again on its own. Only sound exchanges are entered from overlapped work.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.suite.verdicts.causes import NEVER_5XX

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading

HELD_UP_FACTOR = 2
"""How many times as long is listened next to other cases."""

ABOUT_THE_REQUEST = (501, 505)
"""Statuses from 500 on that say nothing of the server's state (RFC 9110 section 15.6)."""

_OVERLAPS: ContextVar[bool] = ContextVar("streamchat-overlaps", default=False)
_HOSTILE: ContextVar[bool] = ContextVar("streamchat-hostile", default=False)
"""Whether the requests are such that closing the connection may well be the answer."""
_ONE_BY_ONE: ContextVar[bool] = ContextVar("streamchat-one-by-one", default=False)
"""Whether the case has one request under way at a time, so that its end is known by it."""


class Disturbed(BaseException):
    """Ends a case that overlaps with others, and has met what they may have caused."""

    def __init__(self, *, reading: Reading | None = None, ids: Collection[str] = ()) -> None:
        super().__init__(", ".join(sorted(ids)) or "a request was not served as expected")
        self.reading = reading
        """The exchange that was not served, if that is the reason."""
        self.ids = frozenset(ids)
        """The requirements that an exchange breaks, if those are."""

    @property
    def failed(self) -> bool:
        """Whether a request was not served though the server did not say "not now"."""
        reading = self.reading
        return reading is not None and not (reading.overloaded or reading.limited_or_refused)


@contextmanager
def overlapping(*, hostile: bool = False, one_by_one: bool = False) -> Iterator[None]:
    """Mark the work inside as overlapping with other cases, as `hostile`, and as `one_by_one`."""
    token, token_of_hostile = _OVERLAPS.set(True), _HOSTILE.set(hostile or _HOSTILE.get())
    token_of_order = _ONE_BY_ONE.set(one_by_one or _ONE_BY_ONE.get())
    try:
        yield
    finally:
        _OVERLAPS.reset(token)
        _HOSTILE.reset(token_of_hostile)
        _ONE_BY_ONE.reset(token_of_order)


def overlaps() -> bool:
    """Return whether this work overlaps with other cases."""
    return _OVERLAPS.get()


def one_by_one() -> bool:
    """Return whether this work has one request under way at a time, while others have theirs."""
    return _ONE_BY_ONE.get()


def listening_s(seconds: float) -> float:
    """Return how long to listen for what must not come (seconds).

    Next to other cases it is twice as long: they may hold up what would come.
    """
    return HELD_UP_FACTOR * seconds if overlaps() else seconds


def require_served(reading: Reading) -> None:
    """Raise Disturbed where overlapped work was not served: others may be the reason."""
    if overlaps() and not _served(reading):
        raise Disturbed(reading=reading, ids=[NEVER_5XX] if _failed(reading) else [])


def _failed(reading: Reading) -> bool:
    """Return whether the answer is an internal error, and not one that says "not now"."""
    unready = reading.overloaded or reading.limited_or_refused
    return reading.status >= 500 and reading.status not in ABOUT_THE_REQUEST and not unready


def _served(reading: Reading) -> bool:
    """Return whether an answer came that is neither cut nor about the state of the server."""
    if reading.head is None and reading.closed:
        return _HOSTILE.get()
    if reading.head is None or reading.exchange.ending is Ending.TIMED_OUT:
        return False
    if reading.closed and not reading.response.complete:
        return False
    return not (_failed(reading) or reading.overloaded or reading.limited_or_refused)

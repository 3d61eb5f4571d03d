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

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading

_OVERLAPS: ContextVar[bool] = ContextVar("streamchat-overlaps", default=False)


class Disturbed(BaseException):
    """Ends a case that overlaps with others, and has met what they may have caused."""

    def __init__(self, *, reading: Reading | None = None, ids: Collection[str] = ()) -> None:
        super().__init__(", ".join(sorted(ids)) or "a request was not served as expected")
        self.reading = reading
        """The exchange that was not served, if that is the reason."""
        self.ids = frozenset(ids)
        """The requirements that an exchange breaks, if those are."""


@contextmanager
def overlapping() -> Iterator[None]:
    """Mark the work inside as overlapping with other cases."""
    token = _OVERLAPS.set(True)
    try:
        yield
    finally:
        _OVERLAPS.reset(token)


def overlaps() -> bool:
    """Return whether this work overlaps with other cases."""
    return _OVERLAPS.get()


def require_served(reading: Reading) -> None:
    """Raise Disturbed where overlapped work was not served: others may be the reason."""
    if overlaps() and not _served(reading):
        raise Disturbed(reading=reading)


def _served(reading: Reading) -> bool:
    """Return whether an answer came that is neither cut nor about the state of the server."""
    if reading.head is None or reading.exchange.ending is Ending.TIMED_OUT:
        return False
    if reading.closed and not reading.response.complete:
        return False
    return reading.status < 500 and not reading.overloaded and not reading.limited_or_refused

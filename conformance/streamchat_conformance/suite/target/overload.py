"""Servers that say "not now": 503 or 429. They are waited for (see `Retries`), and never judged.

How many streams a server takes is its own choice, and the suite itself opens many: what its slow
observations take alongside the cases may be all there is. How many requests it takes in a minute
is its own choice, too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Protocol, TypeVar

from streamchat_conformance.core.http_request import Body, HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.budget.retries import TOO_MANY_REQUESTS, Retries, asked_pause_s
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.bounds import RunBounds
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable, NotTestable

CERTAIN_REFUSALS = 3
"""How many answers of 429 to invalid requests, while plain ones are served, show a refusal."""

Result = TypeVar("Result")


class PatientSubject(Protocol):
    """What a case is run on, as far as waiting is concerned."""

    @property
    def bounds(self) -> RunBounds:
        """What bounds the run."""


Subject = TypeVar("Subject", bound=PatientSubject)


class RoomSubject(PatientSubject, Protocol):
    """What may have no room for a plain request."""

    @property
    def baseline(self) -> Baseline:
        """What a plain request got."""

    def plain(self) -> Body:
        """Return the plainest request."""

    def send(self, request: HttpRequest, *, label: str, observe: bool, patient: bool) -> Reading:
        """Send a request on a connection of its own; return the reading of its answer."""


class NoRoom(NotApplicable):
    """A case met an overloaded server where it cannot ask again by itself."""

    def __init__(self, status: int, asked_s: float | None) -> None:
        super().__init__(f"the server put the request off for too long ({status})")
        self.status = status
        self.asked_s = asked_s


def asked_by(reading: Reading) -> float | None:
    """Return how long an answer asks to be left alone (seconds), or None."""
    return asked_pause_s(reading.head.first) if reading.head is not None else None


def rate_limited(reading: Reading) -> bool:
    """Return whether a request was put off because there were too many in a time."""
    return reading.overloaded and reading.status == TOO_MANY_REQUESTS


class LimitCheck:
    """Finds out whether 429 to an invalid request, without a time to come back, means a limit.

    It does where a plain request gets 429 at that time as well. Where plain requests are served,
    the limit may have ended meanwhile: 429 is how this server refuses only if it says so again.
    """

    def __init__(
        self, ask_plain: Callable[[str], Reading | None], enter: Callable[[Reading], Reading]
    ) -> None:
        self._ask_plain = ask_plain
        self._enter = enter
        self._served = 0
        """How often in a row no plain request was put off at such a time."""

    def limits(self, reading: Reading) -> bool:
        """Return whether an answer to a request that can be repeated may be a limit."""
        if not self._is_doubtful(reading):
            return False
        self._served = 0 if self.limits_now(reading) else self._served + 1
        return self._served < CERTAIN_REFUSALS

    def limits_now(self, reading: Reading) -> bool:
        """Return whether a plain request is put off right after an answer that may be a limit."""
        if not self._is_doubtful(reading):
            return False
        plain = self._ask_plain("whether plain requests are too many as well")
        return plain is not None and plain.overloaded

    def _is_doubtful(self, reading: Reading) -> bool:
        return self._served < CERTAIN_REFUSALS and reading.limited_or_refused

    def observe(self, reading: Reading) -> Reading:
        """Enter what came on a connection, unless it says only that there is a limit."""
        return reading if self.limits_now(reading) else self._enter(reading)


def admitted(reading: Reading) -> Reading:
    """Return a reading. Raises NoRoom when it is a "not now"."""
    if reading.overloaded:
        raise NoRoom(reading.status, asked_by(reading))
    return reading


def with_room(attempt: Callable[[], Result], retries: Retries) -> Result:
    """Return what an attempt returns; made again, after a pause, while it raises NoRoom."""
    retry = retries.begin()
    while True:
        try:
            result = attempt()
        except NoRoom as full:
            if not retry.again(full.status, full.asked_s):
                raise
        else:
            retry.served()
            return result


def require_room(target: RoomSubject) -> None:
    """Raise NotTestable where a plain request has been put off for as long as one waits for it.

    A target that has never served anybody shows nothing, however often it is asked.
    """
    retries = target.bounds.retries
    if target.baseline.accepted or not retries.put_off:
        return
    request = HttpRequest.chat(target.plain())
    label = "whether there is room by now"
    reading = target.send(request, label=label, observe=False, patient=False)
    if reading.overloaded:
        raise NotTestable(
            f"the server answers a valid request with {reading.status} and Retry-After, and has no "
            f"room after {retries.waited_s:.0f} s of waiting",
            "wait until it has started or has room, or give the suite a server of its own",
        )


def needs_room(case: Callable[[Subject], None]) -> Callable[[Subject], None]:
    """Make a case that begins again when the server says "not now" on one of its connections."""

    @functools.wraps(case)
    def test(target: Subject) -> None:
        with_room(lambda: case(target), target.bounds.retries)

    return test

"""A load plan: how many users at which time, or which arrivals."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random


LOOK_AHEAD_S = 1.0
"""How far a waiting user looks ahead."""

LOOK_STEPS = 50
"""At how many instants of that it looks."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of an open plan: when it is due (seconds from the start), and its padding.

    `cap` is the most tokens that its answer may have; None is the dialect's own limit.
    """

    at_s: float
    pad_bytes: int = 0
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class UserBehaviour:
    """How the users of a plan act on their streams."""

    abandon_share: float = 0.0
    """Share of streams that the client cuts off at a random event."""
    invalid_share: float = 0.0
    """Share of requests that are invalid."""
    slow_share: float = 0.0
    """Share of users that read slowly."""
    read_bytes_per_s: float | None = None
    """How fast slow users read."""
    receive_buffer_bytes: int | None = None
    """Receive buffer of slow users."""
    fresh_connections: bool = False
    """Open a new connection for each request."""
    storm_every_s: float | None = None
    """How often all users drop their connections together and open new ones."""
    turns: int = 1
    """Turns of a conversation: the history grows with each."""
    think_s: tuple[float, float] = (0.0, 0.0)
    """Shortest and longest pause before a user's next request."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """A profile with its parameters: pure data and functions of time.

    Either `users` gives how many users are active at a time, or `arrivals` yields requests
    that are sent whether or not earlier ones are answered.
    """

    duration_s: float
    phases: tuple[tuple[float, str], ...]
    """Where each phase starts (seconds, rising, the first at 0), and its name."""
    users: Callable[[float], int] | None = None
    most_users: int = 1
    arrivals: Callable[[Random], Iterator[Arrival]] | None = None
    behaviour: UserBehaviour = UserBehaviour()

    def phase_at(self, at_s: float) -> str:
        """Return the name of the phase at a time."""
        place = bisect_right([start for start, _ in self.phases], at_s) - 1
        return self.phases[max(0, place)][1]

    def mean_users(self) -> float | None:
        """Return how many users are active on average; None for a plan of arrivals."""
        if self.users is None:
            return None
        samples = [self.users(self.duration_s * (n + 0.5) / 1000) for n in range(1000)]
        return sum(samples) / len(samples)

    def users_until(self, at_s: float) -> int:
        """Return the most users that were active up to a time: how many must exist."""
        if self.users is None:
            return 1
        starts = [start for start, _ in self.phases if start <= at_s]
        return max(self.users(at_s), *(self.users(start) for start in starts), 1)

    def turn_s(self, number: int, at_s: float) -> float:
        """Return when a user that has nothing to do is to check again: within a second.

        That is when the number of users includes this one, to a fiftieth of a second.
        """
        limit_s = min(at_s + LOOK_AHEAD_S, max(self.duration_s, at_s))
        if self.users is None:
            return limit_s
        steps = (at_s + LOOK_AHEAD_S * step / LOOK_STEPS for step in range(1, LOOK_STEPS))
        phases = (start for start, _ in self.phases if start > at_s)
        moments = sorted(moment for moment in (*steps, *phases) if moment < limit_s)
        return next((moment for moment in moments if number < self.users(moment)), limit_s)

    def dealt(self, rng: Random, slot: int, slots: int) -> Iterator[Arrival]:
        """Yield the arrivals of one of several processes.

        All processes draw the same arrivals (the same seed) and take them in turn, so that each
        arrival belongs to exactly one process.
        """
        if self.arrivals is None:
            return
        for number, arrival in enumerate(self.arrivals(rng)):
            if number % slots == slot:
                yield arrival


def constant(users: int) -> Callable[[float], int]:
    """Return a plan's `users` for a fixed number of users."""
    return lambda _at_s: users


def poisson(rate_per_s: float, duration_s: float) -> Callable[[Random], Iterator[Arrival]]:
    """Return arrivals with exponential times between them."""

    def arrivals(rng: Random) -> Iterator[Arrival]:
        at_s = rng.expovariate(rate_per_s)
        while at_s < duration_s:
            yield Arrival(at_s)
            at_s += rng.expovariate(rate_per_s)

    return arrivals

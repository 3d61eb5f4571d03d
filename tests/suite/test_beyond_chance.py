"""Streams that are late because of others are distinguished from those that are late by chance."""

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.scenarios.beyond_chance import late_beyond_chance, probability
from streamchat_conformance.suite.scenarios.concurrency import StreamGroup, late_streams
from streamchat_conformance.suite.target.latency_baseline import LatencyBaseline
from streamchat_conformance.suite.target.target import Target

from .exchanges import chat, exchange

Draw = Callable[[random.Random], float]
TRIALS = 100
ROUNDS = 3


def uniform(rng: random.Random) -> float:
    """Return the time to think of a server that thinks for up to 3.5 s."""
    return rng.uniform(0.0, 3.5)


def exponential(rng: random.Random) -> float:
    return rng.expovariate(1.0)


def now_and_then(rng: random.Random) -> float:
    """Return the time of a server that takes three seconds for one request in ten."""
    return rng.uniform(3.0, 3.1) if rng.random() < 0.1 else 0.01


def steady(rng: random.Random) -> float:
    """Return the time of a server that takes the same time always, on a busy machine."""
    return rng.uniform(0.005, 0.05) if rng.random() < 0.97 else rng.uniform(0.1, 0.5)


def after_a_second(rng: random.Random) -> float:
    return 1.0 + rng.uniform(0.0, 0.05)


def _stream(first_s: float, ended_at_s: float) -> Reading:
    """Return the reading of a stream with one event, which ended by itself."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 23\r\n\r\n"
    reads = (Read(first_s, head), Read(first_s, b'data: {"response":""}\n\n'))
    return Reading(Exchange(request=exchange(chat()).request, reads=reads, ended_at_s=ended_at_s))


class Simulation:
    """A server with some slots whose streams last a while, after a time to think."""

    def __init__(self, seed: int, think: Draw, samples: int, slots: int = 64) -> None:
        self._rng = random.Random(seed)
        self._think = think
        self._slots = slots
        latency = LatencyBaseline()
        for _ in range(samples):
            latency.note(_stream(think(self._rng), 9.0))
        self.target = cast(
            Target,
            SimpleNamespace(
                known=SimpleNamespace(latency=latency, first_event_s=latency.first_event_s),
                baseline=SimpleNamespace(duration_s=1.0),
            ),
        )

    def group(self, count: int) -> StreamGroup:
        """Return streams that were opened together."""
        free_at_s = [0.0] * self._slots
        readings = []
        for _ in range(count):
            slot = min(range(self._slots), key=free_at_s.__getitem__)
            first_s = free_at_s[slot] + self._think(self._rng)
            free_at_s[slot] = first_s + 0.8
            readings.append(_stream(first_s, first_s + 0.8))
        return StreamGroup(readings, [0.0] * count)

    def late(self, count: int) -> bool:
        """Return whether streams are late, as a case finds it out."""
        groups = [self.group(count) for _ in range(ROUNDS)]
        if not all(late_streams(self.target, group) for group in groups):
            return False
        return bool(late_beyond_chance(self.target, groups, lambda: self.group(count)))


@pytest.mark.parametrize("count", [4, 16])
@pytest.mark.parametrize(
    ("think", "samples"), [(uniform, 12), (exponential, 12), (now_and_then, 48), (steady, 48)]
)
def test_a_server_that_takes_random_times_is_late_by_chance(
    think: Draw, samples: int, count: int
) -> None:
    late = sum(Simulation(seed, think, samples).late(count) for seed in range(TRIALS))
    assert late <= TRIALS * 0.02


@pytest.mark.parametrize(
    ("slots", "count"), [(1, 4), (2, 4), (3, 4), (4, 16), (8, 16), (12, 16), (15, 16)]
)
@pytest.mark.parametrize(("think", "samples"), [(after_a_second, 4), (after_a_second, 6)])
def test_streams_that_wait_for_a_slot_are_late(
    think: Draw, samples: int, slots: int, count: int
) -> None:
    assert all(Simulation(seed, think, samples, slots).late(count) for seed in range(20))


@pytest.mark.parametrize(("slots", "count"), [(1, 4), (2, 4), (3, 4), (4, 16), (8, 16), (12, 16)])
def test_streams_that_wait_for_a_slot_are_late_on_a_busy_machine(slots: int, count: int) -> None:
    late = sum(Simulation(seed, steady, 48, slots).late(count) for seed in range(TRIALS))
    assert late >= TRIALS * 0.99


def test_the_latest_of_all_streams_are_seldom_all_of_one_kind() -> None:
    assert probability(0, 10, 10, 0) == 1.0
    assert probability(1, 10, 10, 0) == 0.5
    assert probability(10, 10, 10, 0) == pytest.approx(1 / 184_756)
    assert probability(3, 3, 3, 3) == 1.0

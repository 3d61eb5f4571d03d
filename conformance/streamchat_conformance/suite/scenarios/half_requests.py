"""Clients that send half a request and keep the connection: half a head, or half a body.

A server whose threads each wait for such a client is stopped by as many clients as it has
threads. A few of them every server has to bear. How many more depends on what it is made for: one
that serves forty streams at once has forty threads, and forty half requests take them all, as
forty streams would. That limits how much it serves. But where many half requests stop a server
that as many streams do not stop, what reads requests is scarcer than what serves them.

All kinds are tried: what reads heads need not be what reads bodies, nor what reads bodies with a
length what reads chunked ones.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.suite.scenarios.chunked_requests import in_one_chunk
from streamchat_conformance.suite.scenarios.concurrency import (
    WATCHED_S,
    StreamGroup,
    served_alongside,
    serves_within,
)
from streamchat_conformance.suite.scenarios.keepalive import served_alone
from streamchat_conformance.suite.scenarios.prerequisites import ROUNDS_TO_COUNT
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import SLOW_FIRST_EVENT_S
from streamchat_conformance.suite.verdicts.outcomes import NotTestable

if TYPE_CHECKING:
    from streamchat_conformance.judges import Reading
    from streamchat_conformance.recorder import Connection
    from streamchat_conformance.suite.target.target import Target

SLOW_REQUEST = "resilience.slow-request"
SLOW_REQUEST_MANY = "resilience.slow-request-many"

FEW_HALF_REQUESTS = 18
"""This many clients that send half a request every server has to bear.

Pools often have sixteen workers, or 64. Which requests a pool takes up first is chance where there
are just as many: so there are two more.
"""
MANY_HALF_REQUESTS = 66
"""This many, where it serves more streams than that at once."""
TAKEN_UP_S = (0.1, 0.4, 1.0)
"""How long a server may take to begin to read what was sent, in each of some tries (seconds)."""
SURELY_LASTS = 0.8
"""The share of a stream's measured time that each lasts at least: a measurement may be too long."""
SHORT_STREAM_S = 0.25
"""Whether streams wait for each other does not show where they last no longer (seconds)."""
_STOP_NOBODY = "half requests stop nobody"

HEADS, BODIES, CHUNKED_BODIES = KINDS = ("half a head", "half a body", "half a chunked body")


def halves_of(target: Target, kinds: Sequence[str]) -> list[bytes]:
    """Return beginnings of requests of some kinds, each cut at another place."""
    whole = target.encode(HttpRequest.chat(target.plain()))
    body_at = whole.index(b"\r\n\r\n") + 4
    in_chunks = target.encode(in_one_chunk(target))
    chunks_at = in_chunks.index(b"\r\n\r\n") + 4
    data_at = in_chunks.index(b"\r\n", chunks_at) + 2
    halves = {
        HEADS: [whole[: body_at // 2], whole[: body_at - 2], whole[:7]],
        BODIES: [whole[: body_at + 5], whole[:body_at], whole[:-1]],
        CHUNKED_BODIES: [in_chunks[: data_at + 5], in_chunks[:chunks_at], in_chunks[:-5]],
    }
    # One of each kind, then the next one of each.
    return [half for same in zip(*(halves[kind] for kind in kinds), strict=True) for half in same]


@contextlib.contextmanager
def send_halves(
    target: Target,
    count: int = MANY_HALF_REQUESTS,
    kinds: Sequence[str] = KINDS,
    *,
    taken_up_s: float = TAKEN_UP_S[0],
) -> Iterator[list[Connection]]:
    """Send half requests on connections of their own, and hold those open; closed at the end."""
    halves = halves_of(target, kinds)
    connections: list[Connection] = []
    try:
        with target.probe.under_load():
            for number in range(count):
                try:
                    connection = target.connect()
                except NotTestable:
                    # A server may take no more connections than it can serve.
                    if not connections:
                        raise
                    break
                connections.append(connection)
                connection.send(halves[number % len(halves)])
            target.pause(taken_up_s)
            yield connections
    finally:
        for connection in connections:
            connection.close()


@dataclass(frozen=True, slots=True)
class StoppedByHalves:
    """How clients that send half a request stopped the others."""

    requirement: str
    """The requirement that this breaks."""
    message: str
    reading: Reading


def stopped_by_halves(target: Target) -> StoppedByHalves | None:
    """Return how half requests stop others on this target, or None."""
    if _STOP_NOBODY in target.known.once:
        return None
    # Of a slow target one group of all kinds is asked, or it takes minutes.
    slow = target.baseline.first_event_s >= SLOW_FIRST_EVENT_S
    for kinds in [KINDS] if slow else [KINDS, *((kind,) for kind in KINDS)]:
        # Which requests are good is found out while nobody is in their way.
        good = _good_requests(target, kinds)
        many = _stopped_by(target, MANY_HALF_REQUESTS, kinds, good)
        if many is None:
            continue
        few = _stopped_by_few(target, kinds)
        if few is not None:
            return StoppedByHalves(SLOW_REQUEST, *few)
        id_ = SLOW_REQUEST if _serves_more_than(target, MANY_HALF_REQUESTS) else SLOW_REQUEST_MANY
        return StoppedByHalves(id_, *many)
    target.known.once.add(_STOP_NOBODY)
    return None


def _stopped_by_few(target: Target, kinds: Sequence[str]) -> tuple[str, Reading] | None:
    """Return how a few half requests of one of some kinds stop others, or None."""
    for kind in kinds:
        if not _has_recovered(target):
            return None
        if stopped := _stopped_by(
            target, FEW_HALF_REQUESTS, (kind,), _good_requests(target, (kind,))
        ):
            return stopped
    return None


def _stopped_by(
    target: Target, count: int, kinds: Sequence[str], good: Sequence[HttpRequest]
) -> tuple[str, Reading] | None:
    """Return what becomes of good requests while clients hold half requests, if it is bad."""
    what = "have sent " + " or ".join(kinds)
    if len(good) > 1 and _all_served(target, count, kinds, good):
        return None
    for request in good:
        # A server that ends half requests after a while was stopped until then. One that takes
        # long by itself, or to accept that many, does not do so every time.
        for taken_up_s in TAKEN_UP_S:
            with send_halves(target, count, kinds, taken_up_s=taken_up_s) as halves:
                problem, reading = served_alongside(target, halves, what, request=request, tries=1)
            if not problem:
                break
        else:
            if reading.events and _is_late_alone(target, request):
                return None
            return f"while {len(halves)} clients {what} {problem}", reading
    return None


def _is_late_alone(target: Target, request: HttpRequest) -> bool:
    """Return whether a good request is late with nobody in its way: then the machine is busy."""
    if not _has_recovered(target):
        return False
    label = "alone, to know how late it is then"
    tries = range(ROUNDS_TO_COUNT)
    return any(serves_within(target, label, tries=1, request=request)[0] for _ in tries)


def _has_recovered(target: Target) -> bool:
    """Return whether good requests are served; what was stopped may need a moment."""
    return any(target.liveness.serves() for _ in range(ROUNDS_TO_COUNT))


def _all_served(
    target: Target, count: int, kinds: Sequence[str], good: Sequence[HttpRequest]
) -> bool:
    """Return whether good requests are all served while the same clients hold half requests."""
    with send_halves(target, count, kinds) as halves:
        label = f"while {len(halves)} clients have sent {' or '.join(kinds)}"

        def problem(request: HttpRequest) -> str:
            return serves_within(target, label, tries=1, accept_503=True, request=request)[0]

        return not any(run_together(problem, good, at_once=len(good)))


def _serves_more_than(target: Target, count: int) -> bool:
    """Return whether more than `count` streams are served at once; False where it does not show."""
    baseline = target.baseline
    lasts_s = baseline.duration_s - baseline.first_event_s if baseline.finite else WATCHED_S
    if lasts_s <= SHORT_STREAM_S:
        return False
    for _ in range(ROUNDS_TO_COUNT):
        group = StreamGroup.open(target, count + count // 2)
        if group.begun_within(SURELY_LASTS * lasts_s) > count:
            return True
        target.pause(baseline.write_intervals_s)
    return False


def _good_requests(target: Target, kinds: Sequence[str]) -> list[HttpRequest]:
    """Return the requests that clients with these kinds of halves may stop."""
    plain, in_chunks = HttpRequest.chat(target.plain()), in_one_chunk(target)
    if CHUNKED_BODIES in kinds and served_alone(target, in_chunks):
        return [plain, in_chunks]
    return [plain]

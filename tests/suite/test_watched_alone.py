"""A stream that falls silent next to others is watched again, alone, where servers may queue."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.scenarios.watched_alone import watch_for_long
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.confirming import REPEATS
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.socket_server import SocketServer, receive_request

DIALECT = dialect_named("openai")
GAP = "stream.gap"
TOGETHER = 3
"""Streams that are watched together: a plain one, a large one, and one that may be coded."""
ROLE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":null}]}\n\n'
)
REST = b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


@contextmanager
def silent_behind_the_role(count: int) -> Iterator[Target]:
    """Serve streams of which the first `count` have a role alone, until their client leaves."""

    def serve(peer: socket.socket, number: int) -> None:
        receive_request(peer)
        peer.sendall(ROLE if number < count else ROLE + REST)
        if number < count:
            peer.recv(1)

    settings = Settings(
        dialect=DIALECT, gap_limit_s=0.2, observation_s=0.4, capabilities={FINITE.name: True}
    )
    ledger = Ledger(path=DIALECT.path, gap_limit_s=0.2, rules=rules_of(DIALECT.name))
    with SocketServer(serve) as server:
        target = Target(settings, Endpoint.from_url(server.url, path=DIALECT.path), ledger)
        target.baseline = Baseline(CompletionRequest(), accepted=True, streams=True)
        yield target


def test_streams_that_are_silent_only_next_to_each_other_waited_for_their_turn() -> None:
    with silent_behind_the_role(TOGETHER) as target:
        first = Observations(target).long()
        assert not first.ended
        assert not target.ledger.red(GAP)
        assert target.ledger.verdict(GAP) == 1


def test_a_stream_that_is_silent_alone_as_well_is_reported() -> None:
    with silent_behind_the_role(TOGETHER + 1 + REPEATS) as target:
        watch_for_long(target)
        assert target.ledger.red(GAP)


def test_a_stream_that_is_silent_alone_once_was_held_up() -> None:
    with silent_behind_the_role(TOGETHER + REPEATS) as target:
        watch_for_long(target)
        assert not target.ledger.red(GAP)


def test_streams_that_are_never_silent_are_not_watched_again() -> None:
    with silent_behind_the_role(0) as target:
        Observations(target).long()
        assert target.ledger.verdict(GAP) == TOGETHER

"""A stream that falls silent next to others is watched again, alone, where servers may queue."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from streamchat_conformance.catalogue import FINITE
from streamchat_conformance.dialects.openai.requests import CompletionRequest
from streamchat_conformance.dialects.registry import dialect_named
from streamchat_conformance.judges import rules_of
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.scenarios.observations import Observations
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger

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
    listener = socket.create_server(("127.0.0.1", 0))
    serving: list[threading.Thread] = []

    def serve(peer: socket.socket, number: int) -> None:
        with peer:
            request = b""
            while b"\r\n\r\n" not in request:
                request += peer.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            while len(body) < length:
                body += peer.recv(65536)
            peer.sendall(ROLE if number < count else ROLE + REST)
            if number < count:
                peer.recv(1)

    def accept() -> None:
        number = 0
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            serving.append(threading.Thread(target=serve, args=(peer, number), daemon=True))
            serving[-1].start()
            number += 1

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    endpoint = Endpoint.from_url(f"http://127.0.0.1:{listener.getsockname()[1]}", path=DIALECT.path)
    settings = Settings(
        dialect=DIALECT, gap_limit_s=0.2, observation_s=0.4, capabilities={FINITE.name: True}
    )
    rules = rules_of(DIALECT.name)
    target = Target(settings, endpoint, Ledger(path=DIALECT.path, gap_limit_s=0.2, rules=rules))
    target.baseline = Baseline(CompletionRequest(), accepted=True, streams=True)
    try:
        yield target
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *serving):
            thread.join(timeout=10.0)


def test_streams_that_are_silent_only_next_to_each_other_waited_for_their_turn() -> None:
    with silent_behind_the_role(TOGETHER) as target:
        first = Observations(target).long()
        assert not first.ended
        assert not target.ledger.red(GAP)
        assert target.ledger.verdict(GAP) == 1


def test_a_stream_that_is_silent_alone_as_well_is_reported() -> None:
    with silent_behind_the_role(TOGETHER + 1) as target:
        Observations(target).long()
        assert target.ledger.red(GAP)


def test_streams_that_are_never_silent_are_not_watched_again() -> None:
    with silent_behind_the_role(0) as target:
        Observations(target).long()
        assert target.ledger.verdict(GAP) == TOGETHER

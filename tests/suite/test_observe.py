"""A slow observation that finds the server full is made a little later."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from streamchat_conformance.catalogue import Capability
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite import room
from streamchat_conformance.suite.baseline import Baseline
from streamchat_conformance.suite.ledger import Ledger
from streamchat_conformance.suite.observe import Observations
from streamchat_conformance.suite.outcomes import NotApplicable
from streamchat_conformance.suite.settings import DeclaredRequest, Settings
from streamchat_conformance.suite.target import Target

BUSY = b"HTTP/1.1 503 X\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'1e\r\nevent: error\ndata: {"error":1}\r\n2\r\n\n\n\r\n0\r\n\r\n'
)


@contextmanager
def answering(answer: Callable[[int], bytes]) -> Iterator[Target]:
    """Serve one answer a connection, chosen by its number; yield a target with a fault declared."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        number = 0
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer:
                peer.recv(65536)
                peer.sendall(answer(number))
            number += 1

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    endpoint = Endpoint.from_url(f"http://127.0.0.1:{listener.getsockname()[1]}")
    settings = Settings(
        fault=DeclaredRequest("Please fail."), capabilities={Capability.FAULT: True}
    )
    target = Target(settings, endpoint, Ledger())
    target.baseline = Baseline(accepted=True, streams=True)
    try:
        yield target
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def test_a_declared_request_is_sent_again_while_the_server_is_full() -> None:
    with answering(lambda number: BUSY if number < 2 else STREAM) as target:
        reading = Observations(target).fault()
    assert reading.accepted
    assert [event.event.type for event in reading.events if event.event] == ["error"]


def test_a_server_that_stays_full_is_not_accused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 0.01)
    with (
        answering(lambda _: BUSY) as target,
        pytest.raises(NotApplicable, match="no room"),
    ):
        Observations(target).fault()

"""A small server that answers each connection once, and a target that stands for it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamchat_conformance.catalogue import FAULT
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import DeclaredRequest, Settings
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger
from streamchat_fixtures.socket_server import SocketServer, receive_request

BUSY = b"HTTP/1.1 503 X\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'1e\r\nevent: error\ndata: {"error":1}\r\n2\r\n\n\n\r\n0\r\n\r\n'
)


@contextmanager
def answering(answer: Callable[[int], bytes]) -> Iterator[Target]:
    """Serve one answer a connection, chosen by its number; yield a target with a fault declared."""

    def serve(peer: socket.socket, number: int) -> None:
        receive_request(peer)
        peer.sendall(answer(number))

    settings = Settings(
        fault=DeclaredRequest(ChatRequest("Please fail.")), capabilities={FAULT.name: True}
    )
    with SocketServer(serve) as server:
        target = Target(settings, Endpoint.from_url(server.url), Ledger())
        target.baseline = Baseline(ChatRequest(), accepted=True, streams=True)
        yield target

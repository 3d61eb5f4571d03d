"""A small server that answers each connection once, and a target that stands for it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamchat_conformance.catalogue import FAULT
from streamchat_conformance.dialects.stream_chat.requests import ChatRequest
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.suite.config.settings import DeclaredRequest, Settings
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger

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
        fault=DeclaredRequest(ChatRequest("Please fail.")), capabilities={FAULT.name: True}
    )
    target = Target(settings, endpoint, Ledger())
    target.baseline = Baseline(ChatRequest(), accepted=True, streams=True)
    try:
        yield target
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()

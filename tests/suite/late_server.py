"""A server that answers as a script says: sound, or not before a client left."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamchat_conformance.dialects.registry import default_dialect
from streamchat_conformance.recorder import Endpoint
from streamchat_conformance.recorder.limits import Limits
from streamchat_conformance.suite.config.settings import Settings
from streamchat_conformance.suite.target.baseline import Baseline
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.ledger import Ledger

WAIT_S = 10.0
"""Bound of every wait of the server (seconds)."""
LIMIT_S = 0.4
"""How long an answer is waited for (seconds)."""
GAP_LIMIT_S = 0.3
"""The longest silence that a stream may have in it (seconds)."""
EVENT = b'data: {"response": "a"}\n\n'
HEAD = (
    b"HTTP/1.1 200 OK\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nCache-Control: no-cache\r\n"
    b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)
SOUND = b"%x\r\n%s\r\n0\r\n\r\n" % (len(EVENT), EVENT)


@dataclass
class LateTarget:
    """A target, and how many requests its server has had."""

    target: Target
    served: list[bytes] = field(default_factory=list)


@contextmanager
def late_where(is_late: Callable[[int], bool]) -> Iterator[LateTarget]:
    """Serve streams; a request whose number (from 0) is late gets nothing until its client left."""
    listener = socket.create_server(("127.0.0.1", 0))
    endpoint = Endpoint.from_url(f"http://127.0.0.1:{listener.getsockname()[1]}")
    limits = Limits(head_s=LIMIT_S, first_event_s=LIMIT_S)
    settings = Settings(limits=limits, gap_limit_s=GAP_LIMIT_S)
    target = Target(settings, endpoint, Ledger(path=endpoint.path))
    plain = default_dialect().requests.plain[0]
    target.baseline = Baseline(plain, accepted=True, streams=True, finite=True)
    late = LateTarget(target)
    serving: list[threading.Thread] = []

    def serve(peer: socket.socket, number: int) -> None:
        with peer:
            peer.settimeout(WAIT_S)
            request = b""
            while b"\r\n\r\n" not in request:
                request += peer.recv(65536)
            late.served.append(request)
            if is_late(number):
                peer.recv(1)
            else:
                peer.sendall(HEAD + SOUND)

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            arguments = (peer, len(serving))
            serving.append(threading.Thread(target=serve, args=arguments, daemon=True))
            serving[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield late
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in (accepting, *serving):
            thread.join(timeout=WAIT_S)

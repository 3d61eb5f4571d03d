"""The floor: a gevent and httptools reader of the same streams that verifies nothing.

It counts body bytes and nothing else: no event is parsed, stamped or measured.
"""

from __future__ import annotations

import argparse
import json
import time
from urllib.parse import urlsplit

import gevent
import gevent.socket
import httptools

READ_BYTES = 65536
MESSAGES = [{"role": "user", "content": "bare"}]
BODIES = {
    "/api/stream-chat": {"prompt": "bare", "history": []},
    "/v1/chat/completions": {"model": "m", "stream": True, "messages": MESSAGES},
}


class Counter:
    """Counts the bytes of one response's body."""

    def __init__(self) -> None:
        self.body_bytes = 0
        self.complete = False

    def on_body(self, piece: bytes) -> None:
        """Count some bytes."""
        self.body_bytes += len(piece)

    def on_message_complete(self) -> None:
        """Note the end."""
        self.complete = True


def read_streams(host: str, port: int, path: str, until_s: float, totals: dict[str, int]) -> None:
    """Read stream after stream on one connection until it is time."""
    connection = gevent.socket.create_connection((host, port))
    body = json.dumps(BODIES[path]).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\n"
    fields = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    request = (head + fields).encode() + body
    while time.perf_counter() < until_s:
        connection.sendall(request)
        counter = Counter()
        parser = httptools.HttpResponseParser(counter)
        while not counter.complete:
            data = connection.recv(READ_BYTES)
            if not data:
                raise ConnectionError("the server closed in mid-stream")
            parser.feed_data(data)
        totals["streams"] += 1
        totals["body_bytes"] += counter.body_bytes
    connection.close()


def main() -> None:
    """Read with several connections for a time; print what was read as JSON."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("url")
    arguments.add_argument("--path", default="/api/stream-chat", choices=list(BODIES))
    arguments.add_argument("--streams", type=int, default=100)
    arguments.add_argument("--duration", type=float, default=5.0)
    options = arguments.parse_args()
    parts = urlsplit(options.url)
    totals = {"streams": 0, "body_bytes": 0}
    until_s = time.perf_counter() + options.duration
    cpu_s = time.process_time()
    greenlets = [
        gevent.spawn(
            read_streams, parts.hostname or "", parts.port or 80, options.path, until_s, totals
        )
        for _ in range(options.streams)
    ]
    gevent.joinall(greenlets, raise_error=True)
    print(json.dumps({**totals, "cpu_s": time.process_time() - cpu_s}))


if __name__ == "__main__":
    main()

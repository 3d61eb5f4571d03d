"""A server of evenly paced streams, made to cost little itself: the other side of benchmarks.

It speaks two dialects: `POST /api/stream-chat` with echo, and the chat completions that other
load tools ask for. One chunk is one event. With `--interval 0` events leave as fast as the
client reads. It prints its URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import statistics
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"
BATCH = 32
"""Events in one write when there is no pace to keep."""


@dataclass(frozen=True)
class Pace:
    """How many events a stream has, the time between two (seconds), and what came of it."""

    events: int
    interval_s: float
    first_events_s: list[float] | None = None
    """From a request to its first event, for each stream, where this is wanted."""
    gaps_s: list[float] = field(default_factory=list)

    def stamps(self) -> dict[str, float | int]:
        """Return what the server's own clock says of the streams so far."""
        first_events_s = self.first_events_s or []
        return {
            "streams": len(first_events_s),
            "first_event_p50_ms": statistics.median(first_events_s or [0.0]) * 1000,
            "gap_p50_ms": statistics.median(self.gaps_s or [0.0]) * 1000,
        }


class PacedConnection(asyncio.Protocol):
    """One connection: requests are answered one after another."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._sent = 0
        self._pieces: tuple[bytes, bytes, bytes] = (b"", b"", b"")
        self._due_s = self._last_s = 0.0
        self._writable = True
        self._streaming = False
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve a connection."""
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        del exc
        self._transport = None

    def pause_writing(self) -> None:
        """Wait until the client has read more."""
        self._writable = False

    def resume_writing(self) -> None:
        """Go on writing."""
        self._writable = True
        if self._streaming and not self._pace.interval_s:
            self._write_batch()

    def data_received(self, data: bytes) -> None:
        """Read requests; pipelining is not served."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if end and len(body) >= length:
            self._received = b""
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        if path == b"/api/stream-chat":
            asked = json.loads(body)
            shown = json.dumps({"prompt": asked["prompt"], "history": asked["history"]})
            self._pieces = (f"data: {shown[:-1]}, ".encode() + b'"response": "', b'"}\n\n', b"")
        elif path == b"/v1/chat/completions":
            self._pieces = completion(self._pace.events)
        else:
            models = {"object": "list", "data": [{"id": "m", "object": "model"}]}
            found = json.dumps(self._pace.stamps() if path == b"/stamps" else models)
            head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
            self._transport.write(f"{head}{len(found)}\r\n\r\n{found}".encode())
            return
        self._transport.write(HEAD)
        self._sent, self._streaming = 0, True
        self._last_s = self._loop.time()
        self._due_s = self._last_s + self._pace.interval_s
        if self._pace.interval_s:
            self._loop.call_at(self._due_s, self._write_next)
        else:
            self._write_batch()

    def _event(self) -> bytes:
        before, after, _ = self._pieces
        if self._pace.first_events_s is not None:
            self._stamp(self._pace.first_events_s)
        event = b"%btoken %05d %b" % (before, self._sent, after)
        self._sent += 1
        return b"%x\r\n%b\r\n" % (len(event), event)

    def _stamp(self, first_events_s: list[float]) -> None:
        now_s = self._loop.time()
        stamps_s = self._pace.gaps_s if self._sent else first_events_s
        stamps_s.append(now_s - self._last_s)
        self._last_s = now_s

    def _end(self) -> bytes:
        self._streaming = False
        closing = self._pieces[2]
        return (b"%x\r\n%b\r\n" % (len(closing), closing) if closing else b"") + LAST_CHUNK

    def _write_next(self) -> None:
        if self._transport is None:
            return
        data = self._event()
        if self._sent >= self._pace.events:
            self._transport.write(data + self._end())
            return
        self._transport.write(data)
        self._due_s += self._pace.interval_s
        self._loop.call_at(self._due_s, self._write_next)

    def _write_batch(self) -> None:
        while self._transport is not None and self._writable and self._streaming:
            count = min(BATCH, self._pace.events - self._sent)
            data = b"".join(self._event() for _ in range(count))
            self._transport.write(data if self._sent < self._pace.events else data + self._end())


def completion(events: int) -> tuple[bytes, bytes, bytes]:
    """Return what stands before and after each text of a completion, and how it ends.

    Each chunk has the role, as those of some servers do.
    """
    own = {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": "m",
    }
    delta = {"role": "assistant", "content": "TEXT"}
    chunk = {**own, "choices": [{"index": 0, "finish_reason": None, "delta": delta}]}
    before, after = f"data: {json.dumps(chunk)}\n\n".encode().split(b"TEXT")
    last = {**own, "choices": [{"index": 0, "finish_reason": "stop", "delta": {}}]}
    usage = {"prompt_tokens": 10, "completion_tokens": events, "total_tokens": events + 10}
    counted = {**own, "choices": [], "usage": usage}
    ending = "".join(f"data: {json.dumps(each)}\n\n" for each in (last, counted))
    return before, after, f"{ending}data: [DONE]\n\n".encode()


async def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--events", type=int, default=50)
    parser.add_argument("--interval", type=float, default=0.02)
    parser.add_argument("--stamps", action="store_true")
    options = parser.parse_args()
    pace = Pace(options.events, options.interval, [] if options.stamps else None)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: PacedConnection(pace), "127.0.0.1", options.port, backlog=2048
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())

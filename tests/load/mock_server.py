"""A small streaming chat server that breaks one stream in every N, in a way of its choice.

Independent of the project's other servers: it shares nothing with the load tests but the
protocol. Run as a script, it prints its URL; `GET /counts` returns what it has really sent, so
that a test can compare a report with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from small_http import LAST_CHUNK, STREAM_HEAD, chunk, plain, read_request, send, with_media_type

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

FAULTS = (
    "none",
    "lost",
    "lost-tail",
    "duplicated",
    "crossed",
    "reordered",
    "truncated",
    "cut-event",
    "stalled",
    "framing",
    "surplus",
    "utf8",
    "error-event",
    "not-json",
    "altered",
    "malformed-line",
    "media-type",
    "status-500",
    "busy",
)

WORDS = ("one", "two", "three", "Grüße", "日本語", "🙂")
STALL_S = 30.0


@dataclass
class Settings:
    fault: str = "none"
    every: int = 100
    spare: int = 12
    events: int = 10
    interval_s: float = 0.0
    batch: int = 1
    style: str = "echo"
    stamps: bool = False
    first_delay_s: float = 0.0
    close_after: int = 0
    cacheable: bool = False


@dataclass
class Server:
    settings: Settings
    counts: Counter[str] = field(default_factory=Counter)
    numbers: count[int] = field(default_factory=count)
    last: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counts["connections"] += 1
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            answers = 0
            while await self.answer(reader, writer):
                answers += 1
                if answers == self.settings.close_after:
                    break
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head, body = await read_request(reader)
        if head.startswith(b"GET /counts"):
            return await send(writer, plain(200, dict(self.counts)))
        if b"/api/stream-chat " not in head.split(b"\r\n")[0]:
            return await send(writer, plain(404, {"error": "no such page"}))
        if (refusal := refuse(body)) is not None:
            self.counts["refused"] += 1
            return await send(writer, plain(400, {"error": refusal}))
        return await self.stream(json.loads(body), writer)

    async def stream(self, asked: dict[str, object], writer: asyncio.StreamWriter) -> bool:
        settings = self.settings
        number = next(self.numbers)
        faulty = number >= settings.spare and (number - settings.spare) % settings.every == 0
        fault = settings.fault if faulty else "none"
        if fault == "each":
            # A stranger's event is needed for crossing; "none" is left out.
            fault = FAULTS[1 + (number - settings.spare) // settings.every % (len(FAULTS) - 1)]
        self.counts["streams"] += 1
        if fault != "none":
            self.counts[fault] += 1
        if fault == "status-500":
            return await send(writer, plain(500, {"error": "down"}))
        if fault == "busy":
            return await send(writer, plain(503, {"error": "busy"}, b"Retry-After: 1\r\n"))
        if settings.first_delay_s:
            await asyncio.sleep(settings.first_delay_s)
        head = with_media_type(STREAM_HEAD, fault)
        if settings.cacheable:
            head = head.replace(b"Cache-Control: no-cache\r\n", b"")
        await send(writer, head)
        try:
            async for piece in self.pieces(asked, fault):
                await send(writer, piece)
        except EOFError:
            return False
        if fault == "none":
            self.counts["good"] += 1
        return fault != "surplus"

    async def pieces(self, asked: dict[str, object], fault: str) -> AsyncIterator[bytes]:
        settings = self.settings
        blocks = [self.block(asked, place) for place in range(settings.events or 1)]
        middle = len(blocks) // 2
        crossing, self.last = self.last, blocks[middle]
        blocks = damaged(blocks, middle, fault, crossing)
        begun_s = time.perf_counter()
        waiting: list[bytes] = []
        for place, block in enumerate(blocks):
            if settings.interval_s:
                due_s = begun_s + place * settings.interval_s
                await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
            if fault == "stalled" and place == middle:
                await asyncio.sleep(STALL_S)
            if fault == "truncated" and place == middle:
                yield b"".join(waiting)
                raise EOFError
            waiting.append(chunk(self.block(asked, place) if settings.stamps else block))
            if fault == "framing" and place == middle:
                waiting.append(b"zz\r\n")
            self.counts["events"] += 1
            if len(waiting) >= settings.batch:
                yield b"".join(waiting)
                waiting = []
        while not settings.events:
            await asyncio.sleep(settings.interval_s)
            self.counts["events"] += 1
            yield chunk(blocks[0])
        if fault == "surplus":
            waiting.append(b"0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            waiting.append(LAST_CHUNK)
        yield b"".join(waiting)

    def block(self, asked: dict[str, object], place: int) -> bytes:
        """Return the bytes of one event."""
        style = self.settings.style
        prompt = str(asked["prompt"])
        response = f"{place} {WORDS[place % len(WORDS)]} "
        if style == "typewriter":
            step = max(1, -(-len(prompt) // self.settings.events))
            response = prompt[place * step : (place + 1) * step]
        value: dict[str, object] = {"response": response}
        if style == "empty-first" and place == 0:
            value["response"] = ""
        if style in ("echo", "typewriter", "uniform"):
            value |= {"prompt": prompt, "history": asked["history"]}
        if style == "uniform":
            value["response"] = "the same each time"
        if style in ("numbered", "random"):
            value["response"] = f"{response}{time.perf_counter_ns()}"
        if self.settings.stamps:
            value["sent_s"] = time.perf_counter()
        data = json.dumps(value, ensure_ascii=style != "echo").encode("utf-8")
        identifier = b"id: %d\n" % place if style == "numbered" else b""
        return identifier + b"data: " + data + b"\n\n"


def damaged(blocks: list[bytes], middle: int, fault: str, crossing: bytes) -> list[bytes]:
    """Return a stream's events with a fault in their middle or at their end."""
    before, at, after = blocks[:middle], blocks[middle], blocks[middle + 1 :]
    instead = {
        "crossed": crossing,
        "utf8": at.replace("日".encode(), b"\xe6\x97"),
        "error-event": b'event: error\ndata: {"error": "the model is gone"}\n\n',
        "not-json": b"data: [DONE]\n\n",
        "altered": at.replace(b'"response": "', b'"response": "?'),
        "malformed-line": b"dta" + at[4:],
    }
    if fault in instead:
        return [*before, instead[fault], *after]
    rearranged = {
        "lost": [*before, *after],
        "lost-tail": blocks[:-2],
        "duplicated": [*before, at, at, *after],
        "reordered": [*before, *after[:1], at, *after[1:]],
        "cut-event": [*blocks[:-1], blocks[-1][:-5]],
    }
    return rearranged.get(fault, blocks)


def refuse(body: bytes) -> str | None:
    try:
        asked = json.loads(body)
    except ValueError:
        return "Request body must be JSON"
    if not isinstance(asked, dict):
        return "Request body must be JSON"
    if asked.get("prompt") is None:
        return "Missing 'prompt' field"
    if asked.get("history") is None:
        return "Missing 'history' field"
    return None if isinstance(asked["history"], list) else "'history' field must be a list"


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fault", choices=(*FAULTS, "each"), default="none")
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--spare", type=int, default=12)
    parser.add_argument("--events", type=int, default=10)
    parser.add_argument("--interval", type=float, default=0.0)
    parser.add_argument("--first-delay", type=float, default=0.0)
    parser.add_argument("--close-after", type=int, default=0)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--style", default="echo")
    parser.add_argument("--stamps", action="store_true")
    parser.add_argument("--cacheable", action="store_true")
    parser.add_argument("--cert", default=None)
    options = parser.parse_args()
    settings = Settings(
        fault=options.fault,
        every=options.every,
        spare=options.spare,
        events=options.events,
        interval_s=options.interval,
        batch=options.batch,
        style=options.style,
        stamps=options.stamps,
        first_delay_s=options.first_delay,
        close_after=options.close_after,
        cacheable=options.cacheable,
    )
    context = None
    if options.cert is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert)
    server = Server(settings)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context, backlog=1024)
    port = listening.sockets[0].getsockname()[1]
    scheme = "https" if context is not None else "http"
    print(f"{scheme}://127.0.0.1:{port}", flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())

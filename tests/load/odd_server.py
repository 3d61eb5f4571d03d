"""A correct streaming chat server that is odd in one way: no report may find fault with it.

Independent of the project's other servers. Run as a script with the name of an oddity, it prints
its URL.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from small_http import LAST_CHUNK, STREAM_HEAD, chunk, plain, read_request, send

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = 6
PREFLIGHT_REQUESTS = 3
"""How many streams are the same before random oddities begin."""

PLACES = 2
"""Streams at once of the server that has few."""

BUSY = plain(503, {"error": "busy"}, b"Retry-After: 1\r\n")


class Server:
    def __init__(self, oddity: str) -> None:
        self.oddity = oddity
        self.numbers = count()
        self.ids = count(1)
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                await self.answer(reader, writer)
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, body = await read_request(reader)
        asked = json.loads(body)
        if self.oddity == "few-places" and self.open >= PLACES:
            await send(writer, BUSY)
            return
        self.open += 1
        try:
            await self.stream(asked, writer)
        finally:
            self.open -= 1

    async def stream(self, asked: dict[str, object], writer: asyncio.StreamWriter) -> None:
        await send(writer, STREAM_HEAD)
        number = next(self.numbers)
        for block in self.blocks(asked, number):
            await send(writer, chunk(block))
            if self.oddity != "torrent":
                await asyncio.sleep(0.005)
        await send(writer, LAST_CHUNK)

    def blocks(self, asked: dict[str, object], number: int) -> Iterator[bytes]:
        oddity, later = self.oddity, number >= PREFLIGHT_REQUESTS
        length = EVENTS + (number % 3 if oddity == "lengths" and later else 0)
        for place in count() if oddity == "torrent" else range(length):
            value: dict[str, object] = {"response": f"{place} of 日本"}
            lines = []
            match oddity:
                case "created":
                    value |= {"created": int(time.time())}
                case "clock":
                    value["response"] = f"{place} at {time.strftime('%H:%M:%S')}"
                case "random-ids":
                    value["id"] = time.perf_counter_ns()
                case "moods" if later and number % 2:
                    value["response"] = f"{place}, as I said"
                case "pings" if later and place == number % EVENTS:
                    yield b"event: ping\ndata: {}\n\n"
                case "huge-ids":
                    lines.append("id: " + "9" * 5000)
                case "common-counter":
                    value["response"] = f"{place} {time.perf_counter_ns()}"
                    lines.append(f"id: {next(self.ids)}")
                    # Another stream takes a number.
                    next(self.ids) if later and place == 2 else None
                case "echo":
                    value |= asked
                case _:
                    pass
            data = json.dumps(value, ensure_ascii=False)
            yield "\n".join([*lines, f"data: {data}", "", ""]).encode()


async def main() -> None:
    server = Server(sys.argv[1])
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())

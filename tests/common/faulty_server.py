"""The parts that servers of the load tests share which break one stream in every N.

Independent of the project's other servers: they share nothing with the load tests but the
protocol. Run as a script, each prints its URL; `GET /counts` returns what it has really sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
from abc import ABC, abstractmethod
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from small_http import LAST_CHUNK, STREAM_HEAD, chunk, plain, read_request, send, with_media_type

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = ("one ", "two ", "three ", "Grüße ", "日本語 ", "🙂 ")
STALL_S = 30.0
CROSSED_AFTER = 30
"""How many streams a client begins before it gets an event of one that it has read by then."""


@dataclass
class Settings:
    every: int
    spare: int
    interval_s: float
    style: str
    refuses: frozenset[str]
    usage: bool
    key: str
    faults: tuple[str, ...]


@dataclass
class FaultyServer(ABC):
    """Answers requests with streams, one of `every` in one of its faulty ways."""

    FAULTS: ClassVar[Mapping[str, str]]
    """What it can do wrong, and the class under which a load counts it."""

    settings: Settings
    counts: Counter[str] = field(default_factory=Counter)
    caps: Counter[str] = field(default_factory=Counter)
    numbers: count[int] = field(default_factory=count)
    merges: count[int] = field(default_factory=count)
    """Which chunks are merged: others in each of the first streams, which are compared."""
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CROSSED_AFTER))
    """The last streams: the oldest is the one that another is crossed with."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self.answer(reader, writer):
                pass
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head, body = await read_request(reader)
        if head.startswith(b"GET /counts"):
            return await send(writer, plain(200, dict(self.counts)))
        if head.startswith(b"GET /caps"):
            return await send(writer, plain(200, dict(self.caps)))
        if self.settings.key and self.key_line(self.settings.key).encode() not in head:
            return await send(writer, plain(401, self.error("Incorrect API key provided")))
        if head.startswith(b"GET /v1/models"):
            models = [{"id": "text-embed"}, {"id": "small"}]
            return await send(writer, plain(200, {"object": "list", "data": models}))
        if not head.startswith(b"POST "):
            return await send(writer, plain(404, self.error("Not found")))
        asked = json.loads(body)
        unknown = sorted(self.settings.refuses & asked.keys())
        if asked.get("model") != "small":
            return await send(writer, plain(404, self.error("The model does not exist")))
        if unknown:
            return await send(
                writer, plain(400, self.error(f"Unrecognized argument: {unknown[0]}"))
            )
        return await self.stream(asked, writer)

    async def stream(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        settings, number = self.settings, next(self.numbers) - self.settings.spare
        fault = ""
        if number >= 0 and number % settings.every == 0 and settings.faults:
            fault = settings.faults[number // settings.every % len(settings.faults)]
        self.counts[fault or "good"] += 1
        self.caps[f"cap {asked.get('max_tokens')}"] += 1
        await send(writer, with_media_type(STREAM_HEAD, fault))
        blocks = self.blocks(asked, fault)
        for place, block in enumerate(blocks):
            if settings.interval_s:
                await asyncio.sleep(settings.interval_s)
            if place == len(blocks) // 2:
                if fault == "stalled":
                    await asyncio.sleep(STALL_S)
                if fault == "cut":
                    return False
            await send(writer, chunk(block))
        return await send(writer, LAST_CHUNK)

    @abstractmethod
    def key_line(self, key: str) -> str:
        """Return the field line that carries a key, as clients of Python write it."""

    @abstractmethod
    def error(self, message: str) -> dict[str, Any]:
        """Return what a refusal says."""

    @abstractmethod
    def blocks(self, asked: dict[str, Any], fault: str) -> list[bytes]:
        """Return the blocks of a stream."""

    def texts(self, asked: dict[str, Any]) -> list[str]:
        """Return the texts of an answer, as the style has them."""
        prompt = str(asked["messages"][-1]["content"]).rpartition("\n")[2]
        if self.settings.style == "canned":
            return list(WORDS) * 2
        if self.settings.style == "random":
            return [f"{word}{secrets.token_hex(2)} " for word in WORDS * 2]
        pieces = [prompt[at : at + 4] for at in range(0, len(prompt), 4)]
        if self.settings.style == "merging":
            # The same answer, now and then in fewer chunks.
            at = next(self.merges) % (len(pieces) - 1)
            pieces[at : at + 2] = ["".join(pieces[at : at + 2])]
        return pieces

    def begin(self, own: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Remember a stream by its id; return one that was begun well before."""
        self.recent.append({"id": own, "asked": asked})
        return self.recent[0]

    def faulty_texts(self, asked: dict[str, Any], other: dict[str, Any], fault: str) -> list[str]:
        """Return the texts of an answer with a fault; `other` is another stream."""
        texts = self.texts(other["asked"] if fault == "crossed-text" else asked)
        middle = len(texts) // 2
        texts = rearranged(texts, middle, fault)
        if fault == "altered":
            texts[middle] += "?"
        return texts


def rearranged(texts: list[str], at: int, fault: str) -> list[str]:
    if fault == "lost":
        return [*texts[:at], *texts[at + 1 :]]
    if fault == "duplicated":
        return [*texts[: at + 1], *texts[at:]]
    if fault == "reordered":
        return [*texts[:at], texts[at + 1], texts[at], *texts[at + 2 :]]
    return texts


async def serve(kind: type[FaultyServer]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--every", type=int, default=100)
    parser.add_argument("--spare", type=int, default=13)
    parser.add_argument("--interval", type=float, default=0.0)
    parser.add_argument("--style", default="echo", choices=["echo", "merging", "canned", "random"])
    parser.add_argument("--refuses", nargs="*", default=[])
    parser.add_argument("--no-usage", action="store_true")
    parser.add_argument("--key", default="")
    parser.add_argument("--faults", nargs="*", default=[])
    options = parser.parse_args()
    settings = Settings(
        every=options.every,
        spare=options.spare,
        interval_s=options.interval,
        style=options.style,
        refuses=frozenset(options.refuses),
        usage=not options.no_usage,
        key=options.key,
        faults=tuple(kind.FAULTS) if options.faults == ["each"] else tuple(options.faults),
    )
    server = kind(settings)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


def run(kind: type[FaultyServer]) -> None:
    """Serve until the process is interrupted."""
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(kind))

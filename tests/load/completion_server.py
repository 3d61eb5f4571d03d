"""A small server of Chat Completions that breaks one stream in every N, in a way of its choice.

Independent of the project's other servers: it shares nothing with the load tests but the
protocol. Run as a script, it prints its URL; `GET /counts` returns what it has really sent.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

FAULTS = (
    "lost",
    "duplicated",
    "reordered",
    "altered",
    "crossed-text",
    "crossed-id",
    "taken-id",
    "other-id",
    "cut",
    "no-done",
    "no-finish",
    "no-usage",
    "after-finish",
    "after-done",
    "error",
    "utf8",
    "not-json",
    "misspelt-end",
    "malformed-line",
    "no-choices",
    "no-role",
    "media-type",
    "stalled",
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
WORDS = ("one ", "two ", "three ", "Grüße ", "日本語 ", "🙂 ")
STALL_S = 30.0
REQUEST_LIMIT_BYTES = 1 << 20
CROSSED_AFTER = 20
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
class Server:
    settings: Settings
    counts: Counter[str] = field(default_factory=Counter)
    caps: Counter[str] = field(default_factory=Counter)
    numbers: count[int] = field(default_factory=count)
    recent: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CROSSED_AFTER))
    """The last streams: the oldest is the one that another is crossed with."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            while await self.answer(reader, writer):
                pass
        writer.close()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = min(int(value), REQUEST_LIMIT_BYTES)
        body = await reader.readexactly(length)
        if head.startswith(b"GET /counts"):
            return await send(writer, plain(200, dict(self.counts)))
        if head.startswith(b"GET /caps"):
            return await send(writer, plain(200, dict(self.caps)))
        if self.settings.key and f"Bearer {self.settings.key}".encode() not in head:
            return await send(writer, plain(401, error("Incorrect API key provided")))
        if head.startswith(b"GET /v1/models"):
            models = [{"id": "text-embed"}, {"id": "small"}]
            return await send(writer, plain(200, {"object": "list", "data": models}))
        asked = json.loads(body)
        unknown = sorted(self.settings.refuses & asked.keys())
        if asked.get("model") != "small":
            return await send(writer, plain(404, error("The model does not exist")))
        if unknown:
            return await send(writer, plain(400, error(f"Unrecognized argument: {unknown[0]}")))
        return await self.stream(asked, writer)

    async def stream(self, asked: dict[str, Any], writer: asyncio.StreamWriter) -> bool:
        settings, number = self.settings, next(self.numbers) - self.settings.spare
        fault = ""
        if number >= 0 and number % settings.every == 0 and settings.faults:
            fault = settings.faults[number // settings.every % len(settings.faults)]
        self.counts[fault or "good"] += 1
        self.caps[f"cap {asked.get('max_tokens')}"] += 1
        head = HEAD.replace(b"event-stream", b"html") if fault == "media-type" else HEAD
        await send(writer, head + CHUNKED)
        blocks = self.blocks(asked, fault)
        for place, block in enumerate(blocks):
            if settings.interval_s:
                await asyncio.sleep(settings.interval_s)
            if place == len(blocks) // 2:
                if fault == "stalled":
                    await asyncio.sleep(STALL_S)
                if fault == "cut":
                    return False
            await send(writer, b"%x\r\n%b\r\n" % (len(block), block))
        await send(writer, b"0\r\n\r\n")
        return True

    def blocks(self, asked: dict[str, Any], fault: str) -> list[bytes]:
        """Return the blocks of a stream."""
        own = f"chatcmpl-{secrets.token_hex(12)}"
        self.recent.append({"id": own, "asked": asked})
        last = self.recent[0]
        identifier = last["id"] if fault == "taken-id" else own
        texts = self.texts(asked)
        middle = len(texts) // 2
        if fault == "crossed-text":
            texts = self.texts(last["asked"])
        texts = rearranged(texts, middle, fault)
        if fault == "altered":
            texts[middle] += "?"
        chunks = [chunk(identifier, {"role": "assistant", "content": ""})]
        chunks += [chunk(identifier, {"content": text}) for text in texts]
        if fault == "no-role":
            del chunks[0]
        if fault in ("crossed-id", "other-id"):
            chunks[middle]["id"] = last["id"] if fault == "crossed-id" else "chatcmpl-other"
        if fault == "no-choices":
            chunks[middle]["choices"] = None
        if fault != "no-finish":
            chunks.append(chunk(identifier, {}, "stop"))
        if fault == "after-finish":
            chunks.append(chunk(identifier, {"content": "more"}))
        options = asked.get("stream_options") or {}
        if options.get("include_usage") and self.settings.usage and fault != "no-usage":
            tokens = len(texts)
            usage = {"prompt_tokens": 9, "completion_tokens": tokens, "total_tokens": tokens + 9}
            chunks.append({**chunk(identifier, {}), "choices": [], "usage": usage})
        blocks = [block(json.dumps(each, ensure_ascii=False)) for each in chunks]
        if fault != "no-done":
            blocks.append(block("[done]" if fault == "misspelt-end" else "[DONE]"))
        return damaged(blocks, len(blocks) // 2, fault)

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
            at = secrets.randbelow(len(pieces) - 1)
            pieces[at : at + 2] = ["".join(pieces[at : at + 2])]
        return pieces


def rearranged(texts: list[str], at: int, fault: str) -> list[str]:
    if fault == "lost":
        return [*texts[:at], *texts[at + 1 :]]
    if fault == "duplicated":
        return [*texts[: at + 1], *texts[at:]]
    if fault == "reordered":
        return [*texts[:at], texts[at + 1], texts[at], *texts[at + 2 :]]
    return texts


def damaged(blocks: list[bytes], middle: int, fault: str) -> list[bytes]:
    failed = block(json.dumps(error("the model is gone")))
    if fault == "error":
        return [*blocks[:middle], failed]
    if fault == "after-done":
        return [*blocks, blocks[middle]]
    instead = {
        "utf8": blocks[middle].replace(b'"content": "', b'"content": "\xe6\x97'),
        "not-json": block('{"id": "chatcmpl-1", "choices": [{"index": 0, '),
        "malformed-line": b"dta" + blocks[middle][4:],
    }
    return [*blocks[:middle], instead.get(fault, blocks[middle]), *blocks[middle + 1 :]]


def chunk(identifier: str, delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {
        "id": identifier,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": "small",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
    }


def block(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": None}}


def plain(status: int, value: object) -> bytes:
    body = json.dumps(value).encode()
    head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


async def send(writer: asyncio.StreamWriter, data: bytes) -> bool:
    writer.write(data)
    await writer.drain()
    return True


async def main() -> None:
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
        faults=FAULTS if options.faults == ["each"] else tuple(options.faults),
    )
    server = Server(settings)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())

"""HTTP/1.1 as the small servers of the load tests speak it, by asyncio."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

REQUEST_LIMIT_BYTES = 1 << 20
"""Longest body that is read."""

STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n"
)
LAST_CHUNK = b"0\r\n\r\n"


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the head and the body of the next request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = min(int(value), REQUEST_LIMIT_BYTES)
    return head, await reader.readexactly(length)


def plain(status: int, value: object, fields: bytes = b"") -> bytes:
    """Return a response whose body is a JSON document."""
    body = json.dumps(value).encode()
    head = b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n"
    return head % (status, len(body), fields) + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def send(writer: asyncio.StreamWriter, data: bytes) -> bool:
    """Send bytes; return True, since the connection goes on."""
    writer.write(data)
    await writer.drain()
    return True


def with_media_type(head: bytes, fault: str) -> bytes:
    """Return the head of a stream, with the wrong media type where that is the fault."""
    return head.replace(b"event-stream", b"html") if fault == "media-type" else head

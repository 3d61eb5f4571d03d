"""What the cases of deviations are made of."""

from __future__ import annotations

from dataclasses import dataclass

SOUND = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True)
class Case:
    """One code in one area. `@` in the bytes marks where it is; it is taken out before reading."""

    code: str
    area: str
    wrong: tuple[bytes, ...]
    right: tuple[bytes, ...]
    also: frozenset[str] = frozenset()


def status_line(line: bytes) -> bytes:
    return line + b"\r\nContent-Length: 0\r\n\r\n"


def field(line: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + line + b"\r\n\r\n"


def framing(*lines: bytes, status: bytes = b"200", version: bytes = b"1.1") -> bytes:
    head = b"\r\n".join([b"HTTP/%b %b x" % (version, status), *lines])
    return head + b"\r\n\r\n"


def chunks(body: bytes) -> bytes:
    return framing(b"Transfer-Encoding: chunked") + body


def trailer(line: bytes) -> bytes:
    return chunks(b"0\r\n" + line + b"\r\n\r\n")

"""Runs the reference server as a process of its own, and speaks to it in bytes."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

READY_S = 20.0
EXIT_S = 15.0
RECEIVE_S = 10.0

JSON_TYPE = "Content-Type: application/json"
VALID = {"prompt": "Hello", "history": []}


class Conversation:
    """One connection, in bytes; every wait is bounded by `RECEIVE_S`."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), RECEIVE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def read_until(self, mark: bytes) -> bytes:
        """Give everything up to and with `mark`; what follows stays unread."""
        while mark not in self.unread:
            self._receive()
        end = self.unread.index(mark) + len(mark)
        taken, self.unread = self.unread[:end], self.unread[end:]
        return taken

    def read_bytes(self, count: int) -> bytes:
        while len(self.unread) < count:
            self._receive()
        taken, self.unread = self.unread[:count], self.unread[count:]
        return taken

    def read_to_end(self) -> bytes:
        """Give everything until the server closes."""
        with_end = self.unread
        while data := self.socket.recv(65536):
            with_end += data
        self.unread = b""
        return with_end

    def is_open(self) -> bool:
        """Return whether the server has neither closed nor sent anything more."""
        readable, _, _ = select.select([self.socket], [], [], 0)
        return not readable and not self.unread

    def read_head(self) -> Head:
        return Head(self.read_until(b"\r\n\r\n"))

    def read_response(self) -> Response:
        """Read one whole response, framed by length or chunks (or, without either, by the end)."""
        head = self.read_head()
        if head.first("transfer-encoding") == "chunked":
            return Response(head, b"".join(self.read_chunks()))
        length = head.first("content-length")
        return Response(
            head, self.read_to_end() if length is None else self.read_bytes(int(length))
        )

    def read_chunk(self) -> bytes:
        size = int(self.read_until(b"\r\n"), 16)
        data = self.read_bytes(size)
        assert self.read_bytes(2) == b"\r\n"
        return data

    def read_chunks(self) -> list[bytes]:
        chunks = []
        while chunk := self.read_chunk():
            chunks.append(chunk)
        return chunks

    def _receive(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the server closed after {self.unread!r}")
        self.unread += data


@dataclass(frozen=True)
class Head:
    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def version(self) -> str:
        return self.raw.split(b" ", 1)[0].decode("ascii")

    def values(self, name: str) -> list[str]:
        lines = self.raw.decode("latin-1").split("\r\n")[1:]
        pairs = [line.partition(":") for line in lines if line]
        return [value.strip() for key, _, value in pairs if key.lower() == name]

    def first(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


@dataclass(frozen=True)
class Response:
    head: Head
    body: bytes

    @property
    def status(self) -> int:
        return self.head.status

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def post(
    body: bytes | dict[str, Any] | None = None,
    *fields: str,
    media_type: str | None = "application/json",
    host: str | None = "test",
    line: str = "POST /api/stream-chat HTTP/1.1",
    length: bool = True,
) -> bytes:
    """Give the bytes of one request; by default a valid one."""
    if body is None:
        body = VALID
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [line]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [f"Content-Type: {media_type}"] if media_type is not None else []
    lines += [f"Content-Length: {len(content)}"] if length else []
    return "\r\n".join([*lines, *fields, "", ""]).encode("latin-1") + content


def chunked(body: bytes, size: int = 7) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def events(body: bytes) -> list[dict[str, Any]]:
    """Give the content events of an event stream as the reference writes it."""
    found = re.findall(rb"(?:^|\n\n)data: (.*)\n\n", body.replace(b"\n\n", b"\n\n\n\n"))
    return [json.loads(data) for data in found]


@dataclass
class RunningServer:
    process: subprocess.Popen[str]
    url: str
    log: Path
    port: int = field(init=False)

    def __post_init__(self) -> None:
        self.port = int(self.url.rsplit(":", 1)[1])

    def connect(self) -> Conversation:
        return Conversation(self.port)

    def exchange(self, request: bytes) -> Response:
        with self.connect() as conversation:
            conversation.send(request)
            return conversation.read_response()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Return the exit code, and how many seconds the exit took."""
        began_s = time.monotonic()
        self.process.send_signal(how)
        return self.process.wait(EXIT_S), time.monotonic() - began_s

    def worker_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        (child,) = children.read_text().split()
        return int(child)


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "streamchat_reference", "--port", "0", *options]


@contextmanager
def running_server(
    directory: Path, *options: str, environment: dict[str, str] | None = None
) -> Iterator[RunningServer]:
    """Start the server on a free port; on leaving, stop it however it is."""
    log = directory / "server.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command("--exit-with-parent", *options),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=directory,
            env={**os.environ, **(environment or {})},
        ) as process,
    ):
        try:
            yield RunningServer(process, first_line(process), log)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(EXIT_S)
                except subprocess.TimeoutExpired:
                    process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], READY_S)
    line = process.stdout.readline().strip() if readable else ""
    assert line.startswith("http://"), f"the server did not announce its URL: {line!r}"
    return line

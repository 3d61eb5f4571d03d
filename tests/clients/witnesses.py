"""Official clients, unchanged: each reads a stream, and what it made of it is returned."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import anthropic_readers, openai_readers
from .client_reading import ClientReading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from streamchat_fixtures.exchanges import ExchangeCase

SCRIPT: Final = Path(__file__).parent / "read.mjs"
MODULES: Final = Path(os.environ.get("STREAMCHAT_NODE_MODULES", "node_modules"))
"""The folder `node_modules` that has the clients for Node."""
LIMIT_S: Final = 5.0
COLUMNS: Final = {
    "openai": openai_readers.COLUMNS,
    "anthropic": anthropic_readers.COLUMNS,
}
"""The clients of each dialect, and what the page calls them."""
PYTHON: Final[Mapping[str, Callable[[str, dict[str, Any]], ClientReading]]] = {
    "openai python raw": openai_readers.read_raw,
    "openai python helper": openai_readers.read_helper,
    "anthropic python raw": anthropic_readers.read_raw,
    "anthropic python helper": anthropic_readers.read_helper,
}


def has_node() -> bool:
    """Return whether the clients for Node can be run."""
    return shutil.which("node") is not None and (MODULES / "@anthropic-ai" / "sdk").is_dir()


class Clients:
    """The clients, those for Node in one process that answers line by line."""

    def __init__(self) -> None:
        self._node: subprocess.Popen[str] | None = None
        if has_node():
            self._node = subprocess.Popen(
                ["node", str(SCRIPT), str(MODULES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )

    def close(self) -> None:
        """End the process."""
        if self._node is not None:
            self._node.kill()
            self._node.communicate()

    def read(self, client: str, url: str, body: dict[str, Any]) -> ClientReading:
        """Return what a client makes of the answer to a request at a base URL."""
        if client in PYTHON:
            return PYTHON[client](url, body)
        assert self._node is not None
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps({"client": client, "url": url, "body": body}) + "\n")
        self._node.stdin.flush()
        return ClientReading(**json.loads(self._node.stdout.readline()))


@contextlib.contextmanager
def replaying(case: ExchangeCase) -> Iterator[str]:
    """Serve one recorded response to whoever asks; yield the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, case), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(LIMIT_S)


def _serve(listener: socket.socket, case: ExchangeCase) -> None:
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(2 * LIMIT_S)
            _read_request(connection)
            connection.sendall(case.received)
            if case.ended in {"timed-out", "abandoned"}:
                connection.recv(1)  # until the client leaves
            if case.ended == "reset":
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def _read_request(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)

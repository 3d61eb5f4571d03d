"""A server that puts markup and scripts into every place that a server controls."""

from __future__ import annotations

import socket
import threading
from typing import Self

CALL = "owned('{}')"
PLACES = (
    *("reason", "name", "value", "server", "extension", "comment", "field", "event"),
    *("data", "id", "error", "trailer", "type"),
)
_READ_LIMIT_S = 5.0
_REQUEST_LIMIT_BYTES = 4 * 1024 * 1024


def script(place: str) -> str:
    """Return markup that runs a call, in several ways, if anything makes markup of it."""
    call = CALL.format(place)
    return (
        f"--></pre></details></style><script>{call}</script>"
        f"<img src=x onerror={call}><svg onload={call}>"
    )


def stream() -> bytes:
    """Return the answer to any request that looks valid."""
    head = (
        f"HTTP/1.1 200 {script('reason')}\r\n"
        "Content-Type: text/event-stream\r\n"
        f"Server: {script('server')}\r\n"
        f"X-Value: {script('value')}\r\n"
        f"{script('name').replace(':', '')}: x\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    body = (
        f": {script('comment')}\n"
        f"{script('field').replace(':', '')}: x\n\n"
        f"event: {script('event')}\nid: {script('id')}\n"
        f'data: {{"response": {script("data")}}}\n\n'
        "data: \ufeff\u202e\x00\x1b[2J \ud83d\n\n"
    ).encode("utf-8", "surrogatepass")
    extension = f";{script('extension')}".encode()
    chunk = b"%x%b\r\n%b\r\n" % (len(body), extension, body)
    trailer = f"X-Trailer: {script('trailer')}\r\n\r\n".encode()
    return head.encode() + chunk + b"0\r\n" + trailer


def refusal() -> bytes:
    """Return the answer to any other request."""
    body = f'{{"error": "{script("error")}'.encode()
    head = (
        f"HTTP/1.1 400 {script('reason')}\r\nContent-Type: {script('type')}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class MarkupServer:
    """Answers one request a connection, and closes; a context manager."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_READ_LIMIT_S * 2)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(_READ_LIMIT_S)
            try:
                data = b""
                while not _whole(data) and len(data) < _REQUEST_LIMIT_BYTES:
                    more = connection.recv(65_536)
                    if not more:
                        break
                    data += more
                good = b'"prompt"' in data and b'"history"' in data
                connection.sendall(stream() if good else refusal())
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
            except OSError:
                return


def _whole(data: bytes) -> bool:
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = line.partition(b":")[2].strip()
            return len(body) >= int(length) if length.isdigit() else True
    return True

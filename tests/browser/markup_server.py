"""A server that puts markup and scripts into every place that a server controls."""

from __future__ import annotations

import socket

from streamchat_fixtures.socket_server import SocketServer, receive_request

CALL = "owned('{}')"
PLACES = (
    *("reason", "name", "value", "server", "extension", "comment", "field", "event"),
    *("data", "id", "error", "trailer", "type"),
)


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


class MarkupServer(SocketServer):
    """Answers one request a connection, and closes."""

    def __init__(self) -> None:
        super().__init__(_answer)


def _answer(connection: socket.socket, _: int) -> None:
    data = receive_request(connection)
    good = b'"prompt"' in data and b'"history"' in data
    connection.sendall(stream() if good else refusal())
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65_536):
        pass

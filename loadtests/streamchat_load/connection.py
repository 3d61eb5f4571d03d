"""One connection on a gevent socket, and one response read from it with httptools."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import gevent.socket
import httptools

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamchat_conformance.recorder.endpoint import Endpoint

CONNECT_LIMIT_S = 5.0
"""Longest wait for a connection, with its TLS handshake."""

REFUSAL_BODY_LIMIT_BYTES = 64 * 1024
"""How much of a body that is no stream is kept."""

FIELD_COUNT_LIMIT = 256
"""More field lines than this break off the reading."""


_IDLE_END = b"HTTP/1.1 408"


class ConnectError(Exception):
    """No connection could be had; the message says why, in a few words."""


class Connection:
    """A connected socket. `uses` counts the requests that were sent on it."""

    __slots__ = ("_socket", "recv", "recv_into", "tls", "uses")

    def __init__(self, endpoint: Endpoint, *, receive_buffer_bytes: int | None = None) -> None:
        self.uses = 0
        self.tls = endpoint.ssl is not None
        self._socket: Any = _connect(endpoint, receive_buffer_bytes)
        if endpoint.ssl is not None:
            # locust has patched `ssl`: the context makes gevent's sockets.
            raw = self._socket
            try:
                self._socket = endpoint.ssl.wrap_socket(raw, server_hostname=endpoint.host)
            except (OSError, ValueError) as error:
                raw.close()
                raise ConnectError(f"no TLS: {_reason(error)}") from None
        # From here on waits are bounded by the watch, which shuts the socket down: a timer for
        # each recv would cost more than all the verification.
        self._socket.settimeout(None)
        self.recv: Callable[[int], bytes] = self._socket.recv
        self.recv_into: Callable[[memoryview], int] = self._socket.recv_into

    def send(self, data: bytes) -> None:
        """Send all of a request. Raises OSError."""
        self.uses += 1
        self._socket.sendall(data)

    def is_open(self) -> bool:
        """Tell whether an idle connection may serve again: no end of it was seen.

        Some servers say 408 before they close an idle connection: that is an end, too. Other
        bytes that nobody asked for are left where they are, so that they spoil the next answer
        as they would a user's. Under TLS session tickets may lie in the buffer, so that nothing
        can be told.
        """
        if self.tls:
            return True
        try:
            self._socket.settimeout(0)
            waiting = bytes(self._socket.recv(len(_IDLE_END), gevent.socket.MSG_PEEK))
        except (TimeoutError, BlockingIOError):
            waiting = b"?"
        except OSError:
            return False
        self._socket.settimeout(None)
        return waiting not in {b"", _IDLE_END}

    def shut_down(self) -> None:
        """Make a pending or coming recv return at once. Safe from any greenlet."""
        try:
            # Not the TLS socket's own method: that one forgets its state under a reader's feet.
            gevent.socket.socket.shutdown(self._socket, gevent.socket.SHUT_RDWR)
        except OSError:
            return

    def fileno(self) -> int:
        """Return the socket's descriptor, for the event loop."""
        return int(self._socket.fileno())

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _connect(endpoint: Endpoint, receive_buffer_bytes: int | None) -> Any:
    try:
        found = _addresses(endpoint.host, endpoint.port)
    except OSError as error:
        raise ConnectError(f"the name {endpoint.host!r} is unknown ({_reason(error)})") from None
    problem = "no address"
    for family, kind, protocol, _, address in found:
        connection: Any = gevent.socket.socket(family, kind, protocol)
        try:
            if receive_buffer_bytes is not None:
                # Before connecting: the window is agreed on in the handshake.
                connection.setsockopt(
                    gevent.socket.SOL_SOCKET, gevent.socket.SO_RCVBUF, receive_buffer_bytes
                )
            connection.settimeout(CONNECT_LIMIT_S)
            connection.connect(address)
            connection.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            problem = _reason(error)
        else:
            return connection
    raise ConnectError(problem)


def _addresses(host: str, port: int) -> list[Any]:
    """Return what `getaddrinfo` does; an address needs no resolver, which gevent asks in a thread.

    Raises OSError for an unknown name.
    """
    for family, address in (
        (gevent.socket.AF_INET, (host, port)),
        (gevent.socket.AF_INET6, (host, port, 0, 0)),
    ):
        with contextlib.suppress(OSError):
            gevent.socket.inet_pton(family, host)
            return [(family, gevent.socket.SOCK_STREAM, 0, "", address)]
    return list(gevent.socket.getaddrinfo(host, port, 0, gevent.socket.SOCK_STREAM))


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error)
    if isinstance(error, TimeoutError):
        return f"no connection within {CONNECT_LIMIT_S:g} s"
    return str(getattr(error, "strerror", None) or error).lower()


class Response:
    """What httptools calls back; body pieces wait in `pieces` until they are taken."""

    __slots__ = (
        "_keep_alive",
        "body_bytes",
        "complete",
        "fields",
        "framed",
        "parser",
        "pieces",
        "status",
        "surplus",
    )

    def __init__(self) -> None:
        self.status: int | None = None
        self.fields: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.body_bytes = 0
        self.complete = False
        self.surplus = False
        self._keep_alive = False
        self.framed = False
        """The body has a length or chunks, so that its end can be told from a cut."""
        self.parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes | memoryview) -> str | None:
        """Read more bytes; return what is malformed about them, or None."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return "an upgrade that was not asked for"
        except httptools.HttpParserError as error:
            return str(error) or type(error).__name__
        return None

    def on_message_begin(self) -> None:
        """Note that a response begins; a second one after the first is surplus."""
        if self.complete:
            self.surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one field line."""
        if len(self.fields) < FIELD_COUNT_LIMIT:
            self.fields.append((name.lower(), value or b""))

    def on_headers_complete(self) -> None:
        """Note the status and the framing."""
        if self.surplus:
            return
        self.status = self.parser.get_status_code()
        names = [name for name, _ in self.fields]
        self.framed = b"content-length" in names or b"transfer-encoding" in names

    def on_body(self, piece: bytes) -> None:
        """Keep some decoded bytes of the body."""
        if not self.complete:
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note that the response ended by its own framing; interim responses do not count."""
        if self.status is not None and 100 <= self.status < 200:
            self.status = None
            self.fields = []
            return
        # The parser forgets this with the message.
        self._keep_alive = self._keep_alive or bool(self.parser.should_keep_alive())
        self.complete = True

    def take(self) -> bytes:
        """Return the body bytes that came since the last call."""
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.body_bytes += len(data)
        return data

    def field(self, name: bytes) -> str:
        """Return the first value of a field, or an empty string."""
        return next((value.decode("latin-1") for key, value in self.fields if key == name), "")

    @property
    def persistent(self) -> bool:
        """Whether the connection may serve another request (RFC 9112 section 9.3)."""
        return self.complete and not self.surplus and self._keep_alive

"""A connection on a gevent socket."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

import gevent.socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamchat_conformance.recorder.endpoint import Endpoint

CONNECT_LIMIT_S = 5.0
"""Longest wait for a connection, with its TLS handshake."""

_IDLE_END = b"HTTP/1.1 408"


class StreamConnectError(Exception):
    """No connection was possible; the message says why, in a few words."""


class StreamConnection:
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
                raise StreamConnectError(f"no TLS: {_reason(error)}") from None
        # From here on waits are bounded by the monitor, which shuts the socket down: a timer for
        # each recv would cost more than all the verification.
        self._socket.settimeout(None)
        self.recv: Callable[[int], bytes] = self._socket.recv
        self.recv_into: Callable[[memoryview], int] = self._socket.recv_into

    def send(self, data: bytes) -> None:
        """Send all of a request. Raises OSError."""
        self.uses += 1
        self._socket.sendall(data)

    def is_open(self) -> bool:
        """Return whether an idle connection may be used again: it was not closed.

        Some servers send 408 before they close an idle connection: that is an end, too. Other
        unexpected bytes are left in the buffer, so that they break the next answer as they
        would a user's. Under TLS session tickets may be in the buffer, so that this is unknown.
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
        """Make a pending or later recv return immediately. Safe from any greenlet."""
        try:
            # Not the TLS socket's own method, which drops state that a reader still uses.
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
        raise StreamConnectError(
            f"the name {endpoint.host!r} is unknown ({_reason(error)})"
        ) from None
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
    raise StreamConnectError(problem)


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

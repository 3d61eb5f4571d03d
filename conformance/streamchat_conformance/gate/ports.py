"""Ports of this machine: finding a free one, and seeing whether something listens."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACKS = ("127.0.0.1", "::1")
CONNECT_S = 1.0
"""Longest try of one connection (seconds)."""


def free_port() -> int:
    """Return a port that was free on both loopback addresses a moment ago."""
    while True:
        with socket.socket(socket.AF_INET) as sock:
            sock.bind(("127.0.0.1", 0))
            port: int = sock.getsockname()[1]
            if not _taken("::1", port):
                return port


def _taken(host: str, port: int) -> bool:
    """Return whether a port is in use at an IPv6 address; no, where there is no IPv6."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind((host, port))
    except OSError as error:
        return error.errno == errno.EADDRINUSE
    return False


def listening(hosts: Iterable[str], port: int) -> str:
    """Return the first of these addresses at which a connection is accepted, or ''."""
    return next((host for host in hosts if _accepts(host, port)), "")


def _accepts(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as sock:
            sock.settimeout(CONNECT_S)
            # A port from the system's range may be given to this very socket, which would then
            # be connected to itself, and take the port from the server.
            sock.bind((host, 0))
            if sock.getsockname()[1] == port:
                return False
            sock.connect((host, port))
            return True
    except OSError:
        return False

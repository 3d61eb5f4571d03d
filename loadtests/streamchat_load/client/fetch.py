"""One small answer, read whole: what a server says of itself before a load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gevent

from streamchat_load.client.connection import StreamConnectError, StreamConnection
from streamchat_load.client.receivers import READ_BYTES
from streamchat_load.client.response import StreamResponse

if TYPE_CHECKING:
    from streamchat_conformance.core.http_request import HttpRequest
    from streamchat_conformance.recorder.endpoint import Endpoint

BODY_LIMIT_BYTES = 4 * 1024 * 1024


def fetch(
    endpoint: Endpoint, request: HttpRequest, extra: list[tuple[str, str]], limit_s: float
) -> tuple[int, bytes]:
    """Return the status and the body of an answer; status 0 if none came within `limit_s`."""
    data = request.encode(authority=endpoint.authority, path=endpoint.path, extra=extra)
    found: tuple[int, bytes] = gevent.with_timeout(
        limit_s, _fetch, endpoint, data, timeout_value=(0, b"")
    )
    return found


def _fetch(endpoint: Endpoint, data: bytes) -> tuple[int, bytes]:
    response, body = StreamResponse(), b""
    try:
        connection = StreamConnection(endpoint)
    except StreamConnectError:
        return 0, b""
    try:
        connection.send(data)
        while not response.complete and len(body) <= BODY_LIMIT_BYTES:
            received = connection.recv(READ_BYTES)
            if not received or response.feed(received) is not None:
                break
            body += response.take()
    except OSError:
        return 0, b""
    finally:
        connection.close()
    return response.status or 0, body

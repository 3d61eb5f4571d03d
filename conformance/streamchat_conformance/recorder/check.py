"""The check before a run: a server is at the target, and speaks what the URL says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.recorder.connection import Connection
from streamchat_conformance.recorder.endpoint import Endpoint, unverified_context
from streamchat_conformance.recorder.errors import ConnectError, ConnectErrorKind
from streamchat_conformance.recorder.stop_conditions import complete

if TYPE_CHECKING:
    from streamchat_conformance.recorder.limits import Limits

__all__ = ["check_target"]

_PATIENCE_S: Final = 2.0
"""Longest wait for an answer: a server may be silent here, and be judged later."""


def check_target(endpoint: Endpoint, limits: Limits) -> None:
    """Connect, and find out whether a plain HTTP target speaks TLS instead.

    TLS servers answer plain HTTP with silence, an alert or a 400, and so do some plain ones:
    only a TLS handshake shows it. Raises ConnectError whose hint says what to correct.
    """
    request = (
        f"OPTIONS * HTTP/1.1\r\nHost: {endpoint.authority}\r\nConnection: close\r\n\r\n"
    ).encode("ascii")
    with Connection.open(endpoint, limits) as connection:
        if endpoint.ssl is not None:
            return
        brief = replace(limits, head_s=min(limits.head_s, _PATIENCE_S))
        response = read_response(connection.exchange(request, until=complete(), limits=brief))
    if response.head is not None and response.head.status != 400:
        return
    if _speaks_tls(endpoint, limits):
        raise ConnectError(
            ConnectErrorKind.TLS,
            f"{endpoint.authority} speaks TLS, not plain HTTP",
            "write https:// instead of http:// in the target URL",
        )


def _speaks_tls(endpoint: Endpoint, limits: Limits) -> bool:
    over_tls = replace(endpoint, scheme="https", ssl=unverified_context())
    try:
        Connection.open(over_tls, limits).close()
    except ConnectError:
        return False
    return True

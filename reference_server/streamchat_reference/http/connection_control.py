"""Control of a connection by the application, where the WSGI server allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_reference.http.driven_stream import DrivenStream, HasFileno

CONTROL_KEY = "streamchat.connection"
"""The name under which a server may put a `ConnectionControl` into `environ`."""


class ConnectionControl(Protocol):
    """What the application asks of a connection.

    WSGI has no such means: PEP 3333 forbids the application the Connection header.
    """

    def close_after_response(self) -> None:
        """Say `close` in this response, and close the connection after it."""

    def stream_begins(self) -> None:
        """Note that the response is a stream, and may take long."""

    def take_over(self, stream: DrivenStream) -> None:
        """Note that the server may drive the response's body itself, instead of iterating over it.

        Called before the body's first block, which is still taken from the iterable.
        """


def connection_control(environ: Mapping[str, object]) -> ConnectionControl | None:
    """Return the control of the request's connection, where the server gives one."""
    return cast("ConnectionControl | None", environ.get(CONTROL_KEY))


def client_socket(environ: Mapping[str, object]) -> HasFileno | None:
    """Return the client's socket, where the server gives it (gunicorn and Werkzeug do)."""
    for key in ("gunicorn.socket", "werkzeug.socket"):
        candidate = environ.get(key)
        if candidate is not None and hasattr(candidate, "fileno"):
            return candidate
    return None

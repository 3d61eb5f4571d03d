"""A response whose head and first block are sent, and whose body is driven from now on."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gunicorn.http.wsgi import Response

    from streamchat_reference.http.client_socket import ClientSocket
    from streamchat_reference.http.driven_stream import DrivenStream


class Outbox:
    """Sends to a client without waiting for it: what it does not take at once stays in `unsent`."""

    def __init__(self, client: ClientSocket) -> None:
        client.settimeout(0)
        self._client = client
        self.unsent = b""

    def sendall(self, data: bytes) -> None:
        """Send what can be sent. Raises `OSError` where the connection is dead."""
        self.unsent += data
        try:
            self.unsent = self.unsent[self._client.send(self.unsent) :]
        except BlockingIOError:
            return


class DrivenResponse:
    """A stream, and the HTTP response that it is the body of. Nothing in it waits.

    `ended` is set by what drives it: to whether the connection `serves_on`, which it never does
    after a response that is not complete.
    """

    def __init__(
        self,
        stream: DrivenStream,
        client: ClientSocket,
        response: Response,
        body: Iterable[bytes],
        *,
        serves_on: bool,
    ) -> None:
        self.stream = stream
        self.client = client
        self.serves_on = serves_on
        self.outbox = Outbox(client)
        self.ended: Future[bool] = Future()
        # gunicorn frames the blocks as the request's version of HTTP wants it.
        response.sock = self.outbox  # type: ignore[assignment]  # it calls nothing but sendall
        self.write = response.write
        self.complete = response.close
        self._body = body

    def close(self) -> None:
        """Release what the application holds for the response, whether or not it is complete."""
        close = getattr(self._body, "close", None)
        if close is not None:
            close()

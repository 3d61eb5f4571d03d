"""Little servers on port 0: each connection is handed to a function, in a thread."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import trustme
from streamchat_conformance.recorder import Endpoint, Limits, loop
from streamchat_fixtures.socket_server import SocketServer

if TYPE_CHECKING:
    from pathlib import Path

Handler = Callable[[socket.socket, threading.Event], None]


class Servers:
    """Starts servers, and at the end of the test makes sure that nothing of them is left.

    A handler gets the connection (a plain or TLS socket with a time limit) and an event that is
    set when the test is over. A client that goes away is no error; anything else is.
    """

    def __init__(self) -> None:
        self.halt = threading.Event()
        self._servers: list[SocketServer] = []

    def start(
        self, handler: Handler, *, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
    ) -> int:
        """Serve on a free port, and return it."""

        def talk(connection: socket.socket, _: int) -> None:
            if context is None:
                handler(connection, self.halt)
            else:
                with context.wrap_socket(connection, server_side=True) as tls:
                    handler(tls, self.halt)

        server = SocketServer(talk, host=host).start()
        self._servers.append(server)
        return server.port

    def stop(self) -> None:
        self.halt.set()
        for server in self._servers:
            server.close()
            assert not server.visits_open, "a server did not come to its end"


class Authority:
    """A certificate authority of its own, and a server's certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self._certificate = authority.issue_cert("127.0.0.1")

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._certificate.configure_cert(context)
        return context


@pytest.fixture
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def ca_file(authority: Authority) -> str:
    return authority.ca_file


@pytest.fixture
def server_context(authority: Authority) -> ssl.SSLContext:
    """TLS as the server has it, to be changed before `serve_tls`."""
    return authority.server_context()


@pytest.fixture
def serve(servers: Servers) -> Callable[..., Endpoint]:
    """Start a plain server; the endpoint to reach it."""

    def start(handler: Handler, *, host: str = "127.0.0.1") -> Endpoint:
        port = servers.start(handler, host=host)
        return Endpoint.from_url(f"http://{f'[{host}]' if ':' in host else host}:{port}/api")

    return start


@pytest.fixture
def serve_tls(
    servers: Servers, server_context: ssl.SSLContext, ca_file: str
) -> Callable[[Handler], Endpoint]:
    """Start a TLS server; the endpoint to reach it, which trusts it."""

    def start(handler: Handler) -> Endpoint:
        port = servers.start(handler, context=server_context)
        return Endpoint.from_url(f"https://127.0.0.1:{port}/api", ca_file=ca_file)

    return start


@pytest.fixture(params=["plain", "tls"])
def serve_either(
    request: pytest.FixtureRequest,
    serve: Callable[..., Endpoint],
    serve_tls: Callable[[Handler], Endpoint],
) -> Callable[[Handler], Endpoint]:
    """Both in turn: what is recorded must not depend on TLS."""
    return serve if request.param == "plain" else serve_tls


@pytest.fixture
def limits() -> Limits:
    """Generous limits: a test that reaches one of them was meant to set it itself."""
    return Limits()


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of tasks in each turn of the poll loop, in order."""
    turns: list[int] = []
    wait = loop._wait

    def counted(tasks: list[loop.Task], stop: loop.Stop | None) -> dict[int, int]:
        turns.append(len(tasks))
        return wait(tasks, stop)

    monkeypatch.setattr(loop, "_wait", counted)
    return turns

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

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 10.0
"""Bound of every wait inside a server."""

Handler = Callable[[socket.socket, threading.Event], None]


class Servers:
    """Starts servers, and at the end of the test makes sure that nothing of them is left.

    A handler gets the connection (a plain or TLS socket with a time limit) and an event that is
    set when the test is over. A client that goes away is no error; anything else is.
    """

    def __init__(self) -> None:
        self.halt = threading.Event()
        self._listeners: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._errors: list[Exception] = []

    def start(
        self, handler: Handler, *, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
    ) -> int:
        """Serve on a free port, and return it."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, 0), family=family, backlog=64)
        self._listeners.append(listener)
        self._run(lambda: self._accept(listener, handler, context))
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        self.halt.set()
        for listener in self._listeners:
            # Wakes an accept that is waiting, which close alone does not.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in self._threads:
            thread.join(WAIT_S)
            assert not thread.is_alive(), "a server did not come to its end"
        if self._errors:
            raise self._errors[0]

    def _run(self, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(
        self, listener: socket.socket, handler: Handler, context: ssl.SSLContext | None
    ) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._run(lambda connection=connection: self._serve(connection, handler, context))  # type: ignore[misc]  # a default argument binds the connection of this round

    def _serve(
        self, connection: socket.socket, handler: Handler, context: ssl.SSLContext | None
    ) -> None:
        with connection:
            connection.settimeout(WAIT_S)
            try:
                if context is None:
                    handler(connection, self.halt)
                else:
                    with context.wrap_socket(connection, server_side=True) as tls:
                        handler(tls, self.halt)
            except OSError:
                return
            except Exception as error:  # noqa: BLE001 - raised again at the end of the test
                self._errors.append(error)


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

"""A server behind TLS: its certificate is checked, unless that is turned off."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from .conftest import Judge

WAIT_S = 10.0
HEADERS = "--requirement=headers.*"


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


class Front:
    """Speaks TLS on a port of its own, and passes on what it deciphers."""

    def __init__(self, context: ssl.SSLContext, backend: tuple[str, int]) -> None:
        self._context = context
        self._backend = backend
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self._run(self._accept)

    def close(self) -> None:
        # Wakes an accept that is waiting, which close alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(WAIT_S)
            assert not thread.is_alive()

    def _run(self, target: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=target, args=arguments, daemon=True)  # type: ignore[arg-type]  # callable
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(WAIT_S)
        try:
            client = self._context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            return
        with client, socket.create_connection(self._backend, WAIT_S) as backend:
            there = self._run(_pump, client, backend)
            _pump(backend, client)
            there.join(WAIT_S)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def front(control: str, authority: trustme.CA) -> Iterator[Front]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    backend = urlsplit(control)
    front = Front(context, (str(backend.hostname), backend.port or 0))
    yield front
    front.close()


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(run: Judge, front: Front) -> None:
    done = run(f"--target-url={front.url}", HEADERS)
    assert done.code == 6
    (shown,) = [line for line in done.out.splitlines() if line.startswith("what to do:")]
    assert "CA file" in shown
    assert "turn verification off" in shown


def test_the_users_own_authority_is_trusted(
    run: Judge, front: Front, authority: trustme.CA, tmp_path: Path
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    done = run(f"--target-url={front.url}", HEADERS, "--ca-file=ca.pem")
    assert done.code == 0, done.out
    assert done.report is not None
    assert done.report["target"]["url"].startswith("https://")


def test_checking_can_be_turned_off(run: Judge, front: Front) -> None:
    assert run(f"--target-url={front.url}", HEADERS, "--insecure").code == 0

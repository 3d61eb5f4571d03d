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
from streamchat_fixtures.socket_server import SocketServer

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


class Front(SocketServer):
    """Speaks TLS on a port of its own, and passes on what it deciphers."""

    def __init__(self, context: ssl.SSLContext, backend: tuple[str, int]) -> None:
        super().__init__(self._pass_on)
        self._context = context
        self._backend = backend

    @property
    def url(self) -> str:
        return f"https://{self.authority}"

    def _pass_on(self, connection: socket.socket, _: int) -> None:
        with (
            self._context.wrap_socket(connection, server_side=True) as client,
            socket.create_connection(self._backend, WAIT_S) as backend,
        ):
            there = threading.Thread(target=_pump, args=(client, backend), daemon=True)
            there.start()
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
    with Front(context, (str(backend.hostname), backend.port or 0)) as front:
        yield front


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

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from streamchat_conformance.core.exchange import Ending
from streamchat_conformance.recorder import (
    ConnectError,
    ConnectErrorKind,
    Connection,
    Endpoint,
    Limits,
    check_target,
    connection,
    until,
)
from streamchat_conformance.recorder.connecting import Address

if TYPE_CHECKING:
    import ssl

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
REQUEST = b"POST / HTTP/1.1\r\n\r\n"

Serve = Callable[..., Endpoint]


def answer(peer: socket.socket, halt: threading.Event) -> None:
    while not halt.is_set() and peer.recv(65_536):
        peer.sendall(OK)


def say_nothing(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    halt.wait(10)


def close_at_once(peer: socket.socket, _halt: threading.Event) -> None:
    peer.recv(65_536)


def connect_error(endpoint: Endpoint, limits: Limits) -> ConnectError:
    with pytest.raises(ConnectError) as caught:
        Connection.open(endpoint, limits).close()
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_port_where_nothing_listens_is_refused(
    limits: Limits, held_port: Callable[..., int]
) -> None:
    port = held_port()
    error = connect_error(Endpoint.from_url(f"http://127.0.0.1:{port}"), limits)
    assert error.kind is ConnectErrorKind.REFUSED
    assert str(error) == (
        f"nothing listens at port {port} of 127.0.0.1; start the server, or correct the port"
    )


def test_an_unknown_host_name_is_reported_by_name(limits: Limits) -> None:
    error = connect_error(Endpoint.from_url("http://no-such-host.invalid:5000"), limits)
    assert error.kind is ConnectErrorKind.NAME
    assert "'no-such-host.invalid' has no address" in error.message


def test_a_resolver_that_hangs_is_not_waited_for_beyond_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    look_up = socket.getaddrinfo

    def hang(host: str, port: int, *, type: int, flags: int) -> list[object]:  # noqa: A002 - getaddrinfo's name
        if not flags:
            release.wait(10)
        return list(look_up(host, port, type=type, flags=flags))

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    error = connect_error(Endpoint.from_url("http://slow.invalid"), Limits(connect_s=0.1))
    release.set()
    assert error.kind is ConnectErrorKind.TIMED_OUT
    assert "connect_s=0.1" in error.message


def test_ipv6_literals_are_reached(serve: Serve, limits: Limits) -> None:
    with Connection.open(serve(answer, host="::1"), limits) as opened:
        assert opened.exchange(REQUEST, until=until.complete()).ending is Ending.COMPLETE


def addresses_are(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    found = [Address(socket.AF_INET6 if ":" in host else socket.AF_INET, (host, port))
             for host, port in places]  # fmt: skip
    monkeypatch.setattr(connection, "resolve", lambda *_: found)


def test_every_address_is_tried_in_order(
    serve: Serve,
    limits: Limits,
    monkeypatch: pytest.MonkeyPatch,
    held_port: Callable[..., int],
) -> None:
    reached: list[str] = []

    def first(peer: socket.socket, halt: threading.Event) -> None:
        reached.append("first")
        answer(peer, halt)

    def second(_peer: socket.socket, _halt: threading.Event) -> None:
        reached.append("second")

    ports = serve(first, host="::1").port, serve(second).port
    addresses_are(
        monkeypatch, ("127.0.0.1", held_port()), ("::1", ports[0]), ("127.0.0.1", ports[1])
    )
    with Connection.open(Endpoint.from_url("http://several.example"), limits) as opened:
        assert opened.exchange(REQUEST, until=until.complete()).ending is Ending.COMPLETE
    assert reached == ["first"]


def test_all_addresses_are_named_when_all_refuse(
    limits: Limits, monkeypatch: pytest.MonkeyPatch, held_port: Callable[..., int]
) -> None:
    addresses_are(monkeypatch, ("::1", held_port("::1")), ("127.0.0.1", held_port()))
    error = connect_error(Endpoint.from_url("http://several.example"), limits)
    assert error.kind is ConnectErrorKind.REFUSED
    assert "several.example (::1 and 127.0.0.1)" in error.message


class Silence:
    """A listener whose queue is full: further connections are neither made nor refused."""

    def __init__(self) -> None:
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = int(self.listener.getsockname()[1])
        self.clients = [socket.socket() for _ in range(4)]
        for client in self.clients:
            client.settimeout(0)
            client.connect_ex(("127.0.0.1", self.port))

    def close(self) -> None:
        for each in (*self.clients, self.listener):
            each.close()


def test_an_address_that_does_not_answer_is_given_up_after_the_limit() -> None:
    silence = Silence()
    try:
        endpoint = Endpoint.from_url(f"http://127.0.0.1:{silence.port}")
        error = connect_error(endpoint, Limits(connect_s=0.2))
    finally:
        silence.close()
    assert error.kind is ConnectErrorKind.TIMED_OUT
    assert "within connect_s=0.2" in error.message


def test_a_silent_address_leaves_time_for_the_next(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = Silence()
    addresses_are(monkeypatch, ("127.0.0.1", silence.port), ("127.0.0.1", serve(answer).port))
    try:
        endpoint = Endpoint.from_url("http://several.example")
        with Connection.open(endpoint, Limits(connect_s=1)) as opened:
            assert opened.exchange(REQUEST, until=until.complete()).ending is Ending.COMPLETE
    finally:
        silence.close()


def test_a_machine_without_a_free_descriptor_is_reported(
    limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_arguments: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    endpoint = Endpoint.from_url("http://127.0.0.1:5000")
    monkeypatch.setattr(socket, "socket", exhausted)
    error = connect_error(endpoint, limits)
    assert error.kind is ConnectErrorKind.LOCAL
    assert error.message == "no socket could be opened: Too many open files"


# TLS.


def https(endpoint: Endpoint) -> Endpoint:
    return Endpoint.from_url(endpoint.url.replace("http:", "https:"))


def test_a_trusted_certificate_is_accepted(serve_tls: Serve, limits: Limits) -> None:
    with Connection.open(serve_tls(answer), limits) as opened:
        assert opened.exchange(REQUEST, until=until.complete()).ending is Ending.COMPLETE


def test_an_untrusted_certificate_is_refused(serve_tls: Serve, limits: Limits) -> None:
    endpoint = serve_tls(answer)
    error = connect_error(Endpoint.from_url(endpoint.url), limits)
    assert error.kind is ConnectErrorKind.TLS
    assert "is not trusted" in error.message
    assert "CA file" in error.hint


def test_an_untrusted_certificate_is_accepted_when_asked_to(
    serve_tls: Serve, limits: Limits
) -> None:
    endpoint = Endpoint.from_url(serve_tls(answer).url, insecure=True)
    with Connection.open(endpoint, limits) as opened:
        assert opened.exchange(REQUEST, until=until.complete()).ending is Ending.COMPLETE


def test_a_certificate_for_another_name_is_refused(
    serve_tls: Serve, ca_file: str, limits: Limits
) -> None:
    url = serve_tls(answer).url.replace("127.0.0.1", "localhost")
    error = connect_error(Endpoint.from_url(url, ca_file=ca_file), limits)
    assert error.kind is ConnectErrorKind.TLS
    assert "is not trusted" in error.message


def test_the_server_gets_the_name(
    serve_tls: Serve, server_context: ssl.SSLContext, limits: Limits
) -> None:
    names: list[str | None] = []
    server_context.sni_callback = lambda _socket, name, _context: names.append(name)
    port = serve_tls(answer).port
    endpoint = Endpoint.from_url(f"https://localhost:{port}", insecure=True)
    with Connection.open(endpoint, limits) as opened:
        opened.exchange(REQUEST, until=until.complete())
    assert names == ["localhost"]


def answer_anything_with_400(peer: socket.socket, halt: threading.Event) -> None:
    peer.recv(65_536)
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    halt.wait(10)


def test_a_plain_server_behind_an_https_url_is_named(serve: Serve, limits: Limits) -> None:
    error = connect_error(https(serve(answer_anything_with_400)), limits)
    assert error.kind is ConnectErrorKind.TLS
    assert "does not speak TLS" in error.message
    assert "write http:// instead of https://" in error.hint


def test_a_server_that_closes_during_the_handshake_gets_a_hint(
    serve: Serve, limits: Limits
) -> None:
    error = connect_error(https(serve(close_at_once)), limits)
    assert error.kind is ConnectErrorKind.TLS
    assert "during the TLS handshake" in error.message
    assert "write http://" in error.hint


def test_a_server_that_is_silent_during_the_handshake_gets_a_hint(serve: Serve) -> None:
    error = connect_error(https(serve(say_nothing)), Limits(connect_s=0.2))
    assert error.kind is ConnectErrorKind.TIMED_OUT
    assert "no TLS handshake within connect_s=0.2" in error.message
    assert "write http://" in error.hint


def test_a_tls_server_behind_an_http_url_is_named(serve_tls: Serve, limits: Limits) -> None:
    endpoint = Endpoint.from_url(serve_tls(answer).url.replace("https:", "http:"))
    with pytest.raises(ConnectError, match="speaks TLS, not plain HTTP") as caught:
        check_target(endpoint, limits)
    assert caught.value.kind is ConnectErrorKind.TLS
    assert "write https:// instead of http://" in caught.value.hint


def test_a_tls_alert_as_answer_to_plain_http_is_named(serve: Serve, limits: Limits) -> None:
    def alert(peer: socket.socket, _halt: threading.Event) -> None:
        peer.recv(65_536)
        peer.sendall(b"\x15\x03\x01\x00\x02\x02\x46")

    with (
        Connection.open(serve(alert), limits) as opened,
        pytest.raises(ConnectError, match="answers plain HTTP with a TLS alert"),
    ):
        opened.exchange(REQUEST, until=until.complete())


@pytest.mark.parametrize("handler", [answer, answer_anything_with_400, close_at_once])
def test_a_plain_server_behind_an_http_url_passes_the_check(
    serve: Serve, handler: Callable[[socket.socket, threading.Event], None]
) -> None:
    check_target(serve(handler), Limits(connect_s=1))


def test_a_tls_server_behind_an_https_url_passes_the_check(
    serve_tls: Serve, limits: Limits
) -> None:
    check_target(serve_tls(answer), limits)

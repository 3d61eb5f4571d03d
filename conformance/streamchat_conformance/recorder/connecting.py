"""Connecting to an endpoint: names, addresses in turn, TLS, and clear failures."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from streamchat_conformance.recorder import polling
from streamchat_conformance.recorder.channel import Channel, TlsChannel
from streamchat_conformance.recorder.errors import ConnectError, ConnectErrorKind
from streamchat_conformance.recorder.loop import NEVER, clock

if TYPE_CHECKING:
    from streamchat_conformance.recorder.endpoint import Endpoint
    from streamchat_conformance.recorder.limits import Limits

__all__ = ["Address", "Connecting", "resolve"]

_TLS_CONTENT_TYPES: Final = range(20, 25)
"""First byte of any TLS record (RFC 8446 §5.1)."""

_REFUSED: Final = {errno.ECONNREFUSED}
_LOCAL: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_CONNECTING: Final = {0, errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EINTR}


class Address(NamedTuple):
    """One resolved address: what `socket` and `connect` need."""

    family: int
    sockaddr: tuple[str | int | bytes, ...]


def resolve(endpoint: Endpoint, limits: Limits) -> list[Address]:
    """Return all addresses of the endpoint, in the order of the resolver.

    Raises ConnectError of kind NAME, TIMED_OUT or LOCAL.
    """
    found: list[Address] = []
    failures: list[OSError] = []

    def look_up(flags: int = 0) -> None:
        try:
            infos = socket.getaddrinfo(
                endpoint.host, endpoint.port, type=socket.SOCK_STREAM, flags=flags
            )
        except (OSError, UnicodeError) as error:
            failures.append(error if isinstance(error, OSError) else OSError(0, "not a host name"))
        else:
            found.extend(Address(family, address) for family, _, _, _, address in infos)

    look_up(socket.AI_NUMERICHOST)
    if not found:
        failures.clear()
        # The system's resolver cannot be interrupted; a thread of its own bounds the wait.
        thread = threading.Thread(target=look_up, name="name look-up", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            raise ConnectError(
                ConnectErrorKind.LOCAL, f"no name could be looked up: {error}"
            ) from None
        thread.join(limits.connect_s)
        if thread.is_alive():
            raise ConnectError(
                ConnectErrorKind.TIMED_OUT,
                f"the address of {endpoint.host!r} was not found "
                f"within {limits.named('connect_s')}",
                "check the name server",
            )
    if not found:
        raise ConnectError(
            ConnectErrorKind.NAME,
            f"the host name {endpoint.host!r} has no address ({failures[0].strerror})",
            "check its spelling in the target URL",
        )
    return list(dict.fromkeys(found))


class Connecting:
    """A task that connects to the first address that answers, and shakes hands for TLS.

    Once `done`, either `channel` or `error` is set.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        addresses: list[Address],
        limits: Limits,
        *,
        receive_buffer_bytes: int | None = None,
        deadline: float | None = None,
    ) -> None:
        self.channel: Channel | None = None
        self.error: ConnectError | None = None
        self._endpoint = endpoint
        self._limits = limits
        self._receive_buffer_bytes = receive_buffer_bytes
        self._deadline = clock() + limits.connect_s if deadline is None else deadline
        self._waiting = list(addresses)
        self._failures: list[tuple[Address, int]] = []
        self._address: Address | None = None
        self._address_deadline = self._deadline
        self._socket: socket.socket | None = None
        self._tls: TlsChannel | None = None
        self._begin_next(clock())

    @property
    def done(self) -> bool:
        """Whether there is a channel or an error."""
        return self.channel is not None or self.error is not None

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self._socket.fileno() if self._socket is not None else -1

    def interest(self) -> int:
        """Return the poll events to wait for."""
        if self._tls is None:
            return polling.POLLOUT
        return polling.POLLIN | (polling.POLLOUT if self._tls.must_write else 0)

    def wake_at(self) -> float:
        """Return when the current address, or all of them, had their time."""
        return NEVER if self.done else self._address_deadline

    def transfer(self, events: int) -> None:
        """Take the next step that the socket allows."""
        if not events or self._socket is None or self.done:
            return
        if self._tls is not None:
            self._shake_hands()
            return
        self._finish_connect(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def advance(self, now: float) -> None:
        """Give up on an address, or altogether, when its time has passed."""
        if self.done or now < self._address_deadline:
            return
        if self._tls is not None:
            self._fail_tls(
                f"no TLS handshake within {self._limits.named('connect_s')}",
                "if the server speaks plain HTTP, write http:// in the target URL",
                ConnectErrorKind.TIMED_OUT,
            )
        else:
            self._fail_address(errno.ETIMEDOUT)

    def stop(self, now: float) -> None:  # noqa: ARG002 - the loop gives all tasks the time
        """Give up at once."""
        self.drop()
        if not self.done:
            self._set_error(ConnectErrorKind.UNREACHABLE, "connecting was cancelled", "")

    def _begin_next(self, now: float) -> None:
        if not self._waiting:
            self._report_failures()
            return
        # A silent address must not use up the time of those after it.
        share_s = (self._deadline - now) / len(self._waiting)
        self._address_deadline = now + max(share_s, 0.0)
        address = self._address = self._waiting.pop(0)
        try:
            self._socket = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:
            self._fail_address(error.errno or errno.EAFNOSUPPORT)
            return
        self._socket.settimeout(0)
        # Small pieces must leave when they are handed over, not when Nagle's algorithm likes.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._receive_buffer_bytes is not None:
            # Only before connecting does it bound the window that is announced.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer_bytes)
        code = self._socket.connect_ex(address.sockaddr)
        if code not in _CONNECTING:
            self._fail_address(code)

    def _finish_connect(self, code: int) -> None:
        sock = self._socket
        assert sock is not None
        if code:
            self._fail_address(code)
            return
        try:
            # A free port of this machine can be connected to itself: nobody listens there.
            alone = sock.getsockname() == sock.getpeername()
        except OSError as error:
            self._fail_address(error.errno or errno.ENOTCONN)
            return
        if alone:
            self._fail_address(errno.ECONNREFUSED)
            return
        context = self._endpoint.ssl
        if context is None:
            self.channel = Channel(sock)
            return
        # All the time left is the handshake's: the address has answered.
        self._address_deadline = self._deadline
        self._tls = TlsChannel(sock, context, self._endpoint.host.partition("%")[0])
        self._shake_hands()

    def _shake_hands(self) -> None:
        tls = self._tls
        assert tls is not None
        try:
            if tls.handshake():
                self.channel = tls
        except ssl.SSLCertVerificationError as error:
            self._fail_tls(
                f"the certificate of {self._endpoint.authority} is not trusted: "
                f"{error.verify_message.rstrip('.')}",
                "name the issuer's certificate as the CA file, or turn verification off",
            )
        except ssl.SSLError as error:
            if tls.first_bytes and tls.first_bytes[0] not in _TLS_CONTENT_TYPES:
                self._fail_tls(
                    f"{self._endpoint.authority} does not speak TLS",
                    "write http:// instead of https:// in the target URL",
                )
                return
            reason = (error.reason or str(error)).replace("_", " ").lower()
            self._fail_tls(f"the TLS handshake failed: {reason}", "")
        except ConnectionError as error:
            self._fail_tls(
                f"{self._endpoint.authority} ended the connection during the TLS handshake "
                f"({error})",
                "if the server speaks plain HTTP, write http:// in the target URL",
            )

    def _fail_tls(
        self, message: str, hint: str, kind: ConnectErrorKind = ConnectErrorKind.TLS
    ) -> None:
        self.drop()
        self._set_error(kind, message, hint)

    def _fail_address(self, code: int) -> None:
        assert self._address is not None
        self.drop()
        self._failures.append((self._address, code))
        self._begin_next(clock())

    def drop(self) -> None:
        """Close the socket unless it has become a channel."""
        if self._socket is not None and self.channel is None:
            self._socket.close()
            self._socket = None
            self._tls = None

    def _report_failures(self) -> None:
        codes = [code for _, code in self._failures]
        places = " and ".join(
            dict.fromkeys(str(address.sockaddr[0]) for address, _ in self._failures)
        )
        where = f"port {self._endpoint.port} of {self._endpoint.host}"
        if places != self._endpoint.host:
            where += f" ({places})"
        if all(code in _REFUSED for code in codes):
            self._set_error(
                ConnectErrorKind.REFUSED,
                f"nothing listens at {where}",
                "start the server, or correct the port",
            )
        elif all(code in _LOCAL for code in codes):
            self._set_error(
                ConnectErrorKind.LOCAL, f"no socket could be opened: {os.strerror(codes[-1])}", ""
            )
        elif errno.ETIMEDOUT in codes:
            self._set_error(
                ConnectErrorKind.TIMED_OUT,
                f"no answer from {where} within {self._limits.named('connect_s')}",
                "check the address, and any firewall on the way",
            )
        else:
            reasons = ", ".join(dict.fromkeys(os.strerror(code) for code in codes))
            self._set_error(
                ConnectErrorKind.UNREACHABLE, f"no connection to {where}: {reasons}", ""
            )

    def _set_error(self, kind: ConnectErrorKind, message: str, hint: str) -> None:
        self.error = ConnectError(kind, message, hint)

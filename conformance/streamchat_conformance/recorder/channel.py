"""A connected socket that never blocks, plain or under TLS: bytes in, bytes out, and its end."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import struct
from enum import StrEnum
from typing import Final, NamedTuple

from streamchat_conformance.recorder import polling

__all__ = ["READ_BYTES", "Channel", "End", "Received", "TlsChannel"]

READ_BYTES: Final = 65_536
"""Most bytes that one `recv` asks for."""

_DRAIN_READS: Final = 16
"""How many reads take what is at hand before a connection is closed."""
_RECORD_BYTES: Final = 16_384
"""Most plaintext in one TLS record (RFC 8446 §5.1): written in such pieces, memory is bounded."""

# Linux reports a FIN while data before it is still unread; elsewhere a peek must do.
_POLL_FIN: Final = getattr(select, "POLLRDHUP", 0)


class End(StrEnum):
    """How the server's direction of a connection ended."""

    FIN = "fin"
    RST = "rst"


class Received(NamedTuple):
    """What one look at the socket gave; both empty when nothing has come."""

    data: bytes = b""
    end: End | None = None


class Channel:
    """A plain TCP connection. Nothing here waits; nothing raises because of the peer."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.end: End | None = None
        """The end of the server's direction, once it was received."""
        self.send_error: str | None = None
        """Why nothing more can be sent, once that is so."""
        self.notes: list[str] = []
        """Oddities for the exchange, each reported once."""
        self.closed = False

    def fileno(self) -> int:
        """Return the descriptor to poll, -1 once closed."""
        return self.sock.fileno()

    def take_notes(self) -> list[str]:
        """Return the notes, each for one exchange only."""
        notes, self.notes = self.notes, []
        return notes

    @property
    def must_write(self) -> bool:
        """Whether bytes below the application's wait to be written (TLS records)."""
        return False

    def receive(self) -> Received:
        """Take what has arrived, at most one `recv`."""
        if self.end is not None:
            return Received(end=self.end)
        data = self._recv()
        if data == b"":
            return Received(end=self.end)
        return Received(data or b"")

    def write(self, data: memoryview) -> int:
        """Hand over bytes and return how many were taken: 0 when the socket is full.

        After a failure `send_error` is set, and everything counts as untaken.
        """
        return self._send(data)

    def flush(self) -> None:
        """Write on what `must_write` says."""

    def half_close(self) -> None:
        """Signal that nothing more will be sent (FIN); receiving goes on."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Cut the connection with RST, dropping what is unsent."""
        if not self.closed:
            with contextlib.suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._close()

    def close(self) -> None:
        """Close both directions with FIN."""
        if not self.closed:
            # A socket closed over unread bytes sends RST, so those at hand are taken first.
            with contextlib.suppress(OSError):
                for _ in range(_DRAIN_READS):
                    if not self.sock.recv(READ_BYTES):
                        break
        self._close()

    def _close(self) -> None:
        self.closed = True
        self.sock.close()

    def look(self) -> End | None:
        """Return the end of the server's direction if it has come, without taking any bytes.

        Where the system cannot report a FIN behind unread bytes, those hide it.
        """
        if self.closed or self.end is not None:
            return self.end or End.FIN
        poller = polling.poller()
        poller.register(self.sock, polling.POLLIN | _POLL_FIN)
        ready = poller.poll(0)
        return self.seen(ready[0][1]) if ready else None

    def seen(self, events: int) -> End | None:
        """Return the end of the server's direction that these poll events report."""
        if events & (polling.POLLERR | polling.POLLNVAL) or self.send_error is not None:
            return End.RST
        if events & (_POLL_FIN | polling.POLLHUP):
            return End.FIN
        try:
            peeked = socket.socket.recv(self.sock, 1, socket.MSG_PEEK)
        except BlockingIOError:
            return None
        except OSError:
            return End.RST
        return None if peeked else End.FIN

    @property
    def watch_events(self) -> int:
        """Poll events that report the end without readiness to read."""
        return int(_POLL_FIN)

    def _recv(self) -> bytes | None:
        """Return bytes from the socket, None when none are there, b"" at its end."""
        try:
            data = self.sock.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError as error:
            self.end = End.RST
            if not isinstance(error, ConnectionResetError):
                self.notes.append(f"receiving failed: {error.strerror or error}")
            return b""
        if not data:
            # A failed send takes the error away from the socket: the RST then reads like a FIN.
            self.end = End.FIN if self.send_error is None else End.RST
        return data

    def _send(self, data: memoryview) -> int:
        if self.send_error is not None:
            return 0
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self.send_error = error.strerror or str(error)
            return 0


class TlsChannel(Channel):
    """A TLS connection. The TLS engine works in memory, so that the socket's times stay exact."""

    def __init__(
        self, sock: socket.socket, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        super().__init__(sock)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )
        self._unwritten = b""
        self._in_flight = 0
        self._notified = False
        self.first_bytes = b""
        """The first bytes from the server: they distinguish TLS from plain HTTP."""

    @property
    def must_write(self) -> bool:
        """Whether TLS records wait to be written."""
        return bool(self._unwritten or self._outgoing.pending) and self.send_error is None

    def handshake(self) -> bool:
        """Go on with the handshake; return whether it is done.

        Raises ssl.SSLError when it fails, ConnectionError when the server ends the connection.
        """
        data = self._recv()
        if data:
            self.first_bytes = self.first_bytes or data[:8]
            self._incoming.write(data)
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.flush()
            if self.end is not None:
                raise ConnectionError("closed" if self.end is End.FIN else "reset") from None
            return False
        except ssl.SSLError:
            self.flush()
            raise
        self.flush()
        return True

    def receive(self) -> Received:
        """Take what has arrived, at most one `recv`, and return its plaintext."""
        if self.end is not None:
            return Received(end=self.end)
        data = self._recv()
        if data:
            self._incoming.write(data)
        if data is None and not self._incoming.pending:
            return Received()
        plaintext = self._decrypt()
        if self.end is not None and data == b"":
            self._note_ragged_end()
        return Received(plaintext, self.end)

    def write(self, data: memoryview) -> int:
        """Hand over bytes; they count as taken once their TLS record has left whole."""
        if not self._in_flight:
            try:
                self._in_flight = self._tls.write(data[:_RECORD_BYTES])
            except ssl.SSLError as error:
                self.send_error = _reason(error)
                return 0
        self.flush()
        if self.must_write or self.send_error is not None:
            return 0
        taken, self._in_flight = self._in_flight, 0
        return taken

    def flush(self) -> None:
        """Write pending TLS records as far as the socket takes them."""
        while self.must_write:
            self._unwritten = self._unwritten or self._outgoing.read(READ_BYTES)
            sent = self._send(memoryview(self._unwritten))
            if not sent:
                return
            self._unwritten = self._unwritten[sent:]

    def half_close(self) -> None:
        """Send close_notify, then FIN."""
        self._close_notify()
        super().half_close()

    def close(self) -> None:
        """Send close_notify, then close both directions."""
        if not self.closed:
            self._close_notify()
        super().close()

    def _close_notify(self) -> None:
        # unwrap() sends our close_notify and then wants the server's, which is not waited for.
        with contextlib.suppress(ssl.SSLError, ValueError):
            self._tls.unwrap()
        self.flush()

    def _decrypt(self) -> bytes:
        pieces: list[bytes] = []
        while True:
            try:
                piece = self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                break
            except ssl.SSLZeroReturnError:
                self._notified = True
                self.end = self.end or End.FIN
                break
            except ssl.SSLError as error:
                self.notes.append(f"TLS failed: {_reason(error)}")
                self.end = End.RST
                break
            if not piece:
                self._notified = True
                self.end = self.end or End.FIN
                break
            pieces.append(piece)
        # Answers to the server's key updates.
        self.flush()
        return b"".join(pieces)

    def _note_ragged_end(self) -> None:
        # RFC 8446 §6.1: without close_notify the end may be a truncation; it still is an end.
        if self.end is End.FIN and not self._notified:
            self.notes.append("the server closed without TLS close_notify")


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()

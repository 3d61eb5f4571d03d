"""One HTTP response, parsed by httptools."""

from __future__ import annotations

import httptools

FIELD_COUNT_LIMIT = 256
"""More field lines than this break off the reading."""


class StreamResponse:
    """What httptools calls back; body pieces wait in `pieces` until they are taken."""

    __slots__ = (
        "_keep_alive",
        "body_bytes",
        "complete",
        "fields",
        "framed",
        "parser",
        "pieces",
        "status",
        "surplus",
    )

    def __init__(self) -> None:
        self.status: int | None = None
        self.fields: list[tuple[bytes, bytes]] = []
        self.pieces: list[bytes] = []
        self.body_bytes = 0
        self.complete = False
        self.surplus = False
        self._keep_alive = False
        self.framed = False
        """The body has a length or chunks, so that its end differs from a cut."""
        self.parser = httptools.HttpResponseParser(self)

    def feed(self, data: bytes | memoryview) -> str | None:
        """Read more bytes; return what is malformed about them, or None."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return "an upgrade that was not asked for"
        except httptools.HttpParserError as error:
            return str(error) or type(error).__name__
        return None

    def on_message_begin(self) -> None:
        """Record that a response begins; a second one after the first is surplus."""
        if self.complete:
            self.surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one field line."""
        if len(self.fields) < FIELD_COUNT_LIMIT:
            self.fields.append((name.lower(), value or b""))

    def on_headers_complete(self) -> None:
        """Note the status and the framing."""
        if self.surplus:
            return
        self.status = self.parser.get_status_code()
        names = [name for name, _ in self.fields]
        self.framed = b"content-length" in names or b"transfer-encoding" in names

    def on_body(self, piece: bytes) -> None:
        """Keep some decoded bytes of the body."""
        if not self.complete:
            self.pieces.append(piece)

    def on_message_complete(self) -> None:
        """Note that the response ended by its own framing; interim responses do not count."""
        if self.status is not None and 100 <= self.status < 200:
            self.status = None
            self.fields = []
            return
        # The parser forgets this with the message.
        self._keep_alive = self._keep_alive or bool(self.parser.should_keep_alive())
        self.complete = True

    def take(self) -> bytes:
        """Return the body bytes that came since the last call."""
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.body_bytes += len(data)
        return data

    def field(self, name: bytes) -> str:
        """Return the first value of a field, or an empty string."""
        return next((value.decode("latin-1") for key, value in self.fields if key == name), "")

    @property
    def persistent(self) -> bool:
        """Whether the connection may serve another request (RFC 9112 section 9.3)."""
        return self.complete and not self.surplus and self._keep_alive

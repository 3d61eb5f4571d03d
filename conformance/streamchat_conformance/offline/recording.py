"""A recording: an exchange, and what the way it was recorded has lost."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.http1 import read_response
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.dialects.interface import Dialect
from streamchat_conformance.dialects.registry import default_dialect
from streamchat_conformance.judges.reading import REQUEST_ASSUMED

AUTHORITY = "HOST:PORT"
"""Stands where a recording does not say which server answered."""

NO_TIMES = ("stream.*",)
"""What cannot be decided without the times at which bytes arrived."""

NO_REQUEST = (
    "payload.*-echo*",
    "payload.line-separators",
    "payload.no-injection",
    "payload.no-replacement",
    "headers.no-injection",
    "headers.identity-encoding",
)
"""What compares the answer with a request, where the request is only assumed."""

NO_FRAMING = (
    "transport.delimited",
    "transport.chunked",
    "transport.chunks-well-formed",
    "transport.terminated",
    "error.delimited",
    "headers.no-content-length",
)
"""What cannot be decided when the chunks were undone before the recording."""

NO_FIELD_LINES = ("headers.well-formed", "headers.singletons", "headers.identity-encoding")
"""What cannot be decided when the field lines were taken apart before the recording."""

NO_LINE_ENDS = (
    "headers.well-formed",
    "transport.chunks-well-formed",
    "sse.line-endings",
    "error.delimited",
)
"""What cannot be decided when the line ends were rewritten after the recording."""

NO_REQUEST_VERSION = (
    "transport.version",
    "transport.delimited",
    "headers.connection-persistent",
    "headers.connection-keep-alive",
)
"""What depends on the version of HTTP that the client spoke, where that is only assumed."""

NO_HTTP1 = ("headers.connection-*", "transport.version", "transport.http10", "transport.interim")
"""What another version of HTTP does not have, or the recording does not have."""

NO_HEAD = ("headers.*", "transport.*", "error.*", "request.*")
"""What cannot be decided from a bare body."""

NO_BODY = (
    "sse.*",
    "payload.*",
    "error.shape",
    "error.bounded",
    "error.no-leak",
    "error.not-streamed",
    "request.error-*",
    "transport.body-only",
)
"""What cannot be decided when the response's body was not recorded."""


class RecordingError(ValueError):
    """A recording that cannot be read; the message says why and what to do, in one line."""


class Format(StrEnum):
    """The forms in which recordings come."""

    EXCHANGE = "exchange"
    """Exchanges as the suite saves them: one, a list, or the JSON report of a run."""
    CURL = "curl"
    """What `curl -isN --raw` prints: response head and body."""
    BODY = "body"
    """A bare event stream."""
    HAR = "har"
    """An HTTP archive, as browsers and proxies save it."""
    PIECES = "pieces"
    """One exchange in pieces, as the fixtures' corpus has them and as people write them."""


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One exchange out of a file."""

    exchange: Exchange
    name: str
    """File, and number within it, for people."""
    format: Format
    undecidable: tuple[str, ...] = ()
    """Globs of the requirement ids that this recording cannot decide."""
    request_known: bool = True
    notes: tuple[str, ...] = field(default=())
    gap_limit_s: float | None = None
    """The longest silence that the recording itself allows (seconds); None: the user's."""
    origin: str = ""
    """Scheme and authority of the server, where the recording has them."""
    dialect: str = ""
    """The dialect that the exchange was judged by, where a report says it."""

    @property
    def base_url(self) -> str:
        """Scheme and authority of the server, as far as they are known."""
        host = parse_request(self.exchange.request).first("host")
        return self.origin or f"http://{host or AUTHORITY}"

    def losing(self, *globs: str, note: str) -> RecordedExchange:
        """Return the recording with less that it can decide, and why."""
        return replace(self, undecidable=(*self.undecidable, *globs), notes=(*self.notes, note))

    def decides(self, id_: str) -> bool:
        """Return whether the recording has kept what a requirement is decided by."""
        return not any(fnmatchcase(id_, glob) for glob in self.undecidable)


@dataclass(frozen=True, slots=True)
class Reader:
    """What the user says about recordings, for all readers."""

    request: bytes | None = None
    """The request's bytes, when the user gave them."""
    path: str = field(default_factory=lambda: default_dialect().path)
    dialect: Dialect = field(default_factory=default_dialect)
    ended: bool = False
    """Whether the server ended the connection where the recording ends."""
    head_known: bool = False
    """Whether `request` has the head that was sent, not a plain one around a given body."""

    def asked(self, head: bytes | None = None) -> bytes:
        """Return the request that was given, or the plain one that is assumed.

        `head` is the head that the recording has, if any.
        """
        request = self.request
        if request is None:
            plain = HttpRequest.chat(self.dialect.requests.plain[0])
            request = plain.encode(authority=AUTHORITY, path=self.path)
        if head is None or self.head_known:
            return request
        return with_head(head, request.partition(b"\r\n\r\n")[2])

    def recording(
        self,
        received: bytes,
        *,
        name: str,
        format_: Format,
        undecidable: tuple[str, ...],
        request: bytes | None = None,
        request_head: bytes | None = None,
        notes: tuple[str, ...] = (),
        ending: Ending | None = None,
        origin: str = "",
    ) -> RecordedExchange:
        """Return the recording of a response's bytes.

        `request` is the recorded one, if any; `request_head` its head alone; `ending` is how
        the response ended, where the recorder says it; `origin` is the server's scheme and
        authority.
        """
        known = request is not None or self.request is not None
        if ending is None:
            # A file does not show whether the server or the recorder stopped.
            ending = Ending.CLOSED if self.ended else Ending.ABANDONED
        exchange = Exchange(
            request=request if request is not None else self.asked(request_head),
            reads=(Read(0.0, received),) if received else (),
            ending=ending,
            label=name,
        )
        response = read_response(exchange)
        if response.complete:
            exchange = replace(exchange, ending=Ending.COMPLETE)
            if response.end_offset is not None:
                # What stands behind the end was added to the file, not sent by the server.
                exchange = replace(exchange, reads=(Read(0.0, received[: response.end_offset]),))
        if not known:
            exchange = replace(exchange, notes=(*exchange.notes, REQUEST_ASSUMED))
            undecidable += (*NO_REQUEST, *self.dialect.request_rows)
            notes += ("the request is not in it; a plain valid one is assumed (see --request)",)
        return RecordedExchange(
            exchange,
            name,
            format_,
            undecidable,
            request_known=known,
            notes=notes,
            origin=origin,
        )


_BODY_FIELD = re.compile(rb"^(?:content-length|transfer-encoding|expect):", re.IGNORECASE)


def with_head(head: bytes, body: bytes) -> bytes:
    """Return a request of a recorded head and a body: in origin form, with the body's length."""
    lines = [line.rstrip(b"\r") for line in head.strip(b"\r\n").split(b"\n")]
    # A proxy is asked for a whole URL; to the server it is the path.
    lines[0] = re.sub(rb"^(\S+ )https?://[^/\s]+", rb"\1", lines[0])
    framed = [line for line in lines if _BODY_FIELD.match(line)]
    lines = [line for line in lines if line not in framed]
    if not framed:
        body = b""
    elif body:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(body: bytes, *, ended: bool) -> bytes:
    """Return a body as one chunk, for a head that says so; with the last chunk if it ended."""
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return chunk + (b"0\r\n\r\n" if ended else b"")

"""A recording: an exchange, and what the way it was recorded has lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from streamchat_conformance.chat.request import PATH, ChatRequest, HttpRequest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.core.http1 import read_response

AUTHORITY = "HOST:PORT"
"""Stands where a recording does not tell which server answered."""

PLAIN = ChatRequest("Hello", ["Hi"])
"""The request that is assumed where a recording does not tell what was asked."""

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

NO_HTTP1 = ("headers.connection-*", "transport.version", "transport.http10", "transport.interim")
"""What another version of HTTP does not have, or the recording does not tell."""

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
class Recording:
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

    def decides(self, id_: str) -> bool:
        """Tell whether the recording has kept what a requirement is decided by."""
        return not any(fnmatchcase(id_, glob) for glob in self.undecidable)


@dataclass(frozen=True, slots=True)
class Reader:
    """What the user tells about recordings, for all readers."""

    request: bytes | None = None
    """The request's bytes, when the user gave them."""
    path: str = PATH
    ended: bool = False
    """Whether the server ended the connection where the recording ends."""

    def asked(self) -> bytes:
        """Return the request that was given, or the plain one that is assumed."""
        if self.request is not None:
            return self.request
        return HttpRequest.chat(PLAIN).encode(authority=AUTHORITY, path=self.path)

    def recording(
        self,
        received: bytes,
        *,
        name: str,
        format_: Format,
        undecidable: tuple[str, ...],
        request: bytes | None = None,
        notes: tuple[str, ...] = (),
    ) -> Recording:
        """Return the recording of a response's bytes. `request` is the recorded one, if any."""
        known = request is not None or self.request is not None
        exchange = Exchange(
            request=request if request is not None else self.asked(),
            reads=(Read(0.0, received),) if received else (),
            # A file does not tell whether the server or the recorder stopped.
            ending=Ending.CLOSED if self.ended else Ending.ABANDONED,
            label=name,
        )
        response = read_response(exchange)
        if response.complete:
            exchange = replace(exchange, ending=Ending.COMPLETE)
            if response.end_offset is not None:
                # What stands behind the end was added to the file, not sent by the server.
                exchange = replace(exchange, reads=(Read(0.0, received[: response.end_offset]),))
        if not known:
            undecidable += NO_REQUEST
            notes += ("the request is not in it; a plain valid one is assumed (see --request)",)
        return Recording(exchange, name, format_, undecidable, request_known=known, notes=notes)


def chunked(body: bytes, *, ended: bool) -> bytes:
    """Return a body as one chunk, for a head that says so; with the last chunk if it ended."""
    chunk = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return chunk + (b"0\r\n\r\n" if ended else b"")

"""One HTTP/1.1 request, field line by field line, as it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

from streamchat_conformance import __version__


class Body(Protocol):
    """What an ordinary request carries: each dialect has its own."""

    def body(self, *, ensure_ascii: bool = True) -> bytes:
        """Return the JSON text, escaped to ASCII or as raw UTF-8."""


JSON_MEDIA_TYPE = "application/json"


ACCEPT = "text/event-stream, application/json"
"""Default Accept: a stream, or a refusal."""


USER_AGENT = f"streamchat-conformance/{__version__}"
"""Default User-Agent (RFC 9110 section 10.1.5)."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP/1.1 request, field line by field line, to be sent exactly so.

    `fields` excludes Host and the framing fields, which `encode` writes. A chunked body is
    given coded already, with its Transfer-Encoding as `framing`. `accept` and `user_agent` give
    way to the user's own fields of those names; None leaves them out.
    """

    body: bytes = b""
    method: str = "POST"
    path: str | None = None
    """None: the endpoint's own path."""
    content_type: str | None = JSON_MEDIA_TYPE
    accept: str | None = ACCEPT
    user_agent: str | None = USER_AGENT
    fields: tuple[tuple[str, str], ...] = ()
    version: str = "HTTP/1.1"
    host: str | None = ""
    """Value of Host: empty string for the target's own, None to leave the field out."""
    framing: tuple[tuple[str, str], ...] | None = None
    """Framing fields instead of Content-Length: for chunked and for hostile requests."""

    @classmethod
    def chat(cls, chat: Body, *, ensure_ascii: bool = True, **changes: Any) -> Self:
        """Return the ordinary request that carries this chat."""
        return cls(body=chat.body(ensure_ascii=ensure_ascii), **changes)

    def with_fields(self, *fields: tuple[str, str]) -> Self:
        """Return the same request with more field lines."""
        return replace(self, fields=(*self.fields, *fields))

    def encode(self, *, authority: str, path: str, extra: Sequence[tuple[str, str]] = ()) -> bytes:
        """Return the request's bytes for a target. `extra` are the user's own field lines."""
        lines = [f"{self.method} {self.path or path} {self.version}"]
        if self.host is not None:
            lines.append(f"Host: {self.host or authority}")
        if self.content_type is not None:
            lines.append(f"Content-Type: {self.content_type}")
        lines.extend(f"{name}: {value}" for name, value in self.client_fields(extra))
        lines.extend(f"{name}: {value}" for name, value in self.fields)
        lines.extend(f"{name}: {value}" for name, value in self._framing())
        head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
        return head + self.body

    def client_fields(self, extra: Sequence[tuple[str, str]] = ()) -> tuple[tuple[str, str], ...]:
        """Return what the client says of itself in each request, and the user's own lines."""
        own = (("User-Agent", self.user_agent), ("Accept", self.accept))
        taken = {name.lower() for name, _ in (*extra, *self.fields)}
        said = [
            (name, value) for name, value in own if value is not None and name.lower() not in taken
        ]
        return (*said, *extra)

    def _framing(self) -> Sequence[tuple[str, str]]:
        if self.framing is not None:
            return self.framing
        if self.method in ("GET", "HEAD", "DELETE", "OPTIONS") and not self.body:
            return []
        return [("Content-Length", str(len(self.body)))]


CHUNKED = (("Transfer-Encoding", "chunked"),)
"""Framing of a request whose body is chunked."""

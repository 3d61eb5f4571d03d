"""Secrets are taken out of everything that leaves the process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.core.fields import is_token

PLACEHOLDER = "[redacted]"

_SECRET_NAME = re.compile(
    r"(?i)authorization|cookie|token|secret|password|passwd|api-?key|credential|signature|session"
)
_SECRET_FIELDS = (
    rb"(?:proxy-)?authorization|(?:set-)?cookie2?|[a-z0-9-]*(?:api-?key|token|secret)[a-z0-9-]*"
)


_declared: set[str] = set()
"""Lower-case names of headers whose values the user called secret, for the whole process."""


def declare_secret(name: str) -> None:
    """Treat the values of a header as secret from now on. Raises ValueError for no header name."""
    if not is_token(name):
        raise ValueError(f"{name!r} is no header name; write the name alone, without its value")
    _declared.add(name.lower())


def _secret_line() -> re.Pattern[bytes]:
    """Return what matches a field line with a secret: its name, and its value."""
    names = b"|".join([_SECRET_FIELDS, *(re.escape(name.encode()) for name in sorted(_declared))])
    return re.compile(rb"(?im)^(" + names + rb"):[ \t]*([^\r\n]*)")


class Redactor:
    """Replaces secret header values, wherever they stand."""

    def __init__(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        values = set()
        for name, value in headers:
            secret = name.lower() in _declared or _SECRET_NAME.search(name)
            if secret and len(value) >= 4:
                values.add(value)
                # The credentials alone may turn up elsewhere, without their scheme.
                values.update(part for part in value.split() if len(part) >= 8)
        self._values = sorted(values, key=len, reverse=True)
        self._line = _secret_line()

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for value in self._values:
            text = text.replace(value, PLACEHOLDER)
        return text

    def data(self, data: bytes) -> bytes:
        """Return bytes of an HTTP message without secrets."""
        for value in self._values:
            data = data.replace(value.encode("latin-1", "replace"), PLACEHOLDER.encode())
        return self._line.sub(rb"\1: " + PLACEHOLDER.encode(), data)

    def masked(self, data: bytes) -> bytes:
        """Return bytes of an HTTP message with secrets starred out: offsets stay as they are."""
        for value in self._values:
            secret = value.encode("latin-1", "replace")
            data = data.replace(secret, b"*" * len(secret))
        return self._line.sub(_starred, data)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange with secrets starred out, also one that two reads share.

        Every byte keeps its place, so that findings' offsets and the request's length hold.
        """
        received = self.masked(exchange.received)
        reads = []
        at = 0
        for read in exchange.reads:
            reads.append(Read(read.at_s, received[at : at + len(read.data)]))
            at += len(read.data)
        return replace(exchange, request=self.masked(exchange.request), reads=tuple(reads))


def _starred(line: re.Match[bytes]) -> bytes:
    return line[0][: line.start(2) - line.start()] + b"*" * len(line[2])

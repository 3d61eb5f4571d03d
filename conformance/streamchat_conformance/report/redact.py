"""Secrets are taken out of everything that leaves the process."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from streamchat_conformance.core.exchange import Exchange, Read

PLACEHOLDER = "[redacted]"

_SECRET_NAME = re.compile(
    r"(?i)authorization|cookie|token|secret|password|passwd|api-?key|credential|signature|session"
)
_SECRET_LINE = re.compile(
    rb"(?im)^((?:proxy-)?authorization|(?:set-)?cookie2?|[a-z0-9-]*(?:api-?key|token|secret)"
    rb"[a-z0-9-]*):[ \t]*([^\r\n]*)"
)


class Redactor:
    """Replaces secret header values, wherever they stand."""

    def __init__(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        values = set()
        for name, value in headers:
            if _SECRET_NAME.search(name) and len(value) >= 4:
                values.add(value)
                # The credentials alone may turn up elsewhere, without their scheme.
                values.update(part for part in value.split() if len(part) >= 8)
        self._values = sorted(values, key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        for value in self._values:
            text = text.replace(value, PLACEHOLDER)
        return text

    def data(self, data: bytes) -> bytes:
        """Return bytes of an HTTP message without secrets."""
        for value in self._values:
            data = data.replace(value.encode("latin-1", "replace"), PLACEHOLDER.encode())
        return _SECRET_LINE.sub(rb"\1: " + PLACEHOLDER.encode(), data)

    def masked(self, data: bytes) -> bytes:
        """Return bytes of an HTTP message with secrets starred out: offsets stay as they are."""
        for value in self._values:
            secret = value.encode("latin-1", "replace")
            data = data.replace(secret, b"*" * len(secret))
        return _SECRET_LINE.sub(_starred, data)

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange without secrets."""
        return replace(
            exchange,
            request=self.data(exchange.request),
            reads=tuple(Read(read.at_s, self.data(read.data)) for read in exchange.reads),
        )


def _starred(line: re.Match[bytes]) -> bytes:
    return line[0][: line.start(2) - line.start()] + b"*" * len(line[2])

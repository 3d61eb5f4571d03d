"""Secrets are taken out of everything that leaves the process."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.core.secrets import (
    PLACEHOLDER,
    SECRET_FIELDS,
    declared_secrets,
    is_secret,
    without_secrets,
)

_REQUEST_LINE = re.compile(rb"\A[!-~]+ ([!-~]*\?[!-~]*)(?= HTTP/)")


def _secret_line() -> re.Pattern[bytes]:
    """Return what matches a field line with a secret: its name, and its value."""
    names = b"|".join([SECRET_FIELDS, *(re.escape(name.encode()) for name in declared_secrets())])
    return re.compile(rb"(?im)^(" + names + rb"):[ \t]*([^\r\n]*)")


def _with_target(data: bytes, change: Callable[[str], str]) -> bytes:
    """Return a message with the target of its request line changed, if that has a query."""
    line = _REQUEST_LINE.match(data)
    if line is None:
        return data
    changed = change(line[1].decode("ascii")).encode("ascii")
    return data[: line.start(1)] + changed + data[line.end(1) :]


def _forms(value: str) -> set[str]:
    """Return a value as it is, and as it stands in a query."""
    return {value, quote(value, safe="")}


class Redactor:
    """Replaces the secret values of headers and query parameters, wherever they stand."""

    def __init__(self, headers: Sequence[tuple[str, str]] = ()) -> None:
        values = set()
        for name, value in headers:
            if is_secret(name) and len(value) >= 4:
                values |= _forms(value)
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
        data = _with_target(data, without_secrets)
        return self._line.sub(rb"\1: " + PLACEHOLDER.encode(), data)

    def masked(self, data: bytes) -> bytes:
        """Return bytes of an HTTP message with secrets starred out: offsets stay as they are."""
        for value in self._values:
            secret = value.encode("latin-1", "replace")
            data = data.replace(secret, b"*" * len(secret))
        data = _with_target(data, partial(without_secrets, starred=True))
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

"""A recorded request made ready to be sent again: to another place, with its secrets put back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from streamchat_conformance.core.exchange import Exchange
from streamchat_conformance.core.grammar import TOKEN_BYTES
from streamchat_conformance.core.secrets import PLACEHOLDER, secret_parameters
from streamchat_conformance.core.sent_request import parse_request

_HIDDEN = re.compile(rb"(?<=[?&])([^=&\s]+)=(\*+|%b)(?=[&\s])" % re.escape(PLACEHOLDER.encode()))
"""A query parameter of a request line whose value the report does not show."""

_FIELD = re.compile(rb"(?m)^(%b):[ \t]*([^\r\n]*)" % TOKEN_BYTES)


class RedactedError(ValueError):
    """The request has secrets that the report does not show, and nobody gave them."""


@dataclass(frozen=True, slots=True)
class Again:
    """A request to send, and what about it is not as it was."""

    request: bytes
    notes: tuple[str, ...]


def resent(
    exchange: Exchange,
    *,
    old: tuple[str, str],
    new: tuple[str, str],
    headers: Sequence[tuple[str, str]],
) -> Again:
    """Return a recorded request as it is to be sent now.

    `old` and `new` are (authority, path) of the endpoint then and now. `headers` replace the
    values of the fields that they name, and are added where there is no such field. Raises
    RedactedError when the value of a field is redacted and `headers` do not have it.
    """
    head, separator, body = _parted(exchange.request)
    values = {name.lower(): value.encode("latin-1", "replace") for name, value in headers}
    seen: set[str] = set()
    missing: list[str] = []

    def field(match: re.Match[bytes]) -> bytes:
        name, value = match[1].decode("ascii"), match[2]
        start = match[0][: match.start(2) - match.start()]
        if name.lower() in values:
            seen.add(name.lower())
            return start + values[name.lower()]
        if value and not value.strip(b"*"):
            missing.append(name)
        if name.lower() == "host" and value == old[0].encode("ascii", "replace"):
            return start + new[0].encode("ascii")
        return match[0]

    line, line_end, fields = head.partition(b"\n")
    fields = _FIELD.sub(field, fields)
    line = _moved(line, old[1], new[1])
    if parameter := _HIDDEN.search(line):
        name = parameter[1].decode("ascii", "replace")
        raise RedactedError(
            f"the report does not show the query parameter {name!r}; give the key again: "
            "--api-key-env VARIABLE, or --target-url with it"
        )
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise RedactedError(
            f"the report does not show the value of {names}; give it again: "
            f"--target-header '{missing[0]}: …'"
        )
    end = b"\r\n" if line.endswith(b"\r") else b"\n"
    added = b"".join(
        f"{name}: ".encode("ascii") + values[name.lower()] + end
        for name, _ in headers
        if name.lower() not in seen
    )
    if not line_end:
        added = b""
    request = line + line_end + added + fields + separator + body
    return Again(request, tuple(_notes(exchange, request)))


def _parted(request: bytes) -> tuple[bytes, bytes, bytes]:
    """Return head, blank line and body; a request without a blank line is all head."""
    match = re.search(rb"\r?\n(?=\r?\n)", request)
    if match is None:
        return request, b"", b""
    return request[: match.end()], b"", request[match.end() :]


def _moved(line: bytes, old: str, new: str) -> bytes:
    """Return a request line with the endpoint's path exchanged, and with its secrets again."""
    method, space, rest = line.partition(b" ")
    # A report has a placeholder where the recorded request has an asterisk for each character.
    was = re.escape(old).replace(re.escape(PLACEHOLDER), r"\*+").encode("ascii", "replace")
    if (match := re.match(was, rest)) is not None:
        return method + space + new.encode("ascii") + rest[match.end() :]
    known = {name.encode(): quote(value, safe="") for name, value in secret_parameters(new)}
    return _HIDDEN.sub(
        lambda each: each[1] + b"=" + known.get(each[1], each[2].decode()).encode(), line
    )


def _notes(exchange: Exchange, request: bytes) -> list[str]:
    notes = []
    if exchange.position:
        notes.append(
            f"it was request {exchange.position + 1} on its connection; it is sent alone, on a "
            "connection of its own"
        )
    sent = exchange.sent_bytes
    if sent is not None and sent < len(exchange.request):
        notes.append(
            f"{sent} of {len(exchange.request)} bytes went out when it was recorded; all of "
            "them are sent now"
        )
    parsed = parse_request(request)
    if not parsed.well_formed:
        notes.append("the request is malformed or not whole, on purpose: it is sent as it is")
    return notes

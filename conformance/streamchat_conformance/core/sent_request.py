"""Reading a request's bytes back, so that a recording alone shows what was asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

from streamchat_conformance.core.grammar import TOKEN_BYTES

_REQUEST_LINE = re.compile(rb"(%b) (\S+) (HTTP/1\.[01])" % TOKEN_BYTES)
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(;[^\r\n]*)?\r\n")
_FIELD_LINE = re.compile(rb"(%b):([^\n]*)" % TOKEN_BYTES)


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request as its bytes show it. `well_formed` is False when its HTTP is not clean."""

    method: str
    target: str
    version: str
    fields: tuple[tuple[str, str], ...]
    body: bytes
    well_formed: bool
    chunked: bool = False
    extended: bool = False
    """Whether its chunks have extensions, or trailers follow them."""

    def first(self, name: str) -> str | None:
        """Return the first value of a field, by case-insensitive name, or None."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    def values(self, name: str) -> list[str]:
        """Return all values of a field, by case-insensitive name."""
        return [value for key, value in self.fields if key.lower() == name.lower()]


def parse_request(data: bytes) -> SentRequest:
    """Read a request's bytes; never raises.

    Anything but one clean HTTP/1.x request with sound framing comes back with
    `well_formed` False: what answers it is not judged as an answer to a chat request.
    """
    head, separator, rest = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    start = _REQUEST_LINE.fullmatch(lines[0])
    parsed = [_FIELD_LINE.fullmatch(line) for line in lines[1:]]
    clean = bool(separator) and start is not None and None not in parsed
    clean = clean and not re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", b"".join(lines))
    fields = tuple(
        (match[1].decode("latin-1"), match[2].strip(b" \t").decode("latin-1"))
        for match in parsed
        if match
    )
    if start is None:
        return SentRequest("", "", "", fields, rest, well_formed=False)
    names = [name.lower() for name, _ in fields]
    body: bytes | None = rest
    chunked = "transfer-encoding" in names
    extended = False
    if chunked:
        body, extended = _dechunk(rest)
        body = body if "content-length" not in names else None
    elif "content-length" in names:
        length = next(value for name, value in fields if name.lower() == "content-length")
        plain = length.isascii() and length.isdigit() and names.count("content-length") == 1
        body = rest if plain and int(length[:18]) == len(rest) else None
    elif rest:
        body = None
    if start[3] == b"HTTP/1.1" and names.count("host") != 1:
        clean = False
    return SentRequest(
        method=start[1].decode("ascii"),
        target=start[2].decode("latin-1"),
        version=start[3].decode("ascii"),
        fields=fields,
        body=rest if body is None else body,
        well_formed=clean and body is not None,
        chunked=chunked,
        extended=extended,
    )


def _dechunk(data: bytes) -> tuple[bytes | None, bool]:
    """Return the body of a chunked message, and whether it has extensions or trailers.

    The body is None when the message is not one whole clean one.
    """
    pieces: list[bytes] = []
    at = 0
    extended = False
    while match := _CHUNK_LINE.match(data, at):
        size = int(match[1], 16)
        at = match.end()
        extended = extended or match[2] is not None
        if size == 0:
            trailers, end, rest = data[at:].rpartition(b"\r\n")
            lines = trailers.split(b"\r\n")
            clean = bool(end) and not rest and lines.pop() == b""
            clean = clean and all(_FIELD_LINE.fullmatch(line) for line in lines)
            return b"".join(pieces) if clean else None, extended or bool(lines)
        pieces.append(data[at : at + size])
        if data[at + size : at + size + 2] != b"\r\n":
            return None, extended
        at += size + 2
    return None, extended

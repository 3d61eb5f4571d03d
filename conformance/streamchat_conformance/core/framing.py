"""The end of a response's body and how it is found (RFC 9112 §6.3)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from streamchat_conformance.core.fields import is_token, split_list

if TYPE_CHECKING:
    from streamchat_conformance.core.deviation import DeviationLog
    from streamchat_conformance.core.head import ResponseHead

ABSURD_BYTES: Final = 2**63
"""Sizes from here on are noted as deviations: no implementation counts so far."""


class Framing(StrEnum):
    """What delimits the body of a response."""

    CHUNKED = "chunked"
    LENGTH = "content-length"
    CLOSE = "close"
    """The body reaches to the end of the connection."""
    NONE = "none"
    """There is no body: 1xx, 204, 304, or the answer to HEAD."""


def read_framing(
    head: ResponseHead, request_method: str, log: DeviationLog
) -> tuple[Framing, int | None]:
    """Return the framing of the response with that head, and the length for `Framing.LENGTH`.

    Where the head contradicts itself, the reading is the one that shows most of the body: to
    the end of the connection.
    """
    encodings, lengths = head.values("Transfer-Encoding"), head.values("Content-Length")
    if 100 <= head.status < 200 or head.status == 204:
        # These never have a body, so nothing may announce one.
        if encodings or lengths:
            name = "transfer-encoding" if encodings else "content-length"
            log.add("framing-on-bodiless", "framing", _offset_of(head, name))
        return Framing.NONE, None
    length = _read_lengths(head, lengths, log) if lengths else None
    codings = _read_codings(head, encodings, log) if encodings else []
    if lengths and encodings:
        # Two readers of one message that choose differently are how requests are smuggled.
        log.add("length-with-transfer-encoding", "framing", _offset_of(head, "content-length"))
    # A HEAD answer and 304 may carry both fields: they describe the body that is not sent.
    tunnel = request_method == "CONNECT" and 200 <= head.status < 300
    if request_method == "HEAD" or head.status == 304 or tunnel:
        return Framing.NONE, None
    if encodings:
        # Transfer-Encoding overrides Content-Length.
        return (Framing.CHUNKED if codings[-1:] == ["chunked"] else Framing.CLOSE), None
    return (Framing.CLOSE if length is None else Framing.LENGTH), length


def _read_lengths(head: ResponseHead, values: list[str], log: DeviationLog) -> int | None:
    offset = _offset_of(head, "content-length")
    members = [member for value in values for member in split_list(value)]
    found = ", ".join(values).encode("latin-1")
    if not all(member.isascii() and member.isdigit() for member in members):
        log.add("bad-content-length", "framing", offset, found)
        return None
    digits = {member.lstrip("0") or "0" for member in members}
    if len(digits) > 1:
        log.add("content-length-differs", "framing", offset, found)
        return None
    if len(members) > 1:
        log.add("content-length-repeated", "framing", offset, found)
    (only,) = digits
    # int() refuses numbers of thousands of digits, so the digits are counted first.
    length = int(only) if len(only) < 20 else ABSURD_BYTES
    if length >= ABSURD_BYTES:
        log.add("content-length-absurd", "framing", offset, found)
    return length


def _read_codings(head: ResponseHead, values: list[str], log: DeviationLog) -> list[str]:
    """Return the names of the transfer codings in the order they were applied, in lower case."""
    offset = _offset_of(head, "transfer-encoding")
    found = ", ".join(values).encode("latin-1")
    names = []
    bad = False
    for value in values:
        for member in split_list(value):
            name, semicolon, _parameters = member.partition(";")
            name = name.rstrip(" \t").lower()
            if member:
                names.append(name)
                bad = bad or not is_token(name) or (name == "chunked" and semicolon != "")
    if bad or not names:
        log.add("bad-transfer-encoding", "framing", offset, found)
    if head.version == "HTTP/1.0":
        log.add("transfer-encoding-in-http10", "framing", offset, found)
    if any(is_token(name) and name != "chunked" for name in names):
        log.add("transfer-coding-unasked", "framing", offset, found)
    if "chunked" in names[:-1] and names[-1] != "chunked":
        log.add("chunked-not-last", "framing", offset, found)
    if names.count("chunked") > 1:
        log.add("chunked-twice", "framing", offset, found)
    return names


def _offset_of(head: ResponseHead, name: str) -> int:
    return next((line.offset for line in head.fields if line.name.lower() == name), head.offset)

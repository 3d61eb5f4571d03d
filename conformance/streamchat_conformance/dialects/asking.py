"""The meaning of a request, read from its bytes alone: the part shared by JSON dialects.

HTTP comes first, then the media type, then the bytes, then JSON. Only a JSON object is shown
to the dialect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.fields import MediaType, media_type, tokens
from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.core.sent_request import SentRequest, parse_request
from streamchat_conformance.core.strict_json import JsonReading, read_json
from streamchat_conformance.dialects.interface import Asked, Dialect

LARGE_BYTES = 8 * 1024
"""From here on it may be a request's size that a server does not take."""
VERY_LARGE_BYTES = 512 * 1024
RECENT_REQUESTS = 32
"""How many requests are remembered with what they ask. Few: some are large."""
LONG_NUMBER_DIGITS = 400
"""Longer numbers may be refused (RFC 8259 section 6 lets a reader set limits)."""


def ask(dialect: Dialect, request: bytes, *, path: str | None = None) -> Asked:
    """Return what a request's bytes ask. `path` is the endpoint's; None accepts any."""
    # It is asked before the request is sent, and again of each of its recordings.
    return _ask(_Reader(dialect), request, path)


class _Reader:
    """A dialect, which is no other one than itself."""

    __slots__ = ("dialect",)

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reader) and other.dialect is self.dialect

    def __hash__(self) -> int:
        return id(self.dialect)


@lru_cache(RECENT_REQUESTS)
def _ask(reader: _Reader, request: bytes, path: str | None) -> Asked:
    dialect = reader.dialect
    sent = parse_request(request)
    ordinary = sent.well_formed and sent.method == "POST" and sent.version == "HTTP/1.1"
    if not ordinary or (path is not None and sent.target != path):
        return Asked(Expectation.UNJUDGED, sent=sent)
    # RFC 9110 section 8.4: what a coded body says its bytes do not show, and a server may or may
    # not read it.
    if set(tokens(sent.values("content-encoding"))) - {"identity"}:
        return Asked(Expectation.EITHER, sent=sent)
    # Several servers read an offer of a WebSocket as a handshake, which a POST cannot be.
    if "websocket" in tokens(sent.values("upgrade")):
        return Asked(Expectation.EITHER, sent=sent)
    in_body = _of_body(dialect, sent)
    refused = _of_media_type(dialect, sent)
    # A server may look at the body first, and what it finds there may be its end.
    asked = replace(refused, also=refused.also | in_body.involved) if refused else in_body
    return replace(asked, also=asked.also.union(special_transfer(sent)))


def special_transfer(sent: SentRequest) -> list[str]:
    """Return the requirements about how a request is sent, whatever it says."""
    return [
        row
        for row, shown in (
            ("request.upgrade-ignored", bool(tokens(sent.values("upgrade")))),
            ("request.chunk-extensions", sent.extended),
            ("request.chunked-body", sent.chunked and not sent.extended),
            ("request.large-prompt", len(sent.body) >= LARGE_BYTES),
        )
        if shown
    ]


def _refuse(dialect: Dialect, sent: SentRequest, row: str) -> Asked:
    return Asked(Expectation.REFUSE, (row,), dialect.refusals.not_json, sent)


def _of_media_type(dialect: Dialect, sent: SentRequest) -> Asked | None:
    values = sent.values("content-type")
    if not values:
        return _refuse(dialect, sent, "request.media-type-not-json")
    parsed = media_type(values[0])
    if len(values) > 1 or parsed is None or not parsed.well_formed:
        return Asked(Expectation.EITHER, sent=sent)
    essence = f"{parsed.type}/{parsed.subtype}"
    if essence == JSON_MEDIA_TYPE:
        # RFC 8259 section 11 has no charset: another than UTF-8 may be ignored or refused.
        if parsed.parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
            return Asked(Expectation.EITHER, sent=sent)
        return None
    if parsed.subtype.endswith("+json") or parsed.subtype == "json":
        return Asked(Expectation.EITHER, ("request.media-type-suffix",), (), sent)
    refuse = _refuse(dialect, sent, "request.media-type-not-json")
    return replace(refuse, broken_form=parsed.type == "multipart" and not _is_form(sent, parsed))


def _is_form(sent: SentRequest, parsed: MediaType) -> bool:
    """Return whether a body has the delimiters of its multipart media type (RFC 2046 §5.1.1)."""
    boundary = parsed.parameters.get("boundary", "").encode("latin-1", "replace")
    delimiter = b"\r\n--" + boundary
    body = b"\r\n" + sent.body
    return bool(boundary) and delimiter + b"\r\n" in body and delimiter + b"--" in body


def _of_body(dialect: Dialect, sent: SentRequest) -> Asked:
    body = sent.body
    not_json = dialect.refusals.not_json
    if not body:
        return _refuse(dialect, sent, "request.body-empty")
    # RFC 8259 section 8.1: texts between systems are UTF-8; a parser may ignore a leading
    # byte order mark or call it an error, so both answers to one are right.
    if body.startswith(b"\xef\xbb\xbf"):
        return Asked(Expectation.EITHER, (), not_json, sent)
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return _refuse(dialect, sent, "request.body-not-utf8")
    reading = read_json(body)
    if reading.too_deep:
        # RFC 8259 section 9 lets a reader set limits to the depth of nesting.
        return Asked(Expectation.EITHER, ("request.deep-nesting",), not_json, sent)
    if reading.non_finite:
        return _refuse(dialect, sent, "request.non-finite-numbers")
    if reading.error is not None:
        return _refuse(dialect, sent, "request.body-malformed")
    if not isinstance(reading.value, dict):
        asked = _refuse(dialect, sent, "request.body-not-object")
    else:
        asked = dialect.asked(sent, reading)
    return replace(asked, also=asked.also.union(_special_values(sent, reading)))


def _special_values(sent: SentRequest, reading: JsonReading) -> Iterator[str]:
    """Yield the requirements about what may stand in a JSON text, whatever it asks."""
    if reading.lone_surrogates:
        yield "request.lone-surrogate"
    elif has_unicode(sent):
        yield "request.prompt-unicode"
    if has_number(reading.value, is_long):
        yield "request.huge-number"


def has_unicode(sent: SentRequest) -> bool:
    """Return whether a body has characters beyond ASCII, raw or escaped."""
    return not sent.body.isascii() or b"\\u" in sent.body


def has_number(value: object, test: Callable[[Decimal], bool]) -> bool:
    """Return whether some number in a JSON value, kept exactly, passes a test."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict):
            pending.extend(inner.values())
        elif isinstance(inner, list):
            pending.extend(inner)
        elif (
            isinstance(inner, int | Decimal)
            and not isinstance(inner, bool)
            and test(Decimal(inner))
        ):
            return True
    return False


def is_long(number: Decimal) -> bool:
    """Return whether a number has more digits than every reader takes."""
    return len(number.as_tuple().digits) >= LONG_NUMBER_DIGITS


def is_out_of_range(number: Decimal) -> bool:
    """Return whether a number is beyond the range of doubles."""
    return not number.is_finite() or math.isinf(float(number))

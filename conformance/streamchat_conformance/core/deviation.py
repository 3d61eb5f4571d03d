"""Deviations of received HTTP messages: the table of codes, and a bounded log of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Area = Literal["status-line", "fields", "framing", "chunks", "trailers", "surplus"]
"""The part of the message a deviation is in. The reader itself never uses "surplus": whether
bytes after the message are wrong depends on what was asked, which only a judge knows."""

KEPT_PER_CODE = 20
"""Deviations of one code kept per response; more are counted, so a flood stays small."""

QUOTED_BYTES = 64
"""How much of the offending bytes a message shows."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing a sender must not do, in one sentence, with its source."""

    sentence: str
    source: str
    areas: tuple[Area, ...]
    fatal: bool = False
    """True when the reader cannot find the message's end any more: it becomes `broken`."""


_STATUS: tuple[Area, ...] = ("status-line",)
_FRAMING: tuple[Area, ...] = ("framing",)
_CHUNKS: tuple[Area, ...] = ("chunks",)
_FIELDS: tuple[Area, ...] = ("fields", "trailers")

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # The status line.
        "bad-status-line": Rule(
            "a response begins with a status line", "RFC 9112 §4", _STATUS, fatal=True
        ),
        "leading-empty-line": Rule(
            "no empty line stands before the status line", "RFC 9112 §2.1", _STATUS
        ),
        "bad-version": Rule(
            "the version is HTTP/ in capitals, a digit, a dot, a digit", "RFC 9112 §2.3", _STATUS
        ),
        "foreign-version": Rule("the major version is 1", "RFC 9112 §2.3", _STATUS),
        "status-line-whitespace": Rule(
            "one space stands on each side of the status code", "RFC 9112 §4", _STATUS
        ),
        "status-line-short": Rule(
            "a space follows the status code, even when the reason phrase is empty",
            "RFC 9112 §4",
            _STATUS,
        ),
        "bad-status-code": Rule("the status code has three digits", "RFC 9112 §4", _STATUS),
        "status-code-range": Rule(
            "the status code lies between 100 and 599", "RFC 9110 §15", _STATUS
        ),
        "control-in-reason": Rule(
            "the reason phrase has no control characters but tabs", "RFC 9112 §4", _STATUS
        ),
        # Lines in general.
        "bare-lf": Rule(
            "lines end with CR LF, not with LF alone",
            "RFC 9112 §2.2",
            ("status-line", "fields", "chunks", "trailers"),
        ),
        "bare-cr": Rule(
            "CR stands nowhere but before LF",
            "RFC 9112 §2.2",
            ("status-line", "fields", "trailers"),
        ),
        "head-incomplete": Rule(
            "the head ends with an empty line before the connection ends",
            "RFC 9112 §2.1",
            ("status-line", "fields"),
        ),
        "head-too-long": Rule(
            "the head is not longer than the suite reads",
            "limit of this suite (RFC 9110 §5.4)",
            ("status-line", "fields"),
            fatal=True,
        ),
        # Field lines, in the head or in the trailers.
        "leading-whitespace": Rule(
            "no white space stands before the first field line", "RFC 9112 §2.2", _FIELDS
        ),
        "obs-fold": Rule("a field value stands on one line", "RFC 9112 §5.2", _FIELDS),
        "no-colon": Rule("a colon separates field name and value", "RFC 9112 §5", _FIELDS),
        "space-before-colon": Rule(
            "no white space stands between field name and colon", "RFC 9112 §5.1", _FIELDS
        ),
        "name-empty": Rule("a field name has at least one character", "RFC 9110 §5.1", _FIELDS),
        "name-not-token": Rule("a field name is a token", "RFC 9110 §5.1", _FIELDS),
        "value-control": Rule(
            "a field value has no NUL and no other control character but tabs",
            "RFC 9110 §5.5",
            _FIELDS,
        ),
        # Framing.
        "framing-on-bodiless": Rule(
            "a 1xx or 204 response has neither Content-Length nor Transfer-Encoding",
            "RFC 9112 §6.1, RFC 9110 §8.6",
            _FRAMING,
        ),
        "length-with-transfer-encoding": Rule(
            "no Content-Length comes with Transfer-Encoding", "RFC 9112 §6.2", _FRAMING
        ),
        "bad-content-length": Rule(
            "Content-Length is a number in decimal digits", "RFC 9110 §8.6", _FRAMING
        ),
        "content-length-differs": Rule("Content-Length has one value", "RFC 9110 §8.6", _FRAMING),
        "content-length-repeated": Rule("Content-Length is said once", "RFC 9110 §8.6", _FRAMING),
        "content-length-absurd": Rule(
            "Content-Length is less than 2^63", "limit of this suite (RFC 9110 §8.6)", _FRAMING
        ),
        "transfer-encoding-in-http10": Rule(
            "an HTTP/1.0 message has no Transfer-Encoding", "RFC 9112 §6.1", _FRAMING
        ),
        "bad-transfer-encoding": Rule(
            "Transfer-Encoding is a list of codings, and chunked has no parameters",
            "RFC 9112 §6.1, §7",
            _FRAMING,
        ),
        "transfer-coding-unasked": Rule(
            "no transfer coding but chunked is used unless TE offered it",
            "RFC 9110 §10.1.4",
            _FRAMING,
        ),
        "chunked-not-last": Rule("chunked is the last transfer coding", "RFC 9112 §6.1", _FRAMING),
        "chunked-twice": Rule("chunked is applied once", "RFC 9112 §6.1", _FRAMING),
        # Chunks.
        "bad-chunk-size": Rule(
            "a chunk begins with its size in hexadecimal digits",
            "RFC 9112 §7.1",
            _CHUNKS,
            fatal=True,
        ),
        "chunk-size-absurd": Rule(
            "a chunk is smaller than 2^63 bytes",
            "limit of this suite (RFC 9112 §7.1)",
            _CHUNKS,
            fatal=True,
        ),
        "chunk-line-whitespace": Rule(
            "no white space stands before the chunk size or at the end of its line",
            "RFC 9112 §7.1",
            _CHUNKS,
        ),
        "bad-chunk-extension": Rule(
            "a chunk extension is a semicolon, a token, and perhaps an equals sign and a token "
            "or quoted string",
            "RFC 9112 §7.1.1",
            _CHUNKS,
        ),
        "chunk-line-too-long": Rule(
            "a chunk's size and extensions are not longer than the suite reads",
            "limit of this suite (RFC 9112 §7.1.1)",
            _CHUNKS,
            fatal=True,
        ),
        "chunk-data-unterminated": Rule(
            "CR LF follows a chunk's data directly", "RFC 9112 §7.1", _CHUNKS, fatal=True
        ),
        # Trailers.
        "trailers-too-long": Rule(
            "the trailers are not longer than the suite reads",
            "limit of this suite (RFC 9110 §5.4)",
            ("trailers",),
            fatal=True,
        ),
        "trailer-forbidden": Rule(
            "fields for framing, routing and content format stand in the head, not in the trailers",
            "RFC 9110 §6.5.1",
            ("trailers",),
        ),
    }
)
"""Every code a `Deviation` can carry."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place where a message departs from its grammar.

    `code` is a key of `RULES`; `offset` counts from the first byte the reader received.
    """

    code: str
    area: Area
    message: str
    offset: int


@dataclass(slots=True)
class DeviationLog:
    """Deviations in the order they were met: `KEPT_PER_CODE` of each kept, all of them counted."""

    kept: list[Deviation] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, code: str, area: Area, offset: int, found: bytes | None = None) -> None:
        """Note a deviation; `found` is quoted in its message, cut to `QUOTED_BYTES`."""
        self.counts[code] += 1
        if self.counts[code] > KEPT_PER_CODE:
            return
        message = RULES[code].sentence
        if found is not None:
            message += f"; found {found[:QUOTED_BYTES]!r}{'…' * (len(found) > QUOTED_BYTES)}"
        self.kept.append(Deviation(code, area, message, offset))

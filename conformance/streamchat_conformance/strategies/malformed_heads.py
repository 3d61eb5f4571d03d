"""Requests whose HTTP is malformed: a valid POST of the endpoint but for one fault.

Two lists. `malformed_heads` holds what a server has no way to read as a request without
breaking RFC 9112 or RFC 9110; `doubtful_heads` what the RFCs say may be read leniently, or
what widely used servers take, each with the reason. Only the first is fit for a MUST.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from streamchat_conformance.strategies.framings import chunked

__all__ = [
    "Malformation",
    "MalformedHead",
    "Refusal",
    "RequestParts",
    "doubtful_heads",
    "malformed_heads",
    "well_formed_request",
]


class Malformation(StrEnum):
    """Where in the message the fault is."""

    REQUEST_LINE = "request-line"
    FIELD_LINE = "field-line"
    LENGTH = "content-length"
    CODING = "transfer-encoding"
    CHUNK = "chunk"


class Refusal(StrEnum):
    """How strongly the RFC asks for a refusal."""

    MUST = "must"
    """A 2xx is forbidden in so many words."""
    SHOULD = "should"
    """The bytes are outside the grammar, and no exception for robustness covers them."""
    MAY = "may"
    """A lenient reading is allowed."""


@dataclass(frozen=True, slots=True)
class RequestParts:
    """What the requests are made of: a good POST's target, Host value, body and more fields.

    `fields` are further field lines that the target asks for, such as credentials, as names
    and values. Content-Type, Content-Length and Host are added here.
    """

    target: str
    authority: str
    body: bytes
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MalformedHead:
    """One request and its one fault."""

    name: str
    """Stable and kebab-case."""
    request: bytes
    where: Malformation
    section: str
    """Where the rule stands, such as `RFC 9112 §5.1`."""
    reason: str
    """What the rule says, in one sentence; for a doubtful one, why it is doubtful."""
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class _Message:
    """A request in raw lines, without their ends, so that one of them can be spoilt."""

    line: bytes
    fields: tuple[bytes, ...]
    body: bytes
    target: bytes
    line_end: bytes = b"\r\n"

    def to_bytes(self) -> bytes:
        return self.line_end.join((self.line, *self.fields, b"", self.body))

    def adding(self, *lines: bytes) -> _Message:
        return replace(self, fields=(*self.fields, *lines))

    def without(self, name: bytes) -> _Message:
        prefix = name.lower() + b":"
        kept = tuple(line for line in self.fields if not line.lower().startswith(prefix))
        return replace(self, fields=kept)

    def coded(self, coding: bytes) -> _Message:
        """Send the body chunked, with `coding` in place of a correct Transfer-Encoding."""
        without_length = self.without(b"content-length")
        coded = replace(without_length, body=chunked([self.body]))
        return coded.adding(b"Transfer-Encoding:" + coding)

    def chunk(self, size: bytes, *, data_end: bytes = b"\r\n") -> _Message:
        """Send the body as one chunk whose size line is `size`."""
        body = b"%s\r\n%s%s0\r\n\r\n" % (size, self.body, data_end)
        return replace(self.coded(b" chunked"), body=body)


_Spoil = Callable[[_Message], _Message]
_Case = tuple[str, _Spoil]
"""A name and what is done to the message."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule of an RFC, and the cases that break it."""

    where: Malformation
    section: str
    reason: str
    refusal: Refusal
    cases: Sequence[_Case]

    def heads(self, message: _Message) -> list[MalformedHead]:
        return [
            MalformedHead(
                name, spoil(message).to_bytes(), self.where, self.section, self.reason, self.refusal
            )
            for name, spoil in self.cases
        ]


def malformed_heads(parts: RequestParts) -> tuple[MalformedHead, ...]:
    """Return the requests that a server has to answer with a 4xx, a 501, a 505 or a close.

    Raises ValueError where the body is too short to be a request.
    """
    message = _message(parts)
    return tuple(head for rule in _MALFORMED for head in rule.heads(message))


def doubtful_heads(parts: RequestParts) -> tuple[MalformedHead, ...]:
    """Return odd requests that one server may take and another refuse; nothing hangs on them.

    Where the RFC does say MUST, but many servers in use do not obey, `refusal` says MUST and
    `reason` says why the case is here.
    """
    message = _message(parts)
    return tuple(head for rule in _DOUBTFUL for head in rule.heads(message))


def well_formed_request(parts: RequestParts) -> bytes:
    """Return the request that all others are made from: the one a server must accept."""
    return _message(parts).to_bytes()


def _message(parts: RequestParts) -> _Message:
    if len(parts.body) < 2:
        raise ValueError(f"a body has at least the 2 bytes of an object, not {len(parts.body)}")
    target = parts.target.encode("ascii")
    more = tuple(f"{name}: {value}".encode("latin-1") for name, value in parts.fields)
    fields = (
        b"Host: " + parts.authority.encode("ascii"),
        *more,
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(parts.body),
    )
    return _Message(b"POST %s HTTP/1.1" % target, fields, parts.body, target)


def _line(template: bytes) -> _Spoil:
    """Use another request line."""
    return lambda message: replace(message, line=template.replace(b"<target>", message.target))


def _version(version: bytes) -> _Spoil:
    return lambda message: replace(message, line=b"POST %s %s" % (message.target, version))


def _method(method: bytes) -> _Spoil:
    return lambda message: replace(message, line=b"%s %s HTTP/1.1" % (method, message.target))


def _field(line: bytes) -> _Spoil:
    """Add a field line."""
    return lambda message: message.adding(line)


def _first_field(line: bytes) -> _Spoil:
    return lambda message: replace(message, fields=(line, *message.fields))


def _renamed(name: bytes, spoilt: bytes) -> _Spoil:
    """Write one of the message's field names in a spoilt way."""

    def spoil(message: _Message) -> _Message:
        kept = message.without(name)
        [line] = set(message.fields) - set(kept.fields)
        return kept.adding(spoilt + line[len(name) :])

    return spoil


def _length(template: str) -> _Spoil:
    """Write Content-Length in a spoilt way; N stands for the right number, X for its hex."""

    def spoil(message: _Message) -> _Message:
        value = template.replace("N", str(len(message.body))).replace("X", f"{len(message.body):x}")
        return message.without(b"content-length").adding(
            b"Content-Length: " + value.encode("latin-1")
        )

    return spoil


def _coding(value: bytes) -> _Spoil:
    return lambda message: message.coded(value)


def _chunk_size(template: str) -> _Spoil:
    """Write the one chunk's size in a spoilt way; X stands for the right number in hex."""
    return lambda message: message.chunk(
        template.replace("X", f"{len(message.body):x}").encode("ascii")
    )


_MALFORMED = (
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §3",
        "a request line is a method, a target and a version, with one space between them",
        Refusal.SHOULD,
        (
            ("request-line-without-version", _line(b"POST <target>")),
            ("request-line-without-target", _line(b"POST HTTP/1.1")),
            ("request-line-of-four-words", _line(b"POST <target> extra HTTP/1.1")),
            ("request-line-of-one-word", _line(b"POST")),
        ),
    ),
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §2.3",
        "a version is `HTTP/`, a digit, a point and a digit",
        Refusal.SHOULD,
        (
            ("version-minor-not-a-digit", _version(b"HTTP/1.x")),
            ("version-without-minor", _version(b"HTTP/1")),
            ("version-of-three-numbers", _version(b"HTTP/1.1.1")),
            ("version-signed", _version(b"HTTP/+1.1")),
            ("version-of-another-protocol", _version(b"HTP/1.1")),
            ("version-without-name", _version(b"1.1")),
        ),
    ),
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9110 §9.1",
        "a method is a token: no control characters, no delimiters",
        Refusal.SHOULD,
        (
            ("method-with-parenthesis", _method(b"PO(ST")),
            ("method-quoted", _method(b'"POST"')),
            ("method-with-control-character", _method(b"PO\x01ST")),
            ("method-with-nul", _method(b"POST\x00")),
        ),
    ),
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §3.2",
        "a request target has no control characters",
        Refusal.SHOULD,
        (("target-with-nul", _line(b"POST <target>\x00 HTTP/1.1")),),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9112 §5.1",
        "a server must answer 400 to whitespace between a field name and its colon",
        Refusal.MUST,
        (
            ("space-before-colon", _field(b"X-Unknown : 1")),
            ("tab-before-colon", _field(b"X-Unknown\t: 1")),
            ("space-before-colon-of-host", _renamed(b"Host", b"Host ")),
            ("space-before-colon-of-type", _renamed(b"Content-Type", b"Content-Type ")),
            ("space-before-colon-of-length", _renamed(b"Content-Length", b"Content-Length ")),
            (
                "space-before-colon-of-coding",
                lambda message: _renamed(b"Transfer-Encoding", b"Transfer-Encoding ")(
                    message.coded(b" chunked")
                ),
            ),
        ),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.1, RFC 9112 §5",
        "a field line is a name, which is a token and not empty, then a colon",
        Refusal.SHOULD,
        (
            ("field-name-empty", _field(b": 1")),
            ("field-name-with-space", _field(b"X Unknown: 1")),
            ("field-name-with-nul", _field(b"X-Un\x00known: 1")),
            ("field-name-with-control-character", _field(b"X-Un\x01known: 1")),
            ("field-line-without-colon", _field(b"X-Unknown")),
        ),
    ),
    _Rule(
        Malformation.LENGTH,
        "RFC 9112 §6.3",
        "a server must answer 400 to a Content-Length that is not decimal digits, and close",
        Refusal.MUST,
        (
            ("length-of-letters", _length("abc")),
            ("length-negative", _length("-N")),
            ("length-with-plus", _length("+N")),
            ("length-with-underscore", _length("0_N")),
            ("length-hexadecimal", _length("0xX")),
            ("length-with-fraction", _length("N.0")),
            ("length-of-two-words", _length("N N")),
            ("length-superscript-digit", _length("\xb2")),
            ("length-with-parameter", _length("N;a=b")),
        ),
    ),
    _Rule(
        Malformation.CODING,
        "RFC 9112 §6.3",
        "a server must answer 400 (or 501, §6.1) where chunked is not the last transfer coding",
        Refusal.MUST,
        (
            ("coding-unknown", _coding(b" x-unknown")),
            ("coding-chunked-not-last", _coding(b" chunked, x-unknown")),
            ("coding-ends-like-chunked", _coding(b" xchunked")),
            ("coding-begins-like-chunked", _coding(b" chunkedx")),
            ("coding-after-vertical-tab", _coding(b" \x0bchunked")),
        ),
    ),
    _Rule(
        Malformation.CHUNK,
        "RFC 9112 §7.1",
        "a chunk is its size in hexadecimal digits, CRLF, as many bytes, and CRLF",
        Refusal.SHOULD,
        (
            ("chunk-size-not-hexadecimal", _chunk_size("xyz")),
            ("chunk-size-empty", _chunk_size("")),
            ("chunk-size-negative", _chunk_size("-X")),
            ("chunk-size-with-plus", _chunk_size("+X")),
            ("chunk-size-with-prefix", _chunk_size("0xX")),
            ("chunk-size-with-underscore", _chunk_size("0_X")),
            (
                "chunk-data-longer-than-size",
                lambda message: message.chunk(b"%x" % (len(message.body) - 1)),
            ),
        ),
    ),
)

_DOUBTFUL = (
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §3",
        "a recipient may split the request line at any whitespace and drop what is around it",
        Refusal.MAY,
        (
            ("request-line-with-two-spaces", _line(b"POST  <target> HTTP/1.1")),
            ("request-line-with-tab", _line(b"POST\t<target>\tHTTP/1.1")),
            ("request-line-with-space-at-end", _line(b"POST <target> HTTP/1.1 ")),
            ("request-line-with-space-in-front", _line(b" POST <target> HTTP/1.1")),
        ),
    ),
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9110 §2.5, §15.6.6",
        "well-formed versions that a server can refuse with 505, and need not",
        Refusal.MAY,
        (
            ("version-2.0", _version(b"HTTP/2.0")),
            ("version-0.9", _version(b"HTTP/0.9")),
        ),
    ),
    _Rule(
        Malformation.REQUEST_LINE,
        "RFC 9112 §2.3, §3.2",
        "outside the grammar, but read by common servers in the one obvious way",
        Refusal.SHOULD,
        (
            ("version-name-in-lower-case", _version(b"http/1.1")),
            ("version-minor-of-two-digits", _version(b"HTTP/1.10")),
            ("target-with-fragment", _line(b"POST <target>#fragment HTTP/1.1")),
            ("target-not-ascii", _line(b"POST <target>?\xc3\xa9 HTTP/1.1")),
        ),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9112 §2.2",
        "a recipient may take a bare LF for a line's end",
        Refusal.MAY,
        (("bare-lf-line-ends", lambda message: replace(message, line_end=b"\n")),),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9112 §2.2",
        "lines with whitespace in front, before the first field line, may be passed over",
        Refusal.MAY,
        (("space-before-first-field", _first_field(b" X-Unknown: 1")),),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9112 §5.2",
        "a folded line may be joined with spaces",
        Refusal.MAY,
        (("folded-field-line", _field(b"X-Unknown: a\r\n b")),),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.5",
        "CR and NUL in a value may be replaced by spaces, other control characters be kept",
        Refusal.MAY,
        (
            ("field-value-with-nul", _field(b"X-Unknown: a\x00b")),
            ("field-value-with-bare-cr", _field(b"X-Unknown: a\rb")),
            ("field-value-with-control-character", _field(b"X-Unknown: a\x01b")),
        ),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9110 §5.1",
        "outside the grammar, but nginx and others drop such lines and go on",
        Refusal.SHOULD,
        (
            ("field-name-with-parentheses", _field(b"X(Unknown): 1")),
            ("field-name-not-ascii", _field(b"X-Unkn\xf6wn: 1")),
            ("field-name-quoted", _field(b'"X-Unknown": 1')),
        ),
    ),
    _Rule(
        Malformation.FIELD_LINE,
        "RFC 9112 §3.2",
        "a MUST for 400 that most application servers do not obey; transport.host looks at it",
        Refusal.MUST,
        (
            ("host-absent", lambda message: message.without(b"host")),
            ("host-twice", _field(b"Host: other.example")),
            (
                "host-with-space",
                lambda message: message.without(b"host").adding(b"Host: a b"),
            ),
        ),
    ),
    _Rule(
        Malformation.LENGTH,
        "RFC 9112 §6.3",
        "several equal lengths may be read as one",
        Refusal.MAY,
        (
            ("length-twice-in-a-list", _length("N, N")),
            (
                "length-twice",
                lambda message: message.adding(b"Content-Length: %d" % len(message.body)),
            ),
        ),
    ),
    _Rule(
        Malformation.CODING,
        "RFC 9112 §6.1",
        "chunked is last, so the length is known; an unknown coding should get a 501",
        Refusal.SHOULD,
        (
            ("coding-unknown-before-chunked", _coding(b" x-unknown, chunked")),
            ("coding-chunked-twice", _coding(b" chunked, chunked")),
        ),
    ),
)

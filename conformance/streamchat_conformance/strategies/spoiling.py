"""A good POST in raw lines, and ways to spoil one of them: what `malformed_heads` is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from streamchat_conformance.strategies.framings import chunked

__all__ = [
    "Malformation",
    "MalformationRule",
    "MalformedHead",
    "Message",
    "RefusalStrength",
    "RequestParts",
    "heads_of",
    "message_of",
    "well_formed_request",
    "with_coding",
    "with_field",
    "with_first_field",
    "with_length",
    "with_line",
    "with_method",
    "with_name",
    "with_version",
]


class Malformation(StrEnum):
    """Where in the message the fault is."""

    REQUEST_LINE = "request-line"
    FIELD_LINE = "field-line"
    LENGTH = "content-length"
    CODING = "transfer-encoding"


class RefusalStrength(StrEnum):
    """How strongly the RFC asks for a refusal."""

    MUST = "must"
    """A 2xx is forbidden explicitly."""
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
    refusal: RefusalStrength


@dataclass(frozen=True, slots=True)
class Message:
    """A request in raw lines, without their ends, so that one of them can be malformed."""

    line: bytes
    fields: tuple[bytes, ...]
    body: bytes
    target: bytes
    line_end: bytes = b"\r\n"

    def to_bytes(self) -> bytes:
        """Return the request as it is sent."""
        return self.line_end.join((self.line, *self.fields, b"", self.body))

    def adding(self, *lines: bytes) -> Message:
        """Return the message with more field lines at the end of its head."""
        return replace(self, fields=(*self.fields, *lines))

    def without(self, name: bytes) -> Message:
        """Return the message without the field lines of that name."""
        prefix = name.lower() + b":"
        kept = tuple(line for line in self.fields if not line.lower().startswith(prefix))
        return replace(self, fields=kept)

    def coded(self, coding: bytes) -> Message:
        """Return the message with its body chunked, and `coding` as its Transfer-Encoding."""
        without_length = self.without(b"content-length")
        coded = replace(without_length, body=chunked([self.body]))
        return coded.adding(b"Transfer-Encoding:" + coding)


Spoil = Callable[[Message], Message]
Case = tuple[str, Spoil]
"""A name and what is done to the message."""


@dataclass(frozen=True, slots=True)
class MalformationRule:
    """One rule of an RFC, and the cases that break it."""

    where: Malformation
    section: str
    reason: str
    refusal: RefusalStrength
    cases: Sequence[Case]

    def heads(self, message: Message) -> list[MalformedHead]:
        """Return what the cases make of `message`."""
        return [
            MalformedHead(
                name, spoil(message).to_bytes(), self.where, self.section, self.reason, self.refusal
            )
            for name, spoil in self.cases
        ]


def heads_of(rules: Sequence[MalformationRule], parts: RequestParts) -> tuple[MalformedHead, ...]:
    """Return what the cases of all the rules make of a good POST, in order."""
    message = message_of(parts)
    return tuple(head for rule in rules for head in rule.heads(message))


def well_formed_request(parts: RequestParts) -> bytes:
    """Return the request that all others are made from: the one a server must accept."""
    return message_of(parts).to_bytes()


def message_of(parts: RequestParts) -> Message:
    """Return the good POST. Raises ValueError where the body is too short to be a request."""
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
    return Message(b"POST %s HTTP/1.1" % target, fields, parts.body, target)


def with_line(template: bytes) -> Spoil:
    """Use another request line; `<target>` stands for the target."""
    return lambda message: replace(message, line=template.replace(b"<target>", message.target))


def with_version(version: bytes) -> Spoil:
    """Use another HTTP version."""
    return lambda message: replace(message, line=b"POST %s %s" % (message.target, version))


def with_method(method: bytes) -> Spoil:
    """Use another method."""
    return lambda message: replace(message, line=b"%s %s HTTP/1.1" % (method, message.target))


def with_field(line: bytes) -> Spoil:
    """Add a field line."""
    return lambda message: message.adding(line)


def with_first_field(line: bytes) -> Spoil:
    """Put a field line in front of all others."""
    return lambda message: replace(message, fields=(line, *message.fields))


def with_name(name: bytes, malformed: bytes) -> Spoil:
    """Write one of the message's field names in a malformed way."""

    def spoil(message: Message) -> Message:
        kept = message.without(name)
        [line] = set(message.fields) - set(kept.fields)
        return kept.adding(malformed + line[len(name) :])

    return spoil


def with_length(template: str) -> Spoil:
    """Write Content-Length in a malformed way; N stands for the right number, X for its hex."""

    def spoil(message: Message) -> Message:
        value = template.replace("N", str(len(message.body))).replace("X", f"{len(message.body):x}")
        return message.without(b"content-length").adding(
            b"Content-Length: " + value.encode("latin-1")
        )

    return spoil


def with_coding(value: bytes) -> Spoil:
    """Send the body chunked, but with another value of Transfer-Encoding."""
    return lambda message: message.coded(value)

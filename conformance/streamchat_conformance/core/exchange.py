"""The recording of one request and what came back: the unit that everything is judged from.

An exchange is plain data. Times are seconds on one monotonic clock whose zero is the
moment the first byte of the request was handed to the socket.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

SCHEMA = 1
"""Version of the JSON form; readers refuse any other."""


class Ending(StrEnum):
    """How the recording of an exchange came to its end."""

    COMPLETE = "complete"
    """The response ended by its own framing; the connection may serve another request."""
    CLOSED = "closed"
    """The server closed its side of the connection (FIN)."""
    RESET = "reset"
    """The connection was reset (RST), by the server or on the way."""
    ABANDONED = "abandoned"
    """The client had seen what it wanted and stopped reading; the response may go on."""
    TIMED_OUT = "timed-out"
    """A named limit passed (see `Exchange.limit`)."""
    OVERFLOW = "overflow"
    """The recording limit was reached (see `Exchange.unrecorded_bytes`)."""


@dataclass(frozen=True, slots=True)
class Read:
    """Bytes that one `recv` returned, and when (seconds)."""

    at_s: float
    data: bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the bytes that answered it on one connection."""

    request: bytes
    """The request exactly as it was meant to be sent: head and body."""
    reads: tuple[Read, ...] = ()
    """What was received, in order. Includes bytes after the response's end, if any came."""
    ending: Ending = Ending.COMPLETE
    ended_at_s: float = 0.0
    """When the ending was seen (seconds)."""
    sent_bytes: int | None = None
    """How many bytes of `request` the socket took; None means all of them."""
    sent_at_s: float = 0.0
    """When the last byte of the request was handed to the socket (seconds)."""
    limit: str | None = None
    """Name and value of the limit that ended the recording, such as `first_event_s=10`."""
    unrecorded_bytes: int = 0
    """Bytes that were received beyond the recording limit: counted, not kept."""
    connection: int = 0
    """Number of the connection within the run; exchanges on one connection share it."""
    position: int = 0
    """Position on its connection: 0 for the first request, 1 for the next."""
    label: str = ""
    """What the exchange was for, in a few words, for people."""
    watched_s: float | None = None
    """For a long observation: how long the silence after the last read was watched for."""
    notes: tuple[str, ...] = field(default=())

    @property
    def received(self) -> bytes:
        """All recorded bytes, joined."""
        return b"".join(read.data for read in self.reads)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict from which `from_json` restores an equal exchange.

        Bytes are kept exactly, as base64; a lossy `text` of each is next to it for people.
        """
        return {
            "schema": SCHEMA,
            "label": self.label,
            "connection": self.connection,
            "position": self.position,
            "request": _bytes_to_json(self.request),
            "sent_bytes": self.sent_bytes,
            "sent_at_s": self.sent_at_s,
            "reads": [{"at_s": read.at_s, **_bytes_to_json(read.data)} for read in self.reads],
            "ending": self.ending.value,
            "ended_at_s": self.ended_at_s,
            "limit": self.limit,
            "unrecorded_bytes": self.unrecorded_bytes,
            "watched_s": self.watched_s,
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Restore an exchange from `to_json`'s dict.

        Raises ValueError, naming the member, when the value does not have that form.
        """
        if not isinstance(value, dict):
            raise ValueError(f"an exchange is a JSON object, not {type(value).__name__}")  # noqa: TRY004
        if value.get("schema") != SCHEMA:
            raise ValueError(f"exchange schema {value.get('schema')!r} is not {SCHEMA}")
        members = _Members(value)
        return cls(
            request=members.coded("request"),
            reads=tuple(
                Read(read.seconds("at_s"), read.base64("base64"))
                for read in members.objects("reads")
            ),
            ending=members.ending("ending"),
            ended_at_s=members.seconds("ended_at_s"),
            sent_bytes=None if members.is_null("sent_bytes") else members.count("sent_bytes"),
            sent_at_s=members.seconds("sent_at_s"),
            limit=None if members.is_null("limit") else members.text("limit"),
            unrecorded_bytes=members.count("unrecorded_bytes"),
            connection=members.count("connection"),
            position=members.count("position"),
            label=members.text("label"),
            watched_s=None if members.is_null("watched_s") else members.seconds("watched_s"),
            notes=members.texts("notes"),
        )

    def dumps(self) -> str:
        """Return the exchange as JSON text."""
        return json.dumps(self.to_json(), ensure_ascii=True, indent=1)

    @classmethod
    def loads(cls, text: str | bytes) -> Self:
        """Restore an exchange from JSON text. Raises ValueError."""
        try:
            return cls.from_json(json.loads(text))
        except RecursionError:
            raise ValueError("an exchange does not nest so deep") from None


def _bytes_to_json(data: bytes) -> dict[str, str]:
    return {
        "base64": base64.b64encode(data).decode("ascii"),
        "text": data.decode("utf-8", "backslashreplace"),
    }


class _Members:
    """The members of a JSON object, each asked for by name and kind. All raise ValueError."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = members

    def is_null(self, name: str) -> bool:
        return self._get(name) is None

    def text(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._get(name)
        if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            raise self._wrong(name, "an array of strings")
        return tuple(value)

    def count(self, name: str) -> int:
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(name, "a whole number from 0")
        return value

    def seconds(self, name: str) -> float:
        value = self._get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                number = math.inf
            if math.isfinite(number):
                return number
        raise self._wrong(name, "a finite number of seconds")

    def ending(self, name: str) -> Ending:
        text = self.text(name)
        try:
            return Ending(text)
        except ValueError:
            raise self._wrong(name, f"one of {', '.join(Ending)}") from None

    def objects(self, name: str) -> list[_Members]:
        value = self._get(name)
        if not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
            raise self._wrong(name, "an array of objects")
        return [_Members(item) for item in value]

    def coded(self, name: str) -> bytes:
        """Return the bytes that an object such as `{"base64": …}` stands for."""
        value = self._get(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object with base64")
        try:
            return _Members(value).base64("base64")
        except ValueError as error:
            raise ValueError(f"in the member {name!r}: {error}") from None

    def base64(self, name: str) -> bytes:
        text = self.text(name)
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            raise self._wrong(name, "bytes in base64") from None

    def _get(self, name: str) -> Any:
        if name not in self._members:
            raise ValueError(f"exchange lacks the member {name!r}")
        return self._members[name]

    def _wrong(self, name: str, kind: str) -> ValueError:
        shown = repr(self._members.get(name))[:60]
        return ValueError(f"exchange member {name!r} is not {kind}: {shown}")

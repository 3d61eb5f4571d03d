"""The interface between the load tests and an endpoint: requests, events, refusals.

`stream_chat` has the dialect of this project's endpoint. To load another streaming endpoint,
subclass `LoadDialect` and set it as the `dialect` of your own `StreamUser`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from streamchat_conformance.core.exchange import Exchange
    from streamchat_conformance.core.http_request import HttpRequest

    from streamchat_load.faults import StreamFault

MARK = "sc-"
"""Comes before each nonce, so that another stream's nonce is recognised in any text."""

MARKED_NONCE = re.compile(re.escape(MARK) + r"([0-9a-f]{16})(?![0-9a-f])")


def other_nonce(data: str, nonce: str) -> str | None:
    """Return the first marked nonce in an event's data that is not its own stream's, or None."""
    return next((str(found) for found in MARKED_NONCE.findall(data) if found != nonce), None)


@dataclass(frozen=True, slots=True)
class BuiltRequest:
    """A request as it is sent: its body, its nonce, and what its answer may repeat."""

    nonce: str
    body: bytes
    shape: str
    """Requests of one shape differ by their nonce alone, and so should their answers."""
    value: Any = None
    """Whatever `LoadDialect.judge` needs to know of the request."""


@dataclass(frozen=True, slots=True)
class RequestShape:
    """What requests have in common that differ by their nonce alone.

    `turn` counts the turns of a conversation from 0; `pad_bytes` is how much more text there is;
    `cap` is the most tokens that an answer may have, None where nothing else is asked for.
    """

    turn: int = 0
    pad_bytes: int = 0
    cap: int | None = None

    def build(self, dialect: LoadDialect, nonce: str) -> BuiltRequest:
        """Return the request of this shape with a nonce."""
        if self.cap is not None:
            return dialect.build_capped(nonce, pad_bytes=self.pad_bytes, cap=self.cap)
        return dialect.build(nonce, turn=self.turn, pad_bytes=self.pad_bytes)


@dataclass(frozen=True, slots=True)
class EventViolation:
    """What is wrong with one event's data."""

    fault: StreamFault
    message: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class StreamUsage:
    """How many tokens a server says that a request and its answer have."""

    prompt_tokens: int
    completion_tokens: int


class StreamJudge(ABC):
    """The state machine of one stream: it takes the events in turn, and judges the end.

    One is made for each stream (`LoadDialect.judge_stream`), so that it may remember.
    """

    __slots__ = ("text_events", "usage")

    def __init__(self) -> None:
        self.text_events = 0
        """How many events so far have text that a user would see."""
        self.usage: StreamUsage | None = None

    @abstractmethod
    def take(self, kind: str, data: str) -> EventViolation | None:
        """Take the next event; return what is wrong with it, or None."""

    @property
    @abstractmethod
    def counts(self) -> bool:
        """Whether the last event is a part of the answer, and is counted."""

    @property
    @abstractmethod
    def text(self) -> str:
        """The text so far."""

    @property
    @abstractmethod
    def said(self) -> str:
        """Everything that two equal answers have in common, however it is cut into events."""

    @abstractmethod
    def finish(self) -> EventViolation | None:
        """Return what the stream lacks, now that its body has ended properly; or None."""

    @abstractmethod
    def stranger(self) -> str | None:
        """Return the nonce of the stream that a foreign event belongs to, known by now; or None.

        The other stream may have begun later than its event came.
        """

    @abstractmethod
    def own(self, members: tuple[bytes, ...]) -> EventViolation | None:
        """Take the members that only this stream has, without the event that they are in."""


class LoadDialect(ABC):
    """What is sent to one kind of endpoint, and what is expected back."""

    path: ClassVar[str]
    content_type: ClassVar[str] = "application/json"
    fields: ClassVar[Sequence[tuple[str, str]]] = ()
    """More field lines of each request."""
    query: ClassVar[Sequence[tuple[str, str]]] = ()
    """More query parameters of each request."""
    dataless: ClassVar[frozenset[str]] = frozenset()
    """The names of events that may come without data."""
    has_end_event: ClassVar[bool] = False
    """Whether the last event of each stream says that it is over, as `[DONE]` does."""

    base: ClassVar[str] = ""
    """How a URL may end that stands for the whole service: the rest of `path` is added to it."""
    own_members: ClassVar[re.Pattern[bytes] | None] = None
    """What in a stream's first event only this stream has, such as an id, and then repeats."""

    @abstractmethod
    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> BuiltRequest:
        """Return the request that carries a nonce.

        `turn` counts the turns of a conversation from 0; `pad_bytes` is how much more text the
        request is to have.
        """

    def build_capped(self, nonce: str, *, pad_bytes: int, cap: int) -> BuiltRequest:
        """Return the request that asks for an answer of at most `cap` tokens, if it can."""
        del cap
        return self.build(nonce, pad_bytes=pad_bytes)

    def check_fields(self, given: Sequence[Sequence[str]]) -> None:
        """Raise LoadUsageError where the user's field lines lack what each request needs."""
        del given

    def variants(self) -> Sequence[LoadDialect]:
        """Return the dialect with other requests, the best first: the first accepted is used."""
        return (self,)

    def discovery(self, path: str) -> HttpRequest | None:
        """Return the request whose answer says what is deployed behind a path; None for none."""
        del path
        return None

    def discovered(self, body: bytes) -> LoadDialect:
        """Return the dialect with what that answer says; an empty body if there was none."""
        del body
        return self

    @property
    def form_note(self) -> str:
        """What requests have that some servers refuse, in a few words."""
        return "what this dialect sends"

    def with_usage(self, seen: bool) -> LoadDialect:
        """Return the dialect, given whether a stream had the usage that was asked for."""
        del seen
        return self

    def dump(self) -> Mapping[str, Any]:
        """Return what another process needs to know, in a form that msgpack can carry."""
        return {}

    def judge_stream(self, sent: BuiltRequest) -> StreamJudge | None:
        """Return a state machine for one stream; None where single events say everything."""
        del sent
        return None

    def refused(self, status: int, body: bytes) -> str:
        """Return what a refusal of a valid request says, and what to do about it; or nothing."""
        del status, body
        return ""

    @abstractmethod
    def judge(self, data: str, sent: BuiltRequest, *, echo: bool) -> EventViolation | None:
        """Return what is wrong with an event's data, or None.

        `echo`: this server's events repeat the request. Called only for events whose text is not
        the expected one, so it need not be fast.
        """

    @abstractmethod
    def echoes(self, data: str, sent: BuiltRequest) -> bool:
        """Return whether an event repeats its request."""

    def content(self, kind: str, data: str) -> str | None:
        """Return the part of an event's data that is the answer; None if no part of it is.

        Two streams that say the same have the same contents, though other parts of their events
        (a time, an id) may vary. `kind` is the event's type. An event without content, such as a
        ping, is neither counted nor compared.
        """
        del kind
        return data

    def text(self, kind: str, data: str) -> str:
        """Return the text of an event that a user would see; an empty string for none.

        The time to the first text ends with the first event where this is not blank.
        """
        del kind
        return data

    def is_end(self, kind: str, data: str) -> bool:
        """Return whether an event says that its stream is over (see `has_end_event`).

        Without such events a stream is over when its HTTP response is.
        """
        del kind, data
        return False

    def findings(self, exchange: Exchange, *, echo: bool) -> Sequence[str]:
        """Return what else is wrong with a stream recorded before the load, in words."""
        del exchange, echo
        return ()

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return request bodies that the endpoint must refuse; none if it refuses none."""
        return ()

    def refusal_violation(self, status: int, content_type: str, body: bytes) -> str | None:
        """Return what is wrong with the answer to an invalid request, or None."""
        del content_type, body
        return None if 400 <= status < 500 else f"status {status} to an invalid request"

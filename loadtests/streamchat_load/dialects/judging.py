"""The seam to dialects whose streams have an order and an identity of their own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import EventViolation


@dataclass(frozen=True, slots=True)
class TokenUsage:
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
        self.usage: TokenUsage | None = None

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

"""What the state machines of streamed answers have in common: whose stream an id belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from streamchat_conformance.core.strict_json import read_json

from streamchat_load.dialects.chat_messages.repeated_events import RepeatedEvents
from streamchat_load.dialects.dialect import EventViolation, StreamJudge
from streamchat_load.faults import StreamFault

if TYPE_CHECKING:
    from streamchat_load.dialects.chat_messages.stream_ids import StreamIds


class TalkJudge(StreamJudge):
    """Knows the id of its own stream, and those of all others.

    `member` is the name of the member that has an event's text.
    """

    __slots__ = ("_counts", "_foreign_id", "_id", "_ids", "_nonce", "_repeated")

    named_id: ClassVar[str]
    """What a message calls the id of an answer."""

    def __init__(self, nonce: str, ids: StreamIds, member: str) -> None:
        super().__init__()
        self._nonce = nonce
        self._ids = ids
        self._id: str | None = None
        self._foreign_id: str | None = None
        self._repeated = RepeatedEvents(member)
        self._counts = False

    @property
    def counts(self) -> bool:
        """Whether the last event is a part of the answer."""
        return self._counts

    def stranger(self) -> str | None:
        """Return the nonce of the stream whose id came in an event, or None."""
        foreign = self._foreign_id
        return None if foreign is None else self._ids.owner(foreign, self._nonce)

    def own(self, members: tuple[bytes, ...]) -> EventViolation | None:
        """Take the id of the answer from the members of its first event."""
        for member in members:
            if member.startswith(b'"id"'):
                value = read_json(member.partition(b":")[2]).value
                return self._open(value) if isinstance(value, str) else None
        return None

    def _open(self, identifier: str) -> EventViolation | None:
        """Take the stream's id; return what is wrong if another stream has it."""
        self._id = identifier
        other = self._ids.claim(identifier, self._nonce)
        if other is None:
            return None
        message = f"{self.named_id} {identifier!r} is also that of the stream of {other}"
        return EventViolation(StreamFault.CROSSED, message[:200], "an id of its own")

"""`POST /api/stream-chat`: a prompt and a history in, events with a response out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from streamchat_conformance.catalogue import ECHO, MUST
from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.dialects.registry import DEFAULT
from streamchat_conformance.dialects.stream_chat.requests import PATH
from streamchat_conformance.judges import Reading, rules_of

from streamchat_load.dialects.dialect import BuiltRequest, EventViolation, LoadDialect
from streamchat_load.dialects.stream_chat.events import content_of, is_echo, text_of, violation_of
from streamchat_load.dialects.stream_chat.refusals import refusal_violation
from streamchat_load.dialects.stream_chat.requests import INVALID_BODIES, build_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.core.exchange import Exchange


class StreamChatDialect(LoadDialect):
    """The dialect of `POST /api/stream-chat`. A stream is over when its HTTP response is."""

    path: ClassVar[str] = PATH
    content_type: ClassVar[str] = JSON_MEDIA_TYPE

    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> BuiltRequest:
        """Return the request that carries a nonce in its prompt and in its history."""
        return build_request(nonce, turn=turn, pad_bytes=pad_bytes)

    def judge(self, data: str, sent: BuiltRequest, *, echo: bool) -> EventViolation | None:
        """Return what is wrong with an event (strict JSON, a string `response`, echo), or None."""
        return violation_of(data, sent, echo=echo)

    def echoes(self, data: str, sent: BuiltRequest) -> bool:
        """Return whether an event has the request's prompt, and a history."""
        return is_echo(data, sent)

    def content(self, kind: str, data: str) -> str | None:
        """Return the members that the article names; None for a named event without any."""
        return content_of(kind, data)

    def text(self, kind: str, data: str) -> str:
        """Return the `response` of an event."""
        del kind
        return text_of(data)

    def findings(self, exchange: Exchange, *, echo: bool) -> Sequence[str]:
        """Return the MUSTs that a stream breaks, as the conformance suite's judges find."""
        asked = [
            id_
            for id_, judge in rules_of(DEFAULT).judges.items()
            if judge.requirement.level is MUST and (echo or ECHO not in judge.requirement.needs)
        ]
        return [
            f"{id_}: {findings[0].message}"
            for id_, findings in rules_of(DEFAULT).judge_all(Reading(exchange), asked)
            if findings
        ]

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return a body for each way of being refused that the article names."""
        return INVALID_BODIES

    def refusal_violation(self, status: int, content_type: str, body: bytes) -> str | None:
        """Return what is wrong with a refusal (status 400, JSON, an `error`), or None."""
        return refusal_violation(status, content_type, body)

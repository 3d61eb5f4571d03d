"""Dialects whose requests have messages, a model and a limit of tokens."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from streamchat_conformance.core.http_request import JSON_MEDIA_TYPE
from streamchat_conformance.dialects.chat_messages.requests import BASE
from streamchat_conformance.dialects.registry import dialect_named

from streamchat_load.dialects.dialect import BuiltRequest, EventViolation, LoadDialect
from streamchat_load.dialects.must_rows import must_findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.core.exchange import Exchange


class TalkDialect(LoadDialect):
    """What such dialects share. `name` is that of the conformance suite's dialect."""

    name: ClassVar[str]
    base: ClassVar[str] = BASE
    content_type: ClassVar[str] = JSON_MEDIA_TYPE
    has_end_event: ClassVar[bool] = True

    def judge(self, data: str, sent: BuiltRequest, *, echo: bool) -> EventViolation | None:
        """Return None: streams are judged as a whole, by `judge_stream`."""
        del data, sent, echo
        return None

    def echoes(self, data: str, sent: BuiltRequest) -> bool:
        """Return whether a text has the request's nonce."""
        return sent.nonce in data

    def findings(self, exchange: Exchange, *, echo: bool) -> Sequence[str]:
        """Return the MUSTs that a stream breaks, as the conformance suite's judges find."""
        del echo
        return must_findings(exchange, self.name)

    def refused(self, status: int, body: bytes) -> str:
        """Return what a refusal says, and which option may help."""
        text = (dialect_named(self.name).refusals.text(body) or "")[:200]
        said = f" ({text})" if text else ""
        if status in (401, 403):
            return f"{said}: give the key with --api-key-env VARIABLE"
        if status in (400, 404, 422) and "model" in text.lower():
            return f"{said}: give the model with --model NAME"
        return said


@lru_cache(maxsize=1)
def value_of(data: str) -> Any:
    """Return the value of a JSON text by Python's own reader, or None."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None

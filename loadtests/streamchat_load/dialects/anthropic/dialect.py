"""`POST /v1/messages`: messages in, named events of a message out, and `message_stop`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, ClassVar

from streamchat_conformance.dialects.anthropic.data import EventKind, kind_of
from streamchat_conformance.dialects.anthropic.deployment import discovery
from streamchat_conformance.dialects.anthropic.requests import PATH, VERSION
from streamchat_conformance.dialects.chat_messages.model_list import with_listed_model
from streamchat_conformance.dialects.interface import Deployment

from streamchat_load.dialects.anthropic.message_judge import SAID, MessageJudge
from streamchat_load.dialects.anthropic.requests import build_request, invalid_bodies
from streamchat_load.dialects.chat_messages.dialect import TalkDialect, value_of
from streamchat_load.dialects.chat_messages.requests import TalkForm
from streamchat_load.dialects.chat_messages.stream_ids import StreamIds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.core.http_request import HttpRequest

    from streamchat_load.dialects.dialect import BuiltRequest, LoadDialect

_OWN = frozenset({"id", "usage"})
"""Members of an event, and of its parts, that two equal answers may have different."""


class MessagesDialect(TalkDialect):
    """Anthropic Messages, as Anthropic and many servers speak it."""

    name: ClassVar[str] = "anthropic"
    path: ClassVar[str] = PATH
    fields: ClassVar[Sequence[tuple[str, str]]] = (VERSION,)
    own_members: ClassVar[re.Pattern[bytes] | None] = re.compile(
        rb'"id" ?: ?"[^"\\\x00-\x1f]{1,200}"'
    )

    def __init__(self, form: TalkForm | None = None) -> None:
        self.form = form or TalkForm()
        self._ids = StreamIds()

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> MessagesDialect:
        """Restore a dialect from `dump`'s form."""
        return cls(TalkForm(**dumped["form"]))

    def dump(self) -> Mapping[str, Any]:
        """Return the form of requests."""
        return {"form": asdict(self.form)}

    def discovery(self, path: str) -> HttpRequest | None:
        """Return the request that lists the models; None where the model is known."""
        return discovery(Deployment(model=self.form.model), path)

    def discovered(self, body: bytes) -> MessagesDialect:
        """Return the dialect that asks for the first model of a list."""
        model = with_listed_model(Deployment(), body).model
        return MessagesDialect(replace(self.form, model=model))

    def variants(self) -> Sequence[LoadDialect]:
        """Return the dialect with each form of requests that some servers need."""
        return [self, MessagesDialect(replace(self.form, steady=False))]

    @property
    def form_note(self) -> str:
        """Return the members of a request that some servers refuse."""
        steady = ("temperature",) if self.form.steady else ()
        return ", ".join((*steady, *self.form.members, "max_tokens"))

    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> BuiltRequest:
        """Return the request that carries a nonce in its messages."""
        return build_request(self.form, nonce, turn=turn, pad_bytes=pad_bytes)

    def build_capped(self, nonce: str, *, pad_bytes: int, cap: int) -> BuiltRequest:
        """Return the request that asks for an answer of at most `cap` tokens."""
        return build_request(self.form, nonce, turn=0, pad_bytes=pad_bytes, cap=cap)

    def judge_stream(self, sent: BuiltRequest) -> MessageJudge:
        """Return the state machine of one message."""
        return MessageJudge(sent.nonce, self._ids)

    def content(self, kind: str, data: str) -> str | None:
        """Return what an event says; None for one that says nothing of the answer."""
        value = value_of(data)
        if not isinstance(value, dict):
            return data
        if kind_of("" if kind == "message" else kind, value) not in SAID:
            return None
        return json.dumps(_shared(value), sort_keys=True, ensure_ascii=False)

    def text(self, kind: str, data: str) -> str:
        """Return the text of a delta."""
        del kind
        value = value_of(data)
        delta = value.get("delta") if isinstance(value, dict) else None
        text = delta.get("text") if isinstance(delta, dict) else None
        return text if isinstance(text, str) else ""

    def is_end(self, kind: str, data: str) -> bool:
        """Return whether an event is message_stop."""
        del data
        return kind == EventKind.STOP

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return a body for each way in which a request must be refused."""
        return invalid_bodies(self.form)


def _shared(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an event, and of its parts, that equal answers have in common."""
    return {
        name: _shared(each) if isinstance(each, dict) else each
        for name, each in value.items()
        if name not in _OWN
    }

"""`POST /v1/chat/completions`: messages in, chunks of a completion out, and `[DONE]`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, ClassVar

from streamchat_conformance.dialects.chat_messages.model_list import with_listed_model
from streamchat_conformance.dialects.interface import Deployment
from streamchat_conformance.dialects.openai.data import SENTINEL
from streamchat_conformance.dialects.openai.deployment import discovery
from streamchat_conformance.dialects.openai.machine import call_pieces, delta_of
from streamchat_conformance.dialects.openai.requests import CAP_NAMES, PATH

from streamchat_load.dialects.chat_messages.dialect import TalkDialect, value_of
from streamchat_load.dialects.chat_messages.stream_ids import StreamIds
from streamchat_load.dialects.openai.completion_judge import CompletionJudge
from streamchat_load.dialects.openai.requests import CompletionForm, build_request, invalid_bodies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamchat_conformance.core.http_request import HttpRequest

    from streamchat_load.dialects.dialect import BuiltRequest, LoadDialect

_SAID = ("role", "content", "refusal", "reasoning_content", "reasoning")
"""Members of a delta that two equal answers have in common; ids of calls are not."""


class CompletionsDialect(TalkDialect):
    """Chat Completions, as OpenAI and many servers speak it. A stream ends with `[DONE]`."""

    name: ClassVar[str] = "openai"
    path: ClassVar[str] = PATH
    own_members: ClassVar[re.Pattern[bytes] | None] = re.compile(
        rb'"(?:id|created)" ?: ?(?:"[^"\\\x00-\x1f]{1,200}"|[0-9]{1,12}(?![0-9.eE]))'
    )

    def __init__(self, form: CompletionForm | None = None) -> None:
        self.form = form or CompletionForm()
        self._ids = StreamIds()
        self.sees_usage = False
        """Whether streams have usage where they are asked for it."""

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> CompletionsDialect:
        """Restore a dialect from `dump`'s form."""
        found = cls(CompletionForm(**dumped["form"]))
        found.sees_usage = dumped.get("sees_usage", False)
        return found

    def dump(self) -> Mapping[str, Any]:
        """Return the form of requests, and whether usage comes."""
        return {"form": asdict(self.form), "sees_usage": self.sees_usage}

    def discovery(self, path: str) -> HttpRequest | None:
        """Return the request that lists the models; None where the model is known."""
        return discovery(Deployment(model=self.form.model), path)

    def discovered(self, body: bytes) -> CompletionsDialect:
        """Return the dialect that asks for the first model of a list."""
        model = with_listed_model(Deployment(), body).model
        return CompletionsDialect(replace(self.form, model=model))

    def variants(self) -> Sequence[LoadDialect]:
        """Return the dialect with each form of requests that some servers need."""
        newer = CAP_NAMES[1]
        form = self.form
        others = (
            form,
            replace(form, steady=False),
            replace(form, steady=False, cap_name=newer),
            replace(form, steady=False, usage=False),
            replace(form, steady=False, usage=False, cap_name=newer),
            replace(form, steady=False, usage=False, cap_name=""),
        )
        return [CompletionsDialect(other) for other in others]

    @property
    def form_note(self) -> str:
        """Return the members of a request that some servers refuse."""
        return ", ".join((*self.form.options(), self.form.cap_name or "no limit of tokens"))

    def with_usage(self, seen: bool) -> CompletionsDialect:
        """Return the dialect that asks for usage only where it comes, and misses it then."""
        found = CompletionsDialect(replace(self.form, usage=self.form.usage and seen))
        found.sees_usage = found.form.usage
        return found

    def build(self, nonce: str, *, turn: int = 0, pad_bytes: int = 0) -> BuiltRequest:
        """Return the request that carries a nonce in its messages."""
        return build_request(self.form, nonce, turn=turn, pad_bytes=pad_bytes)

    def build_capped(self, nonce: str, *, pad_bytes: int, cap: int) -> BuiltRequest:
        """Return the request that asks for an answer of at most `cap` tokens."""
        return build_request(self.form, nonce, turn=0, pad_bytes=pad_bytes, cap=cap)

    def judge_stream(self, sent: BuiltRequest) -> CompletionJudge:
        """Return the state machine of one answer."""
        return CompletionJudge(sent.nonce, self._ids, wants_usage=self.sees_usage)

    def content(self, kind: str, data: str) -> str | None:
        """Return what a chunk says; None for `[DONE]` and chunks without a choice."""
        del kind
        if data == SENTINEL:
            return None
        value = value_of(data)
        choices = value.get("choices") if isinstance(value, dict) else None
        if not isinstance(choices, list):
            return data
        said = [_said(choice) for choice in choices if isinstance(choice, dict)]
        return json.dumps(said, sort_keys=True, ensure_ascii=False) if said else None

    def text(self, kind: str, data: str) -> str:
        """Return the content of a chunk."""
        del kind
        value = value_of(data)
        choices = value.get("choices") if isinstance(value, dict) else None
        found = choices if isinstance(choices, list) else []
        texts = [delta_of(each).get("content") for each in found if isinstance(each, dict)]
        return "".join(text for text in texts if isinstance(text, str))

    def is_end(self, kind: str, data: str) -> bool:
        """Return whether an event is `[DONE]`."""
        del kind
        return data == SENTINEL

    def invalid_bodies(self) -> Sequence[bytes]:
        """Return a body for each way in which a request must be refused."""
        return invalid_bodies(self.form)


def _said(choice: dict[str, Any]) -> dict[str, Any]:
    delta = delta_of(choice)
    found = {name: delta[name] for name in _SAID if delta.get(name)}
    if choice.get("finish_reason"):
        found["finish_reason"] = choice["finish_reason"]
    if delta.get("tool_calls"):
        found["calls"] = [each.get("function") for each in call_pieces(delta)]
    return found

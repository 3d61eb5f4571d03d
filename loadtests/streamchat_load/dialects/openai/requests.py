"""Requests of `POST /v1/chat/completions`: valid ones that carry a nonce, and invalid ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamchat_conformance.dialects.openai.requests import CAP_NAMES, CompletionRequest

from streamchat_load.dialects.chat_messages.requests import (
    TalkForm,
    built,
    turns_of,
    wrong_bodies,
)

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import BuiltRequest

SEED = 1
"""The seed that is asked for where answers shall be the same."""


@dataclass(frozen=True, slots=True)
class CompletionForm(TalkForm):
    """What all requests of a run have in common."""

    cap_name: str = CAP_NAMES[0]
    """The member for the limit of an answer's tokens; empty: there is none."""
    usage: bool = True

    def options(self) -> dict[str, Any]:
        """Return the members beyond model, messages, stream and the limit."""
        options: dict[str, Any] = {}
        if self.steady:
            options |= {"temperature": 0, "seed": SEED}
        if self.usage:
            options["stream_options"] = {"include_usage": True}
        return {**options, **self.members}


def build_request(
    form: CompletionForm, nonce: str, *, turn: int, pad_bytes: int, cap: int | None = None
) -> BuiltRequest:
    """Return the request that carries a nonce in its last message, and in earlier ones."""
    wanted = CompletionRequest(
        messages=turns_of(form, nonce, turn=turn, pad_bytes=pad_bytes),
        model=form.named_model,
        cap=(form.cap if cap is None else cap) if form.cap_name else None,
        cap_name=form.cap_name or CAP_NAMES[0],
        options=form.options(),
    )
    return built(wanted, nonce, turn=turn, pad_bytes=pad_bytes, cap=cap)


def invalid_bodies(form: CompletionForm) -> tuple[bytes, ...]:
    """Return a body for each way in which a request must be refused."""
    valid = {"model": form.named_model, "stream": True}
    return wrong_bodies(valid, {**valid, "messages": "Hello"}, {**valid, "messages": [None]})

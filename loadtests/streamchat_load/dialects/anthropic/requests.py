"""Requests of `POST /v1/messages`: valid ones that carry a nonce, and invalid ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streamchat_conformance.dialects.anthropic.requests import MessageRequest

from streamchat_load.dialects.chat_messages.requests import (
    TalkForm,
    built,
    turns_of,
    wrong_bodies,
)

if TYPE_CHECKING:
    from streamchat_load.dialects.dialect import BuiltRequest


def build_request(
    form: TalkForm, nonce: str, *, turn: int, pad_bytes: int, cap: int | None = None
) -> BuiltRequest:
    """Return the request that carries a nonce in its last message, and in earlier ones."""
    wanted = MessageRequest(
        messages=turns_of(form, nonce, turn=turn, pad_bytes=pad_bytes),
        model=form.named_model,
        cap=form.cap if cap is None else cap,
        options={**({"temperature": 0} if form.steady else {}), **form.members},
    )
    return built(wanted, nonce, turn=turn, pad_bytes=pad_bytes, cap=cap)


def invalid_bodies(form: TalkForm) -> tuple[bytes, ...]:
    """Return a body for each way in which a request must be refused."""
    valid = {"model": form.named_model, "max_tokens": form.cap, "stream": True}
    return wrong_bodies(valid, {**valid, "messages": "Hello"}, {**valid, "messages": 1})

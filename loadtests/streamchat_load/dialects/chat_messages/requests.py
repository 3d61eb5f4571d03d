"""Requests that carry a nonce in what their messages say, and requests that are invalid."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamchat_conformance.dialects.chat_messages.requests import (
    DEFAULT_MODEL,
    TalkRequest,
    assistant,
    user,
)

from streamchat_load.dialects.dialect import MARK, BuiltRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streamchat_conformance.dialects.chat_messages.requests import Turn

CAP = 128
"""The most tokens of an answer: enough for the line that is to be repeated, however it is cut."""

_PAD_WORD = "word "


@dataclass(frozen=True, slots=True)
class TalkForm:
    """What all requests of a run have in common. `prompt` may have `{nonce}` in it."""

    model: str = ""
    """The name of the model; empty: the server is asked for it."""
    prompt: str = ""
    cap: int = CAP
    steady: bool = True
    """Ask for the same answer each time: temperature 0, and a seed where there is one."""
    members: Mapping[str, Any] = field(default_factory=dict)
    """Further members of each request; they win over all others."""

    @property
    def named_model(self) -> str:
        """The name of the model that requests have."""
        return self.model or DEFAULT_MODEL


def turns_of(form: TalkForm, nonce: str, *, turn: int, pad_bytes: int) -> tuple[Turn, ...]:
    """Return the messages that carry a nonce: the last one does, and earlier ones."""
    turns: list[Turn] = []
    for earlier in range(turn):
        turns.append(user(f"Turn {earlier} of {MARK}{nonce}"))
        turns.append(assistant(f"Answer {earlier}: Grüße, 日本語, 🙂."))
    turns.append(user(prompt_of(form, nonce, pad_bytes)))
    return tuple(turns)


def built(
    request: TalkRequest, nonce: str, *, turn: int, pad_bytes: int, cap: int | None
) -> BuiltRequest:
    """Return a request as it is sent; `cap` is the limit that was asked for, if one was."""
    shape = f"turn {turn}, {pad_bytes} bytes more"
    if cap is not None:
        shape += f", at most {cap} tokens"
    return BuiltRequest(nonce, request.body(ensure_ascii=False), shape)


def prompt_of(form: TalkForm, nonce: str, pad_bytes: int) -> str:
    """Return the prompt that carries a nonce. It has characters of 2, 3 and 4 bytes."""
    if form.prompt:
        text = form.prompt.replace("{nonce}", MARK + nonce)
    else:
        text = f"Repeat this line exactly and say nothing else:\n{MARK}{nonce}: Grüße, 日本語, 🙂."
    words, rest = divmod(max(0, pad_bytes), len(_PAD_WORD))
    return _PAD_WORD * words + "x" * rest + text


def wrong_bodies(*wrong: Mapping[str, Any]) -> tuple[bytes, ...]:
    """Return bodies that are no JSON objects, and some objects that are wrong."""
    return (b"", b'{"model": "cut', b"[]", *(json.dumps(each).encode() for each in wrong))

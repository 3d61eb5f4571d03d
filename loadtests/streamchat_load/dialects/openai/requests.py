"""Requests of `POST /v1/chat/completions`: valid ones that carry a nonce, and invalid ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from streamchat_conformance.dialects.chat_messages.requests import DEFAULT_MODEL, assistant, user
from streamchat_conformance.dialects.openai.requests import CAP_NAMES, CompletionRequest

from streamchat_load.dialects.dialect import MARK, BuiltRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

CAP = 128
"""The most tokens of an answer: enough for the line that is to be repeated, however it is cut."""

SEED = 1
"""The seed that is asked for where answers shall be the same."""

_PAD_WORD = "word "


@dataclass(frozen=True, slots=True)
class CompletionForm:
    """What all requests of a run have in common. `prompt` may have `{nonce}` in it."""

    model: str = ""
    """The name of the model; empty: the server is asked for it."""
    prompt: str = ""
    cap: int = CAP
    cap_name: str = CAP_NAMES[0]
    """The member for the limit of an answer's tokens; empty: there is none."""
    steady: bool = True
    """Ask for the same answer each time: temperature 0, and a seed."""
    usage: bool = True
    members: Mapping[str, Any] = field(default_factory=dict)
    """Further members of each request; they win over all others."""

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
    messages = []
    for earlier in range(turn):
        messages.append(user(f"Turn {earlier} of {MARK}{nonce}"))
        messages.append(assistant(f"Answer {earlier}: Grüße, 日本語, 🙂."))
    messages.append(user(prompt_of(form, nonce, pad_bytes)))
    wanted = CompletionRequest(
        messages=tuple(messages),
        model=form.model or DEFAULT_MODEL,
        cap=(form.cap if cap is None else cap) if form.cap_name else None,
        cap_name=form.cap_name or CAP_NAMES[0],
        options=form.options(),
    )
    shape = f"turn {turn}, {pad_bytes} bytes more"
    if cap is not None:
        shape += f", at most {cap} tokens"
    return BuiltRequest(nonce, wanted.body(ensure_ascii=False), shape)


def prompt_of(form: CompletionForm, nonce: str, pad_bytes: int) -> str:
    """Return the prompt that carries a nonce. It has characters of 2, 3 and 4 bytes."""
    if form.prompt:
        text = form.prompt.replace("{nonce}", MARK + nonce)
    else:
        text = f"Repeat this line exactly and say nothing else:\n{MARK}{nonce}: Grüße, 日本語, 🙂."
    words, rest = divmod(max(0, pad_bytes), len(_PAD_WORD))
    return _PAD_WORD * words + "x" * rest + text


def invalid_bodies(form: CompletionForm) -> tuple[bytes, ...]:
    """Return a body for each way in which a request must be refused."""
    valid = {"model": form.model or DEFAULT_MODEL, "stream": True}
    broken = (valid, {**valid, "messages": "Hello"}, {**valid, "messages": [None]})
    return (b"", b'{"model": "cut', b"[]", *(json.dumps(each).encode() for each in broken))

"""Requests of `POST /api/stream-chat`: valid ones that carry a nonce, and invalid ones."""

from __future__ import annotations

import json

from streamchat_load.dialects.dialect import MARK, BuiltRequest

INVALID_BODIES = (
    b"",
    b'{"prompt": "cut',
    b"[]",
    b'{"history": []}',
    b'{"prompt": null, "history": []}',
    b'{"prompt": "no history"}',
    b'{"prompt": "x", "history": "not a list"}',
)
"""A body for each way of being refused that the article names."""


def build_request(nonce: str, *, turn: int, pad_bytes: int) -> BuiltRequest:
    """Return the request that carries a nonce in its prompt and in its history."""
    value = {"prompt": prompt_of(nonce, pad_bytes), "history": history_of(nonce, turn)}
    body = json.dumps(value, ensure_ascii=False).encode("utf-8")
    return BuiltRequest(nonce, body, f"turn {turn}, {pad_bytes} bytes more", value)


def prompt_of(nonce: str, pad_bytes: int) -> str:
    """Return the prompt that carries a nonce. It has characters of 2, 3 and 4 bytes."""
    text = f"Load test {MARK}{nonce}: Grüße, 日本語, 🙂."
    return text + " padding"[: max(0, pad_bytes)] + "x" * max(0, pad_bytes - 8)


def history_of(nonce: str, turn: int) -> list[dict[str, str]]:
    """Return the history of a turn: two items for each earlier turn.

    The first item carries the nonce, so that a history that is shown to another user is
    recognised from the first turn on.
    """
    items = [{"role": "system", "content": f"Load test {MARK}{nonce}."}]
    for earlier in range(turn):
        items.append({"role": "user", "content": f"Turn {earlier} of {MARK}{nonce}"})
        items.append({"role": "assistant", "content": f"Answer {earlier}: Grüße, 日本語, 🙂."})
    return items

"""An answer as the events of Messages: a message begins, its blocks come in turn, it stops.

Each event has a name, and the same name as the `type` in its data. One block is open at a time.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from streamchat_reference.answerers.interface import Thought
from streamchat_reference.dialects.anthropic.refusals import API_ERROR, error_object
from streamchat_reference.dialects.parts import AnswerEnd, CallArguments, CallHead
from streamchat_reference.streaming import event_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamchat_reference.dialects.anthropic.request import AskedMessage
    from streamchat_reference.dialects.parts import Part

SIGNATURE: Final = "c2NyaXB0ZWQ="
"""Stands for a model's signature under its reasoning; nothing here checks one."""


def message_id() -> str:
    """Return the id of a new message."""
    return f"msg_{secrets.token_hex(12)}"


def call_id() -> str:
    """Return the id of one call of a tool; its result is sent back under it."""
    return f"toolu_{secrets.token_hex(12)}"


def stop_reason(end: AnswerEnd, *, called: bool) -> str:
    """Return why a message stopped, in the words of this dialect."""
    if end.stop_sequence is not None:
        return "stop_sequence"
    if end.reason == "length":
        return "max_tokens"
    if end.reason == "content_filter":
        return "refusal"
    return "tool_use" if called else "end_turn"


class MessageEvents:
    """Writes one message as the events of a stream."""

    def __init__(self, asked: AskedMessage, model: str) -> None:
        self._asked = asked
        self._model = model
        self._index = -1
        self._open = ""
        self._called = False
        self._end: AnswerEnd | None = None

    def begin(self) -> Iterator[bytes]:
        """Yield the message as it is before there is an answer."""
        usage = {"input_tokens": self._asked.prompt_tokens, "output_tokens": 0}
        message: dict[str, object] = {
            "id": message_id(),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": usage,
        }
        yield named_event({"type": "message_start", "message": message})

    def piece(self, piece: Part) -> Iterator[bytes]:
        """Yield the events for one part of the answer."""
        match piece:
            case str():
                if self._open != "text":
                    yield from self._start({"type": "text", "text": ""})
                yield self._delta({"type": "text_delta", "text": piece})
            case Thought(text):
                # Reasoning is shown to those alone who ask for it.
                if self._asked.thinking:
                    if self._open != "thinking":
                        yield from self._start(
                            {"type": "thinking", "thinking": "", "signature": ""}
                        )
                    yield self._delta({"type": "thinking_delta", "thinking": text})
            case CallHead(_, name):
                self._called = True
                begun = {"type": "tool_use", "id": call_id(), "name": name, "input": {}}
                yield from self._start(begun)
            case CallArguments(_, text):
                yield self._delta({"type": "input_json_delta", "partial_json": text})
            case AnswerEnd():
                self._end = piece

    def end(self) -> Iterator[bytes]:
        """Yield why the message stopped, what it has used, and that it is complete."""
        yield from self._stop()
        end = self._end or AnswerEnd("stop", 0)
        delta = {
            "stop_reason": stop_reason(end, called=self._called),
            "stop_sequence": end.stop_sequence,
        }
        usage = usage_of(self._asked, end)
        yield named_event({"type": "message_delta", "delta": delta, "usage": usage})
        yield named_event({"type": "message_stop"})

    def fail(self, text: str) -> Iterator[bytes]:
        """Yield the failure. No `message_stop` follows: the answer is not complete."""
        yield named_event(error_object(text, API_ERROR))

    def _start(self, block: Mapping[str, object]) -> Iterator[bytes]:
        yield from self._stop()
        self._index += 1
        self._open = str(block["type"])
        yield named_event(
            {"type": "content_block_start", "index": self._index, "content_block": block}
        )

    def _delta(self, delta: Mapping[str, object]) -> bytes:
        return named_event({"type": "content_block_delta", "index": self._index, "delta": delta})

    def _stop(self) -> Iterator[bytes]:
        if self._open == "thinking":
            yield self._delta({"type": "signature_delta", "signature": SIGNATURE})
        if self._open:
            self._open = ""
            yield named_event({"type": "content_block_stop", "index": self._index})


def usage_of(asked: AskedMessage, end: AnswerEnd) -> dict[str, int]:
    """Return the count of tokens. A model's own count of the prompt wins over ours."""
    prompt = asked.prompt_tokens if end.prompt_tokens is None else end.prompt_tokens
    return {"input_tokens": prompt, "output_tokens": end.completion_tokens}


def named_event(value: Mapping[str, object]) -> bytes:
    """Return the event that is named as its data's type."""
    return event_stream.event(json.dumps(value, separators=(",", ":")), str(value["type"]))


PING: Final = named_event({"type": "ping"})
"""Leaves in silence: clients of this dialect count events, and no comments, as signs of life."""

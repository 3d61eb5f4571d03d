"""A message as one JSON object, for the client that wants no stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamchat_reference.answerers.interface import Thought
from streamchat_reference.dialects.anthropic.events import (
    SIGNATURE,
    call_id,
    message_id,
    stop_reason,
    usage_of,
)
from streamchat_reference.dialects.parts import AnswerEnd, CallArguments, CallHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.dialects.anthropic.request import AskedMessage
    from streamchat_reference.dialects.parts import Part


class WholeMessage:
    """Keeps one message until it is whole."""

    def __init__(self, asked: AskedMessage, model: str) -> None:
        self._asked = asked
        self._model = model
        self._blocks: list[dict[str, Any]] = []
        self._arguments: list[list[str]] = []
        self._end = AnswerEnd("stop", 0)
        self.failure: str | None = "The client has gone"
        """Why the message is not whole; None when it is."""

    def begin(self) -> Iterator[bytes]:
        """Return no events: nothing is sent before the end."""
        return iter(())

    def piece(self, piece: Part) -> Iterator[bytes]:
        """Keep one part of the answer."""
        match piece:
            case str():
                self._block("text", text="")["text"] += piece
            case Thought(text):
                if self._asked.thinking:
                    block = self._block("thinking", thinking="", signature=SIGNATURE)
                    block["thinking"] += text
            case CallHead(_, name):
                self._blocks.append({"type": "tool_use", "id": call_id(), "name": name})
                self._arguments.append([])
            case CallArguments(call, text):
                self._arguments[call].append(text)
            case AnswerEnd():
                self._end = piece
        return iter(())

    def end(self) -> Iterator[bytes]:
        """Note that the message is whole."""
        self.failure = None
        return iter(())

    def fail(self, text: str) -> Iterator[bytes]:
        """Note why there will be no message."""
        self.failure = text
        return iter(())

    def value(self) -> dict[str, object]:
        """Return the message, as clients read it."""
        arguments = iter(self._arguments)
        content = [
            {**block, "input": _input("".join(next(arguments)))}
            if block["type"] == "tool_use"
            else block
            for block in self._blocks
        ]
        return {
            "id": message_id(),
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": content,
            "stop_reason": stop_reason(self._end, called=bool(self._arguments)),
            "stop_sequence": self._end.stop_sequence,
            "usage": usage_of(self._asked, self._end),
        }

    def _block(self, kind: str, **members: str) -> dict[str, Any]:
        """Return the last block, or a new one where that is of another type."""
        if not self._blocks or self._blocks[-1]["type"] != kind:
            self._blocks.append({"type": kind, **members})
        return self._blocks[-1]


def _input(arguments: str) -> object:
    """Return the input of a call; an empty one where the cap cut its text."""
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return {}

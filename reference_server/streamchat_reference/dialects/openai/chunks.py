"""A completion as a stream of chunks, in the order that clients rely on.

For each choice a chunk with the role comes first, then its content or its tool calls, then one
chunk with the reason why it ended. Last come the usage, where it was asked for, and `[DONE]`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from streamchat_reference.answerers.interface import Thought
from streamchat_reference.dialects.openai.completion import TokenUsage, call_id, head, logprobs
from streamchat_reference.dialects.openai.refusals import SERVER_ERROR, envelope
from streamchat_reference.dialects.parts import AnswerEnd, CallArguments, CallHead
from streamchat_reference.streaming import event_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streamchat_reference.dialects.openai.choices import ChoicePart
    from streamchat_reference.dialects.openai.request import AskedCompletion

DONE = event_stream.event("[DONE]")


class CompletionChunks:
    """Writes one completion as the events of a stream."""

    def __init__(self, asked: AskedCompletion, model: str) -> None:
        self._asked = asked
        self._head = head("chat.completion.chunk", model)
        self._usage = TokenUsage(asked.prompt_tokens)

    def begin(self) -> Iterator[bytes]:
        """Yield the role of each choice."""
        for index in range(self._asked.choices):
            yield self._choice(index, {"role": "assistant", "content": ""})

    def piece(self, piece: ChoicePart) -> Iterator[bytes]:
        """Yield the chunk for one part of a choice."""
        index, part = piece
        match part:
            case str():
                yield self._choice(
                    index, {"content": part}, logprobs=logprobs([part], self._asked.top_logprobs)
                )
            case Thought(text):
                yield self._choice(index, {"reasoning_content": text})
            case CallHead(call, name):
                function = {"name": name, "arguments": ""}
                begun = {"index": call, "id": call_id(), "type": "function", "function": function}
                yield self._choice(index, {"tool_calls": [begun]})
            case CallArguments(call, text):
                more = {"index": call, "function": {"arguments": text}}
                yield self._choice(index, {"tool_calls": [more]})
            case AnswerEnd(reason):
                self._usage.add(part)
                yield self._choice(index, {}, finish_reason=reason)

    def end(self) -> Iterator[bytes]:
        """Yield the usage, where it was asked for, and the event that marks the end."""
        if self._asked.include_usage:
            yield _event({**self._head, "choices": [], "usage": self._usage.value()})
        yield DONE

    def fail(self, text: str) -> Iterator[bytes]:
        """Yield the failure. No `[DONE]` follows: the answer is not complete."""
        yield _event(envelope(text, SERVER_ERROR))

    def _choice(
        self,
        index: int,
        delta: Mapping[str, object],
        *,
        logprobs: Mapping[str, object] | None = None,
        finish_reason: str | None = None,
    ) -> bytes:
        choice = {
            "index": index,
            "delta": delta,
            "logprobs": logprobs,
            "finish_reason": finish_reason,
        }
        usage = {"usage": None} if self._asked.include_usage else {}
        return _event({**self._head, "choices": [choice], **usage})


def _event(value: Mapping[str, object]) -> bytes:
    return event_stream.event(json.dumps(value, separators=(",", ":")))

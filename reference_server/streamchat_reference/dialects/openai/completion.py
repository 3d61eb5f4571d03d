"""A completion as one JSON object, and what it has in common with a stream of chunks."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from streamchat_reference.answerers.interface import Thought
from streamchat_reference.dialects.parts import AnswerEnd, CallArguments, CallHead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streamchat_reference.dialects.openai.choices import ChoicePart
    from streamchat_reference.dialects.openai.request import AskedCompletion


def head(kind: str, model: str) -> dict[str, object]:
    """Return the members that identify a completion; all its chunks have the same."""
    return {
        "id": f"chatcmpl-{secrets.token_hex(12)}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
    }


def call_id() -> str:
    """Return the id of one call of a tool; its result is sent back under it."""
    return f"call_{secrets.token_hex(12)}"


def logprobs(tokens: Sequence[str], top: int | None) -> dict[str, object] | None:
    """Return the log probabilities of tokens that were certain; None where none are wanted."""
    if top is None:
        return None
    certain = [{"token": token, "logprob": 0.0, "bytes": [*token.encode()]} for token in tokens]
    # With a probability of 1 the token has no alternatives but itself.
    content = [{**token, "top_logprobs": [token] if top else []} for token in certain]
    return {"content": content, "refusal": None}


class TokenUsage:
    """The tokens that a completion used, all its choices together."""

    def __init__(self, prompt_tokens: int) -> None:
        self._prompt_tokens = prompt_tokens
        self._completion_tokens = 0

    def add(self, end: AnswerEnd) -> None:
        """Count a choice that has ended. A model's own count of the prompt wins over ours."""
        self._completion_tokens += end.completion_tokens
        self._prompt_tokens = end.prompt_tokens or self._prompt_tokens

    def value(self) -> dict[str, int]:
        """Return the counts, as clients read them."""
        return {
            "prompt_tokens": self._prompt_tokens,
            "completion_tokens": self._completion_tokens,
            "total_tokens": self._prompt_tokens + self._completion_tokens,
        }


@dataclass
class _WholeChoice:
    """What has come of one choice."""

    thoughts: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    reason: str = ""

    def message(self) -> dict[str, object]:
        """Return the assistant's message: content, or calls of tools, or both."""
        content = "".join(self.tokens)
        message: dict[str, object] = {
            "role": "assistant",
            "content": content,
            "refusal": None,
        }
        if self.thoughts:
            message["reasoning_content"] = "".join(self.thoughts)
        if not self.names:
            return message
        calls = [
            {"id": call_id(), "type": "function", "function": {"name": name, "arguments": text}}
            for name, text in zip(self.names, self.arguments, strict=True)
        ]
        return {**message, "content": content or None, "tool_calls": calls}


class WholeCompletion:
    """Keeps one completion until it is whole, for the client that wants no stream."""

    def __init__(self, asked: AskedCompletion, model: str) -> None:
        self._asked = asked
        self._head = head("chat.completion", model)
        self._usage = TokenUsage(asked.prompt_tokens)
        self._choices = [_WholeChoice() for _ in range(asked.choices)]
        self.failure: str | None = "The client has gone"
        """Why the completion is not whole; None when it is."""

    def begin(self) -> Iterator[bytes]:
        """Return no events: nothing is sent before the end."""
        return iter(())

    def piece(self, piece: ChoicePart) -> Iterator[bytes]:
        """Keep one part of a choice."""
        index, part = piece
        choice = self._choices[index]
        match part:
            case str():
                choice.tokens.append(part)
            case Thought(text):
                choice.thoughts.append(text)
            case CallHead(_, name):
                choice.names.append(name)
                choice.arguments.append("")
            case CallArguments(call, text):
                choice.arguments[call] += text
            case AnswerEnd(reason):
                self._usage.add(part)
                choice.reason = reason
        return iter(())

    def end(self) -> Iterator[bytes]:
        """Note that all choices are whole."""
        self.failure = None
        return iter(())

    def fail(self, text: str) -> Iterator[bytes]:
        """Note why there will be no completion."""
        self.failure = text
        return iter(())

    def value(self) -> dict[str, object]:
        """Return the completion, as clients read it."""
        choices = [
            {
                "index": index,
                "message": choice.message(),
                "logprobs": logprobs(choice.tokens, self._asked.top_logprobs),
                "finish_reason": choice.reason,
            }
            for index, choice in enumerate(self._choices)
        ]
        return {**self._head, "choices": choices, "usage": self._usage.value()}

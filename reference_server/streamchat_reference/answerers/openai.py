"""A real language model, through any server that speaks OpenAI's chat completions.

It is asked by the official SDK (`pip install streamchat-conformance[openai]`), over a transport
that can be cancelled.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import httpx2
import openai

from streamchat_reference.answerers.cancellable_transport import CancellableTransport
from streamchat_reference.answerers.interface import (
    AnswererError,
    Closing,
    RequestedCall,
    Thought,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDelta

    from streamchat_reference.answerers.interface import OfferedTool, Question, Step
    from streamchat_reference.lossless_json import PlainJson

CONNECT_S = 10.0
SILENCE_S = 120.0
"""The model may think this long before its first piece, and between two."""

ROLES = frozenset({"developer", "system", "user", "assistant", "tool", "function"})


class ModelUrlError(ValueError):
    """The URL of the model server cannot be used. The message is one sentence."""


@dataclass(frozen=True)
class OpenAIAnswerer:
    """Asks the model server at `url` (`http://host:port/v1`) for each answer.

    `api_key` goes into the Authorization header. Raises `ModelUrlError` for other URLs.
    """

    blocking: ClassVar[bool] = True
    echoes_request: ClassVar[bool] = False
    certain: ClassVar[bool] = False
    calls_tools: ClassVar[bool] = True

    url: str
    model: str
    api_key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
            usable = usable and not parts.query and not parts.fragment
        except ValueError:
            usable = False
        if not usable:
            raise ModelUrlError(
                f"{self.url!r} is no URL of a model server; it looks like http://127.0.0.1:8000/v1"
            )

    def generate(self, question: Question) -> ModelAnswer:
        """Return the pieces of one completion; the request is sent when the first is asked for."""
        request: dict[str, Any] = {
            "model": self.model,
            "messages": messages(question),
            **question.options,
        }
        if question.tools:
            request["tools"] = [_tool(tool) for tool in question.tools]
            request["tool_choice"] = "required" if question.must_call else "auto"
            request["parallel_tool_calls"] = question.parallel_calls
        return ModelAnswer(self, request)


def messages(question: Question) -> list[PlainJson]:
    """Return the conversation as the model server expects it.

    Messages with a role and a content, or calls of tools, are taken as they are; anything else in
    a history is something the user said, as text.
    """
    talk: list[PlainJson] = []
    for item in question.history:
        match item:
            case {"role": str(role), "content": str()} if role in ROLES:
                talk.append(item)
            case {"role": "assistant", "tool_calls": [_, *_]}:
                talk.append(item)
            case str():
                talk.append({"role": "user", "content": item})
            case _:
                talk.append({"role": "user", "content": json.dumps(item)})
    return [*talk, {"role": "user", "content": question.prompt}, *question.since]


def _tool(tool: OfferedTool) -> dict[str, object]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


class ModelAnswer:
    """The pieces of one completion, as they come. It can be cancelled from another thread."""

    def __init__(self, answerer: OpenAIAnswerer, request: dict[str, Any]) -> None:
        self._answerer = answerer
        self._request = request
        self._transport = CancellableTransport()
        self._steps = self._run()

    def __iter__(self) -> Iterator[Step]:
        return self._steps

    def close(self) -> None:
        """End the answer, and the connection to the model server."""
        self._steps.close()

    def cancel(self) -> None:
        """Make a blocked read end, from another thread."""
        self._transport.cancel()

    def _run(self) -> Generator[Step, None, None]:
        try:
            with (
                openai.OpenAI(
                    base_url=self._answerer.url,
                    # The SDK wants a key; servers that need none ignore it.
                    api_key=self._answerer.api_key or "none",
                    max_retries=0,
                    timeout=httpx2.Timeout(SILENCE_S, connect=CONNECT_S),
                    http_client=httpx2.Client(transport=self._transport),
                ) as client,
                client.chat.completions.create(**self._request, stream=True) as chunks,
            ):
                yield from _steps(chunks)
        except openai.APIStatusError as error:
            raise AnswererError(
                f"the model server answered with status {error.status_code}"
            ) from None
        except openai.APITimeoutError:
            raise AnswererError("the model server is silent") from None
        except openai.APIConnectionError:
            raise AnswererError("the model server cannot be reached, or broke off") from None
        except openai.APIError:
            raise AnswererError("the model server reported an error") from None
        except ValueError:
            raise AnswererError("the model server sent an event that is not JSON") from None


def _steps(chunks: Iterator[ChatCompletionChunk]) -> Iterator[Step]:
    """Yield the text as it comes, then the calls of tools, each whole, then how it closed."""
    calls: dict[int, list[str]] = defaultdict(lambda: ["", ""])
    reason = usage = None
    for chunk in chunks:
        usage = chunk.usage or usage
        for choice in chunk.choices[:1]:
            reason = choice.finish_reason or reason
            if thought := _reasoning(choice.delta):
                yield Thought(thought)
            if text := choice.delta.content or choice.delta.refusal:
                yield text
            for piece in choice.delta.tool_calls or ():
                if piece.function is not None:
                    calls[piece.index][0] += piece.function.name or ""
                    calls[piece.index][1] += piece.function.arguments or ""
    if reason is None:
        raise AnswererError("the model server ended before its answer was complete")
    for _, (name, arguments) in sorted(calls.items()):
        yield RequestedCall(name, arguments)
    yield Closing(
        reason if reason in {"length", "content_filter"} else None,
        usage.prompt_tokens if usage else None,
        usage.completion_tokens if usage else None,
    )


def _reasoning(delta: ChoiceDelta) -> str | None:
    """Return a piece of reasoning, under either of the names that servers have for it."""
    more = delta.model_extra or {}
    text = more.get("reasoning_content") or more.get("reasoning")
    return text if isinstance(text, str) else None

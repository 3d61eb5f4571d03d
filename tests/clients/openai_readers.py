"""OpenAI's SDK for Python as a witness."""

from __future__ import annotations

from typing import Any, Final, cast

import openai

from .client_reading import ClientReading

LIMIT_S: Final = 5.0
COLUMNS: Final = {
    "openai python raw": "openai-python, `create(stream=True)`",
    "openai python helper": "openai-python, `chat.completions.stream()`",
    "openaiRaw": "openai-node, `create({stream: true})`",
    "openaiHelper": "openai-node, `chat.completions.stream()`",
    "openaiAiSdk": "`@ai-sdk/openai-compatible`",
}


def _read(read: Any, url: str, body: dict[str, Any]) -> ClientReading:
    reading = ClientReading()
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=LIMIT_S) as client:
        try:
            read(cast("Any", client.chat.completions), body, reading)
        except Exception as error:  # noqa: BLE001 -- whatever a client raises is to be known
            reading.error = f"{type(error).__name__}: {error}"
    return reading


def _said(message: Any, name: str) -> str:
    extra = getattr(message, "model_extra", None) or {}
    return str(extra.get(name) or "")


def _raw(completions: Any, body: dict[str, Any], reading: ClientReading) -> None:
    calls: dict[Any, list[Any]] = {}
    with completions.create(**body) as stream:
        for chunk in stream:
            if chunk.usage:
                reading.usage = [chunk.usage.prompt_tokens, chunk.usage.completion_tokens]
            for choice in chunk.choices or ():
                if choice.index != 0:
                    continue
                delta = choice.delta
                reading.finish = choice.finish_reason or reading.finish
                reading.role = reading.role or getattr(delta, "role", None)
                reading.text += getattr(delta, "content", None) or ""
                reading.reasoning += _said(delta, "reasoning_content") or _said(delta, "reasoning")
                for piece in getattr(delta, "tool_calls", None) or ():
                    call = calls.setdefault(piece.index, ["", "", ""])
                    call[0] = call[0] or piece.id or ""
                    if piece.function is not None:
                        call[1] = call[1] or piece.function.name or ""
                        call[2] += piece.function.arguments or ""
            reading.calls = [*calls.values()]


def _helper(completions: Any, body: dict[str, Any], reading: ClientReading) -> None:
    options = {name: value for name, value in body.items() if name != "stream"}
    with completions.stream(**options) as stream:
        whole = stream.get_final_completion()
    if whole.usage:
        reading.usage = [whole.usage.prompt_tokens, whole.usage.completion_tokens]
    for choice in whole.choices[:1]:
        message = choice.message
        reading.text = message.content or ""
        reading.reasoning = _said(message, "reasoning_content") or _said(message, "reasoning")
        reading.role = message.role
        reading.finish = choice.finish_reason
        reading.calls = [
            [call.id, call.function.name, call.function.arguments]
            for call in message.tool_calls or ()
        ]


def read_raw(url: str, body: dict[str, Any]) -> ClientReading:
    """Return what the stream's own iterator yields."""
    return _read(_raw, url, body)


def read_helper(url: str, body: dict[str, Any]) -> ClientReading:
    """Return what the SDK's helper puts together."""
    return _read(_helper, url, body)

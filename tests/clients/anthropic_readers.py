"""Anthropic's SDK for Python as a witness."""

from __future__ import annotations

import importlib
import json
from functools import cache
from typing import Any, Final

from .client_reading import ClientReading

LIMIT_S: Final = 5.0
COLUMNS: Final = {
    "anthropic python raw": "anthropic-sdk-python, `create(stream=True)`",
    "anthropic python helper": "anthropic-sdk-python, `messages.stream()`",
    "anthropicRaw": "anthropic-sdk-typescript, `create({stream: true})`",
    "anthropicHelper": "anthropic-sdk-typescript, `messages.stream()`",
    "anthropicAiSdk": "`@ai-sdk/anthropic`",
}


@cache
def _client() -> Any:
    """Return a client: the environment for clients alone has the SDK."""
    sdk: Any = importlib.import_module("anthropic")
    return sdk.Anthropic(api_key="none", max_retries=0, timeout=LIMIT_S)


def client_at(url: str) -> Any:
    """Return a client for a base URL, with or without the version at its end."""
    return _client().with_options(base_url=url.removesuffix("/v1"))


def read_raw(url: str, body: dict[str, Any]) -> ClientReading:
    """Return what the stream's own iterator yields."""
    return _read(_raw, url, body)


def read_helper(url: str, body: dict[str, Any]) -> ClientReading:
    """Return what the SDK's helper puts together."""
    return _read(_helper if body.get("stream") else _raw, url, body)


def _read(read: Any, url: str, body: dict[str, Any]) -> ClientReading:
    reading = ClientReading()
    try:
        read(client_at(url).messages, body, reading)
    except Exception as error:  # noqa: BLE001 -- whatever a client raises is to be known
        reading.error = f"{type(error).__name__}: {error}"
    return reading


def _usage(usage: Any) -> list[Any] | None:
    return None if usage is None else [usage.input_tokens, usage.output_tokens]


def _last_usage(usage: Any, before: list[Any] | None) -> list[Any]:
    """Return the usage with what the last count of a stream says; it need not repeat the input."""
    given = getattr(usage, "input_tokens", None)
    return [(before or [None])[0] if given is None else given, usage.output_tokens]


def take_message(message: Any, reading: ClientReading) -> None:
    """Enter what a whole message says."""
    reading.role, reading.finish = message.role, message.stop_reason
    reading.usage = _usage(message.usage)
    for block in message.content:
        _add(reading, block, None)


def _add(reading: ClientReading, block: Any, arguments: str | None) -> None:
    if block.type == "text":
        reading.text += block.text
    if block.type == "thinking":
        reading.reasoning += block.thinking
    if block.type == "tool_use":
        given = json.dumps(block.input, separators=(",", ":")) if arguments is None else arguments
        reading.calls.append([block.id, block.name, given])


def _raw(messages: Any, body: dict[str, Any], reading: ClientReading) -> None:
    answer = messages.create(**body)
    if not body.get("stream"):
        take_message(answer, reading)
        return
    blocks: dict[Any, Any] = {}
    arguments: dict[Any, str] = {}
    with answer as stream:
        for event in stream:
            if event.type == "message_start":
                reading.role = event.message.role
                reading.usage = _usage(event.message.usage)
            elif event.type == "content_block_start":
                blocks[event.index], arguments[event.index] = event.content_block, ""
            elif event.type == "content_block_delta":
                given = _take_delta(event.delta, reading)
                arguments[event.index] = arguments.get(event.index, "") + given
            elif event.type == "message_delta":
                reading.finish = event.delta.stop_reason or reading.finish
                reading.usage = _last_usage(event.usage, reading.usage)
    for index, block in blocks.items():
        if block.type == "tool_use":
            _add(reading, block, arguments[index])


def _take_delta(delta: Any, reading: ClientReading) -> str:
    """Enter what a delta says; return what it says of a call's arguments."""
    if delta.type == "text_delta":
        reading.text += delta.text
    if delta.type == "thinking_delta":
        reading.reasoning += delta.thinking
    return str(delta.partial_json) if delta.type == "input_json_delta" else ""


def _helper(messages: Any, body: dict[str, Any], reading: ClientReading) -> None:
    asked = {name: value for name, value in body.items() if name != "stream"}
    with messages.stream(**asked) as stream:
        take_message(stream.get_final_message(), reading)

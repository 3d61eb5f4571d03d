"""The turns of a conversation, as Messages has them: content is text, or blocks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from streamchat_reference.dialects.anthropic.refusals import MessageRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamchat_reference.lossless_json import PlainJson

Turn = dict[str, "PlainJson"]
"""A message as answerers know it: the role, the text, and calls of tools or the result of one."""


def read_turns(system: PlainJson, messages: PlainJson) -> list[Turn]:
    """Return the conversation, with what the system says first.

    Raises `MessageRefusedError`, which names the message and the member.
    """
    if not isinstance(messages, list):
        raise MessageRefusedError("messages: Input should be a valid list")
    if not messages:
        raise MessageRefusedError("messages: at least one message is required")
    turns = list(_read_system(system))
    for index, message in enumerate(messages):
        turns += _read_message(message, f"messages.{index}")
    return turns


def count_tokens(turns: list[Turn]) -> int:
    """Return the length of a prompt in tokens: words here, and one for each turn's role."""
    return sum(1 + len(str(turn.get("content") or "").split()) for turn in turns)


def _read_system(system: PlainJson) -> Iterator[Turn]:
    if system is None:
        return
    text = "".join(_text(block, "system") for block in _blocks(system, "system"))
    yield {"role": "system", "content": text}


def _read_message(message: PlainJson, place: str) -> Iterator[Turn]:
    if not isinstance(message, dict):
        raise MessageRefusedError(f"{place}: Input should be an object")
    blocks = _blocks(message.get("content"), f"{place}.content")
    match message.get("role"):
        case "user":
            yield from _read_user(blocks, f"{place}.content")
        case "assistant":
            yield _read_assistant(blocks, f"{place}.content")
        case _:
            raise MessageRefusedError(f"{place}.role: Input should be 'user' or 'assistant'")


def _blocks(content: PlainJson, place: str) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not isinstance(content, list):
        raise MessageRefusedError(f"{place}: Input should be a valid string or list of blocks")
    return content


def _read_user(blocks: list[Any], place: str) -> Iterator[Turn]:
    """Yield the results of tools, each a turn of its own, and then what the user says."""
    texts = []
    for index, block in enumerate(blocks):
        match block:
            case {"type": "tool_result", "tool_use_id": str(called)}:
                inner = _blocks(block.get("content", ""), f"{place}.{index}.content")
                result = "".join(_text(each, f"{place}.{index}.content") for each in inner)
                yield {"role": "tool", "tool_call_id": called, "content": result}
            case _:
                texts.append(_text(block, f"{place}.{index}"))
    if texts or not blocks:
        yield {"role": "user", "content": "".join(texts)}


def _read_assistant(blocks: list[Any], place: str) -> Turn:
    texts, calls = [], []
    for index, block in enumerate(blocks):
        match block:
            case {"type": "tool_use", "id": str(name_of_call), "name": str(name), "input": dict()}:
                function: PlainJson = {"name": name, "arguments": json.dumps(block["input"])}
                calls.append({"id": name_of_call, "type": "function", "function": function})
            case {"type": "thinking" | "redacted_thinking"}:
                pass  # earlier reasoning is no part of the conversation
            case _:
                texts.append(_text(block, f"{place}.{index}"))
    turn: Turn = {"role": "assistant", "content": "".join(texts)}
    return {**turn, "tool_calls": [*calls]} if calls else turn


def _text(block: Any, place: str) -> str:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "image" | "document" | "search_result"}:
            raise MessageRefusedError(f"{place}: this server reads blocks of type 'text'")
    raise MessageRefusedError(f"{place}: Input should be a block of a known type, with its members")

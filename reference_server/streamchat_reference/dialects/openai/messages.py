"""The messages of a request: which are accepted, and the question that they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streamchat_reference.dialects.openai.refusals import CompletionRefusedError

if TYPE_CHECKING:
    from streamchat_reference.lossless_json import PlainJson

ROLES = ("developer", "system", "user", "assistant", "tool", "function")
MAY_BE_SILENT = frozenset({"assistant", "function"})
"""The roles whose content may be null; an assistant's may also be absent."""


def read_messages(value: PlainJson) -> list[dict[str, PlainJson]]:
    """Return the messages, the text of each as one string.

    Raises `CompletionRefusedError`, which names the message and the member.
    """
    if not isinstance(value, list):
        raise CompletionRefusedError("'messages' must be an array of messages", "messages")
    if not value:
        raise CompletionRefusedError("'messages' must have at least one message", "messages")
    return [_read_message(message, f"messages[{index}]") for index, message in enumerate(value)]


def count_tokens(messages: list[dict[str, PlainJson]]) -> int:
    """Return the length of a prompt in tokens: words here, and one for each message's role."""
    return sum(1 + len(str(message.get("content") or "").split()) for message in messages)


def _read_message(message: PlainJson, place: str) -> dict[str, PlainJson]:
    if not isinstance(message, dict):
        raise CompletionRefusedError(f"{place} must be an object", place)
    role = message.get("role")
    if role not in ROLES:
        one_of = ", ".join(ROLES)
        raise CompletionRefusedError(f"{place}.role must be one of {one_of}", f"{place}.role")
    content = _read_content(message.get("content"), f"{place}.content")
    if content is None and role not in MAY_BE_SILENT:
        raise CompletionRefusedError(
            f"{place}.content must be a string or an array of parts", f"{place}.content"
        )
    read: dict[str, PlainJson] = {"role": role, "content": content}
    if role == "tool":
        read["tool_call_id"] = _text(message, "tool_call_id", place)
    if role == "function":
        read["name"] = _text(message, "name", place)
    if role == "assistant" and message.get("tool_calls") is not None:
        read["tool_calls"] = _read_calls(message["tool_calls"], f"{place}.tool_calls")
    return read


def _read_content(content: PlainJson, place: str) -> str | None:
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list) or not content:
        raise CompletionRefusedError(f"{place} must be a string or an array of parts", place)
    return "".join(_read_part(part, f"{place}[{index}]") for index, part in enumerate(content))


def _read_part(part: Any, place: str) -> str:
    match part:
        case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
            return text
        case {"type": "image_url" | "input_audio" | "file"}:
            raise CompletionRefusedError("this server reads content parts of type 'text'", place)
    raise CompletionRefusedError(f"{place} must be an object of type 'text' with a text", place)


def _read_calls(calls: Any, place: str) -> list[PlainJson]:
    if not isinstance(calls, list):
        raise CompletionRefusedError(f"{place} must be an array", place)
    for index, call in enumerate(calls):
        match call:
            case {
                "id": str(),
                "type": "function",
                "function": {"name": str(), "arguments": str()},
            }:
                continue
        raise CompletionRefusedError(
            f"{place}[{index}] must have an id, the type 'function', and a function with a name "
            "and arguments, both strings",
            f"{place}[{index}]",
        )
    return calls


def _text(message: dict[str, PlainJson], name: str, place: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise CompletionRefusedError(f"{place}.{name} must be a string", f"{place}.{name}")
    return value

"""The ways in which clients ask for a message: servers have a branch for each of them.

A server may refuse what only agents send. What it streams is a message like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from streamchat_conformance.dialects.anthropic.requests import TOOL, MessageRequest
from streamchat_conformance.dialects.chat_messages.requests import PROMPT, assistant, user

COUNTING = "Count from 1 to 60, one number a line."
SCRIPTS = "Repeat: 你好, Grüße, שלום, 🌍, e\u0301."
"""Characters of two, three and four bytes, which a server may cut."""
TURNS = 20
"""Exchanges in a history."""
_CALL = {"type": "tool_use", "id": "toolu_1", "name": TOOL["name"], "input": {"city": "Paris"}}


def _block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def in_blocks(plain: MessageRequest) -> MessageRequest:
    """Return a request whose content is two blocks of text."""
    return replace(plain, messages=(user([_block("Please."), _block(PROMPT)]),))


def after_turns(plain: MessageRequest) -> MessageRequest:
    """Return a request with a history."""
    turns = (user("Hi"), assistant("Hello.")) * TURNS
    return replace(plain, messages=(*turns, user(PROMPT)))


def with_system(plain: MessageRequest) -> MessageRequest:
    """Return a request with a system prompt in blocks, one of which is marked for the cache."""
    marked = {**_block("You are brief."), "cache_control": {"type": "ephemeral"}}
    return plain.with_options(system=[marked, _block("You are kind.")])


def after_tool(plain: MessageRequest) -> MessageRequest:
    """Return a request with the result of a tool that the model has used."""
    result = {"type": "tool_result", "tool_use_id": _CALL["id"], "content": [_block("Sunny")]}
    turns = (user("Weather?"), assistant([_block("I look."), _CALL]), user([result]))
    return replace(plain, messages=turns).with_options(tools=[TOOL])


KINDS: Mapping[str, Callable[[MessageRequest], MessageRequest]] = {
    "a plain request": lambda plain: plain,
    "a request for many events": lambda plain: plain.saying(COUNTING),
    "a request in several scripts": lambda plain: plain.saying(SCRIPTS),
    "content in blocks": in_blocks,
    "a history": after_turns,
    "a system prompt in blocks": with_system,
    "the result of a tool": after_tool,
}
"""What reports call a request, to what makes it of a plain one."""

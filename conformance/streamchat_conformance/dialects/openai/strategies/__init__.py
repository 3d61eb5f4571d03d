"""Requests of Chat Completions that are generated: conversations, and bodies with one fault."""

from __future__ import annotations

from streamchat_conformance.dialects.openai.strategies.conversations import conversations, texts
from streamchat_conformance.dialects.openai.strategies.faulty_messages import (
    bodies_without_messages,
    lax_bodies,
    strange_messages,
)

__all__ = [
    "bodies_without_messages",
    "conversations",
    "lax_bodies",
    "strange_messages",
    "texts",
]

"""Legal streams of Anthropic Messages that official clients do not read without loss."""

from __future__ import annotations

from typing import Final

_PYTHON: Final = frozenset({"anthropic python raw", "anthropic python helper"})
_NODE: Final = frozenset({"anthropicRaw", "anthropicHelper", "anthropicAiSdk"})
_AI_SDK: Final = frozenset({"anthropicAiSdk"})
_OFFICIAL: Final = (_PYTHON | _NODE) - _AI_SDK
_LAST_CR: Final = (
    "Its parser waits for what follows the last CR: with the last event the reason is lost."
)

LOSSES: Final = {
    "event-of-an-unknown-type": (_AI_SDK, "It throws at a type that it does not know."),
    "delta-of-an-unknown-type": (_AI_SDK, "It throws at a type that it does not know."),
    "cr-line-ends": (_AI_SDK, _LAST_CR),
    "mixed-line-ends": (_AI_SDK, _LAST_CR),
    "version-needed": (
        _OFFICIAL,
        "They send `anthropic-version: 2026-10-21`, and the server knows `2023-06-01` alone.",
    ),
    "chunk-extensions": (_NODE, "Node's `fetch` ends the stream: the whole answer is lost."),
    "continue-without-being-asked": (_NODE, "Node's `fetch` fails at 100 (Continue)."),
    "gzip-in-members": (_PYTHON, "httpx decodes the first member alone: the text is lost."),
}
"""Server to the clients that lose something, and what they lose."""

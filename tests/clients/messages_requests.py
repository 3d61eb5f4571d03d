"""Requests of Anthropic Messages that make servers show all that they stream."""

from __future__ import annotations

from typing import Any, Final

WEATHER: Final = {
    "name": "get_weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
CITIES: Final = "What is the weather in Paris, in Oslo and in Rome?"


def asking(prompt: Any, **members: Any) -> dict[str, Any]:
    """Return a request's members."""
    messages = [{"role": "user", "content": prompt}]
    return {"model": "m", "max_tokens": 64, "messages": messages, "stream": True, **members}


THINKING: Final = {
    "max_tokens": 2048,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
}
CALLING: Final = {"tools": [WEATHER], "tool_choice": {"type": "any"}}

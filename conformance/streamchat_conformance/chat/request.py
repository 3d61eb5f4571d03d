"""Requests to the endpoint, as they are meant (ChatRequest) and as they are sent (HttpRequest)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PATH = "/api/stream-chat"
"""Default path of the endpoint."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A request's JSON object: `prompt`, `history`, and members the endpoint does not know."""

    prompt: Any = "Hello"
    history: Any = field(default_factory=list)
    extra: Mapping[str, Any] = field(default_factory=dict)

    def body(self, *, ensure_ascii: bool = True) -> bytes:
        """Return the JSON text, escaped to ASCII or as raw UTF-8."""
        members = {"prompt": self.prompt, "history": self.history, **self.extra}
        return json.dumps(members, ensure_ascii=ensure_ascii).encode("utf-8")

    def form(self, boundary: str) -> bytes:
        """Return the same members as an HTML form would send them (RFC 7578)."""
        parts = {"prompt": self.prompt, "history": json.dumps(self.history), **self.extra}
        text = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in parts.items()
        )
        return f"{text}--{boundary}--\r\n".encode()

"""Requests as HTML forms send them."""

from __future__ import annotations

import json


def form(body: bytes, boundary: str) -> bytes:
    """Return the members of a JSON object as a multipart form (RFC 7578)."""
    members = json.loads(body)
    text = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        f"{value if isinstance(value, str) else json.dumps(value)}\r\n"
        for name, value in members.items()
    )
    return f"{text}--{boundary}--\r\n".encode()

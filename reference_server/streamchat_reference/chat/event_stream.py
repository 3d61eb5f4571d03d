"""Writing an event stream (WHATWG HTML, "Server-sent events"): each event is one line of data."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii
from typing import Final

MEDIA_TYPE: Final = "text/event-stream"

OPENING: Final = b": open\n\n"
"""A WSGI server may hold the response head back until the first bytes: a comment frees it."""

HEARTBEAT: Final = b": still here\n\n"
"""Keeps idle connections open on the way. Comments are no events: clients ignore them."""

PROBE: Final = b": ?\n\n"
"""A comment to which a closed peer answers with a reset."""


def content(response: str, echo: str = "") -> bytes:
    """Return the event for one piece of text; `echo` are further members, already as JSON text."""
    members = f'{echo}{"," if echo else ""}"response":{encode_basestring_ascii(response)}'
    return f"data: {{{members}}}\n\n".encode("ascii")


def failure(text: str) -> bytes:
    """Return the event that reports a failure. Its name distinguishes it from the answer's text."""
    return f'event: error\ndata: {{"error":{encode_basestring_ascii(text)}}}\n\n'.encode("ascii")

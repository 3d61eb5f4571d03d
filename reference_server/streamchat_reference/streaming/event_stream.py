"""Writing an event stream (WHATWG HTML, "Server-sent events"): each event is one line of data."""

from __future__ import annotations

from typing import Final

MEDIA_TYPE: Final = "text/event-stream"

OPENING: Final = b": open\n\n"
"""A WSGI server may hold the response head back until the first bytes: a comment frees it."""

HEARTBEAT: Final = b": still here\n\n"
"""Keeps idle connections open on the way. Comments are no events: clients ignore them."""

PROBE: Final = b": ?\n\n"
"""A comment to which a closed peer answers with a reset."""


def event(data: str, name: str = "") -> bytes:
    """Return the event for one line of ASCII text, with a name where it has one."""
    named = f"event: {name}\n" if name else ""
    return f"{named}data: {data}\n\n".encode("ascii")

"""Bodies in HTTP archives: what was kept of them, and what recorders leave out or change.

Recorders keep a text, decoded, or base64. Of a stream many keep nothing but its size, or stop
at a limit of their own; some keep the events as the browser read them.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from streamchat_conformance.offline.recording import NO_BODY, RecordingError

NO_CHARACTERS = ("sse.utf8", "payload.no-replacement", "payload.*-echo*", "payload.line-separators")
"""What cannot be decided when the recorder may have changed characters."""

NO_SYNTAX = ("sse.*", "transport.body-only")
"""What cannot be decided from events alone."""


@dataclass(frozen=True, slots=True)
class KeptBody:
    """What an archive has kept of a response's body."""

    data: bytes = b""
    whole: bool = True
    """Whether the body's end is where the response's was, as far as the archive shows."""
    undecidable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def response_body(entry: dict[str, Any], place: str) -> KeptBody:
    """Return what is kept of the body of an entry's response. Raises RecordingError."""
    response = entry["response"]
    content = response.get("content", {})
    if not isinstance(content, dict):
        raise RecordingError(
            f"{place}: 'response.content' is not an object; save the archive again"
        )
    text, size = content.get("text"), _count(content.get("size"))
    if text is None or (text == "" and not (size == 0 and response.get("bodySize") == 0)):
        return _events(entry.get("_eventSourceMessages")) or _nothing(size)
    if not isinstance(text, str):
        raise RecordingError(f"{place}: 'response.content.text' is not a string")
    if content.get("encoding") == "base64":
        try:
            data = base64.b64decode(text, validate=True)
        except ValueError:
            raise RecordingError(f"{place}: 'response.content.text' is not base64") from None
        return _measured(data, size, (), ())
    data = text.encode("utf-8", "replace")
    # A decoder drops a leading byte order mark.
    undecidable: tuple[str, ...] = () if text.startswith("\ufeff") else ("sse.bom",)
    notes: tuple[str, ...] = ()
    differs = not text.isascii() and size > 0 and size != len(data)
    if differs or "\ufffd" in text:
        undecidable += NO_CHARACTERS
        notes += ("the recorder may have changed characters of the body",)
    return _measured(data, size, undecidable, notes)


def request_body(post: Any, size: Any, length: str | None) -> bytes | None:
    """Return a request's body, or None where the archive has not kept it, or not all of it.

    `size` is the request's `bodySize`, `length` its Content-Length.
    """
    text = post.get("text") if isinstance(post, dict) else None
    if not isinstance(text, str):
        return b"" if size == 0 and length in (None, "0") else None
    body = text.encode("utf-8", "replace")
    if post.get("encoding") == "base64":
        try:
            body = base64.b64decode(text, validate=True)
        except ValueError:
            return None
    announced = int(length) if length is not None and length.isdecimal() else _count(size)
    if not body and announced != 0:
        return None
    return body if announced <= len(body) else None


def _measured(
    data: bytes, size: int, undecidable: tuple[str, ...], notes: tuple[str, ...]
) -> KeptBody:
    if size > len(data):
        notes += (f"the archive has {len(data)} bytes of a body of {size}",)
    return KeptBody(data, size <= len(data), undecidable, notes)


def _nothing(size: int) -> KeptBody:
    known = f" ({size} bytes)" if size > 0 else ""
    return KeptBody(
        whole=False,
        undecidable=NO_BODY,
        notes=(f"the archive has no body of the response{known}; what needs it is not judged",),
    )


def _events(messages: Any) -> KeptBody | None:
    """Return a stream that has the events which a browser has read, or None without any."""
    if not isinstance(messages, list):
        return None
    lines = []
    for message in messages:
        data = message.get("data") if isinstance(message, dict) else None
        if not isinstance(data, str):
            continue
        for name, field in (("eventName", "event"), ("eventId", "id")):
            value = message.get(name)
            if isinstance(value, str) and value and value != "message":
                lines.append(f"{field}: {value.splitlines()[0]}")
        lines += [f"data: {line}" for line in data.split("\n")]
        lines.append("")
    if not lines:
        return None
    return KeptBody(
        ("\n".join(lines) + "\n").encode("utf-8", "replace"),
        whole=False,
        undecidable=NO_SYNTAX,
        notes=("the archive has the events as a browser read them, not the stream",),
    )


def _count(value: Any) -> int:
    """Return a size, or -1 where none is known."""
    return value if isinstance(value, int) and not isinstance(value, bool) else -1

"""The last line of an event stream that ends inside it."""

from __future__ import annotations

import re
from typing import Final

from streamchat_conformance.core.eventstream_model import KNOWN_FIELDS
from streamchat_conformance.core.strict_json import read_json

_LINE_END: Final = re.compile(rb"[\r\n]")
_NAMES: Final = tuple(name.encode() for name in KNOWN_FIELDS)
_OPENERS: Final = (b"{", b"[", b'"')


def torn_line(body: bytes, sentinel: str | None) -> bytes:
    """Return the last line of a body if it stops before that line is whole; otherwise nothing.

    A last line that only lacks its end is whole: a field's name with its colon, and with JSON that
    can be read, the sentinel, or any other text behind it. What is torn is a name without its
    colon, half a character, and JSON or a sentinel that was begun.
    """
    line = _LINE_END.split(body)[-1] if body else b""
    return line if line and _is_torn(line, (sentinel or "").encode()) else b""


def _is_torn(line: bytes, sentinel: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError as error:
        # Bytes in the middle that are no UTF-8 have nothing to do with the end.
        return error.end == len(line) and error.reason == "unexpected end of data"
    name, colon, value = line.partition(b":")
    if not colon:
        return any(known.startswith(name) for known in _NAMES)
    value = value.strip(b" ")
    if name != b"data" or value == sentinel:
        return False
    if not value or (sentinel.startswith(value) and value != sentinel):
        return True
    return value.startswith(_OPENERS) and read_json(value).error is not None

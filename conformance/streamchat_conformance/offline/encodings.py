"""The encoding of a recorded text file: byte order marks, and UTF-16 as some shells write it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from streamchat_conformance.offline.recording import RecordingError

_WIDE = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class RecordedText:
    """A file's text as UTF-8, without a byte order mark."""

    data: bytes
    marked: bool = False
    """Whether a byte order mark of UTF-8 was removed."""
    transcoded: bool = False
    """Whether the file was in UTF-16 or UTF-32: no server's bytes pass through that unchanged."""


def read_text(data: bytes, name: str) -> RecordedText:
    """Return a file's text without its byte order mark. Raises RecordingError."""
    for mark, encoding in _WIDE:
        if data.startswith(mark):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError as error:
                raise RecordingError(
                    f"{name}: it begins as {encoding.upper()}, but byte {error.start} is not; "
                    "save the file as UTF-8"
                ) from None
            return RecordedText(text.encode("utf-8", "replace"), transcoded=True)
    if data.startswith(codecs.BOM_UTF8):
        return RecordedText(data[len(codecs.BOM_UTF8) :], marked=True)
    return RecordedText(data)

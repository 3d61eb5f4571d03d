"""From a file's bytes to recordings: the format is detected, unless it is given."""

from __future__ import annotations

import json
from typing import Any

from streamchat_conformance.offline.curl import looks_like_stream, read_body, read_curl
from streamchat_conformance.offline.har import is_har, read_har
from streamchat_conformance.offline.pieces import is_pieces, read_pieces
from streamchat_conformance.offline.recording import Format, Reader, Recording, RecordingError
from streamchat_conformance.offline.saved import is_saved, read_saved

LIMIT_BYTES = 64 * 1024 * 1024
"""Larger recordings are not read."""


def read_recordings(
    data: bytes, name: str, reader: Reader, format_: Format | None = None
) -> list[Recording]:
    """Return what a file holds. Raises RecordingError with one line that says what is wrong."""
    if len(data) > LIMIT_BYTES:
        raise RecordingError(f"{name}: it is larger than {LIMIT_BYTES // 2**20} MiB; cut it")
    if not data.strip():
        raise RecordingError(f"{name}: it is empty; nothing was recorded")
    format_ = format_ or detect(data, name)
    if format_ is Format.CURL:
        return [read_curl(data, name, reader)]
    if format_ is Format.BODY:
        return [read_body(data, name, reader)]
    document = _document(data, name)
    if format_ is Format.HAR:
        if not is_har(document):
            raise RecordingError(f"{name}: it is not an HTTP archive: it has no 'log'")
        return read_har(document, name, reader)
    if format_ is Format.PIECES:
        if not is_pieces(document):
            raise RecordingError(f"{name}: it is not an exchange in pieces: it lacks 'sent'")
        return [read_pieces(document, name)]
    if not is_saved(document):
        raise RecordingError(f"{name}: it is not an exchange or a report of this suite")
    return read_saved(document, name)


def detect(data: bytes, name: str) -> Format:
    """Tell a recording's format by its first bytes. Raises RecordingError."""
    if data.startswith(b"HTTP/"):
        return Format.CURL
    if data.lstrip()[:1] in (b"{", b"["):
        document = _document(data, name)
        if is_har(document):
            return Format.HAR
        if is_saved(document):
            return Format.EXCHANGE
        if is_pieces(document):
            return Format.PIECES
        raise RecordingError(
            f"{name}: it is JSON, but neither a report, an exchange nor an HTTP archive; "
            "record a response with its head: curl -isN --raw"
        )
    if looks_like_stream(data):
        return Format.BODY
    raise RecordingError(
        f"{name}: its format is not known (it begins with {data[:24]!r}); record with "
        f"curl -isN --raw, or give --format ({', '.join(Format)})"
    )


def _document(data: bytes, name: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"{name}: it begins as JSON and is none: {error}") from None

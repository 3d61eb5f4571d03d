"""Reading of recordings from a file's bytes; the format is detected, unless it is given."""

from __future__ import annotations

import json
from typing import Any

from streamchat_conformance.offline.curl import read_body, read_curl
from streamchat_conformance.offline.curl_output import is_trace, looks_like_stream, separate
from streamchat_conformance.offline.encodings import read_text
from streamchat_conformance.offline.har import is_har, read_har
from streamchat_conformance.offline.pieces import is_pieces, read_pieces
from streamchat_conformance.offline.recording import (
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
)
from streamchat_conformance.offline.saved import is_saved, read_saved

LIMIT_BYTES = 64 * 1024 * 1024
"""Larger recordings are not read."""


def read_recordings(
    data: bytes, name: str, reader: Reader, format_: Format | None = None
) -> list[RecordedExchange]:
    """Return what a file holds. Raises RecordingError with one line that says what is wrong."""
    if len(data) > LIMIT_BYTES:
        raise RecordingError(f"{name}: it is larger than {LIMIT_BYTES // 2**20} MiB; cut it")
    text = read_text(data, name)
    if not text.data.strip():
        raise RecordingError(f"{name}: it is empty; nothing was recorded")
    format_ = format_ or detect(text.data, name)
    if format_ is Format.CURL:
        return [read_curl(text, name, reader)]
    if format_ is Format.BODY:
        return [read_body(text, name, reader)]
    document = _document(text.data, name)
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
    """Return a recording's format by its beginning. Raises RecordingError."""
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
    if is_trace(data):
        raise RecordingError(f"{name}: it is a trace of curl; record with curl -isN --raw instead")
    output = separate(data)
    if output.has_head or (output.words and not output.received.strip()):
        return Format.CURL
    if looks_like_stream(output.received):
        return Format.BODY
    raise RecordingError(
        f"{name}: its format is not known (it begins with {data[:24]!r}); record with "
        f"curl -isN --raw, or give --format ({', '.join(Format)})"
    )


def _document(data: bytes, name: str) -> Any:
    """Return a JSON document. Raises RecordingError."""
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RecordingError(
            f"{name}: byte {error.start + 1} is not UTF-8, as JSON must be; save the file as UTF-8"
        ) from None
    except json.JSONDecodeError as error:
        raise RecordingError(f"{name}: {_what_is_wrong(error)}") from None
    except RecursionError:
        raise RecordingError(f"{name}: its JSON is nested too deep") from None
    except ValueError as error:
        raise RecordingError(f"{name}: its JSON cannot be read: {error}") from None


def _what_is_wrong(error: json.JSONDecodeError) -> str:
    place = f"it is not valid JSON: line {error.lineno}, column {error.colno}: "
    if not error.doc[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return place + "it stops in the middle; save or copy the whole file again"
    found = error.doc[error.pos : error.pos + 12].splitlines()[0]
    if error.msg == "Extra data":
        return place + f"there is more behind the end ({found!r}); a recording is one JSON value"
    return place + f"{error.msg[:1].lower()}{error.msg[1:]}, found {found!r}"

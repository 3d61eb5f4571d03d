"""The first streamed answer in a recording, whatever its endpoint is."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.offline.har import is_har, read_har
from streamchat_conformance.offline.reading import read_recordings
from streamchat_conformance.offline.recording import (
    AUTHORITY,
    Reader,
    RecordedExchange,
    RecordingError,
)

_OTHER_VERSION = re.compile(rb"^HTTP/[023](?:\.0)? (?=\d{3})", re.MULTILINE)
_UNKNOWN_PATH = "/the/path/of/your/endpoint"


def sample_of(data: bytes, name: str, body: bytes | None = None) -> Reading:
    """Return the first exchange whose answer is an event stream. Raises RecordingError.

    `body` is the JSON text of the request, where the recording does not have it; without it the
    request has no body.
    """
    request = HttpRequest(body=body or b"").encode(authority=AUTHORITY, path=_UNKNOWN_PATH)
    reader = Reader(request=request, ended=True)
    for recording in _recordings(data, name, reader):
        reading = Reading(recording.exchange)
        if reading.events:
            return reading
    raise RecordingError(
        f"{name}: no event stream is in it; record one with: curl -iN URL -d @request.json"
    )


def _recordings(data: bytes, name: str, reader: Reader) -> list[RecordedExchange]:
    document = _document(data)
    if is_har(document):
        return _of_archive(document, name, reader)
    return read_recordings(_OTHER_VERSION.sub(b"HTTP/1.1 ", data), name, reader)


def _document(data: bytes) -> Any:
    if data.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _of_archive(document: Any, name: str, reader: Reader) -> list[RecordedExchange]:
    """Return the POSTs of an archive, at whichever path."""
    entries = document["log"].get("entries")
    found = []
    for entry in entries if isinstance(entries, list) else []:
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or request.get("method") != "POST":
            continue
        try:
            path = urlsplit(str(request.get("url", ""))).path or "/"
            alone = {"log": {"entries": [entry]}}
            found += read_har(alone, name, Reader(path=path, ended=reader.ended))
        except (RecordingError, ValueError):
            continue
    return found

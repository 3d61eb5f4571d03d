"""Recordings of an endpoint that is not known yet: any path, any version of HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from streamchat_conformance.offline.har import read_har
from streamchat_conformance.offline.recording import Reader, RecordedExchange, RecordingError

_OTHER_VERSION = re.compile(rb"^HTTP/[023](?:\.0)? (?=\d{3})", re.MULTILINE)


def as_http1(data: bytes) -> bytes:
    """Return output of curl with each status line as one of HTTP/1.1.

    What is learned of an unknown endpoint is the same in all versions of HTTP.
    """
    return _OTHER_VERSION.sub(b"HTTP/1.1 ", data)


def json_document(data: bytes) -> Any:
    """Return the object or array that a file is as JSON; None where it is neither."""
    if data.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def posts_of_archive(
    document: Any, name: str, reader: Reader, most: int | None = None
) -> Iterator[tuple[int, RecordedExchange]]:
    """Yield the readable POSTs of an archive at whichever path, with their numbers from 1.

    `reader` reads each, with the path of its own. `most` is how many entries are looked at.
    """
    entries = document["log"].get("entries")
    for number, entry in enumerate((entries if isinstance(entries, list) else [])[:most], 1):
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or request.get("method") != "POST":
            continue
        try:
            path = urlsplit(str(request.get("url", ""))).path or "/"
            alone = {"log": {"entries": [entry]}}
            (recording,) = read_har(alone, name, replace(reader, path=path))
        except (RecordingError, ValueError):
            continue
        yield number, recording

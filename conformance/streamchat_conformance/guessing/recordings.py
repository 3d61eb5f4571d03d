"""What recordings show of endpoints: output of curl, archives, event streams, bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.guessing.endpoint_guess import EndpointGuess, guess
from streamchat_conformance.judges import Reading
from streamchat_conformance.offline.curl_output import separate
from streamchat_conformance.offline.encodings import read_text
from streamchat_conformance.offline.har import is_har, read_har
from streamchat_conformance.offline.pieces import is_pieces
from streamchat_conformance.offline.reading import read_recordings
from streamchat_conformance.offline.recording import (
    Format,
    Reader,
    RecordedExchange,
    RecordingError,
)
from streamchat_conformance.offline.saved import is_saved
from streamchat_conformance.suite.target.recognising import answer_seen

EXCHANGES = 200
"""How many exchanges of one file are looked at."""

# What is guessed from is the same in all versions of HTTP.
_OTHER_VERSION = re.compile(rb"^HTTP/[023](?:\.0)? (?=\d{3})", re.MULTILINE)


def recorded_guesses(data: bytes, name: str) -> list[EndpointGuess]:
    """Return what is guessed of each endpoint in a recording. Raises RecordingError."""
    text = read_text(data, name)
    if not text.data.strip():
        raise RecordingError(f"{name}: it is empty; nothing was recorded")
    document = _document(text.data)
    if is_har(document):
        return list(_of_archive(document, name))
    if is_saved(document) or is_pieces(document):
        recordings = read_recordings(data, name, Reader())
        return [guess([_seen(each)], each.name) for each in recordings[:EXCHANGES]]
    output = separate(_OTHER_VERSION.sub(b"HTTP/1.1 ", text.data))
    if not output.has_head:
        return [guess([Sighting(text.data)], name)]
    plain = replace(text, data=_OTHER_VERSION.sub(b"HTTP/1.1 ", text.data))
    try:
        (recording,) = read_recordings(plain.data, name, Reader(), Format.CURL)
    except RecordingError:
        return [guess([Sighting(output.received)], name)]
    return [guess([_seen(recording, head_known=output.request_head is not None)], name)]


def _document(data: bytes) -> Any:
    if data.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _of_archive(document: Any, name: str) -> Iterator[EndpointGuess]:
    entries = document["log"].get("entries")
    for number, entry in enumerate((entries if isinstance(entries, list) else [])[:EXCHANGES], 1):
        request = entry.get("request") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or request.get("method") != "POST":
            continue
        try:
            path = urlsplit(str(request.get("url", ""))).path or "/"
            alone = {"log": {"entries": [entry]}}
            (recording,) = read_har(alone, name, Reader(path=path))
        except (RecordingError, ValueError):
            continue
        yield guess([_seen(recording, head_known=True)], f"{name} #{number}")


def _seen(recording: RecordedExchange, *, head_known: bool = False) -> Sighting:
    """Return what a recorded exchange shows."""
    sighting = answer_seen(Reading(recording.exchange))
    if not (head_known or recording.request_known):
        return sighting
    sent = parse_request(recording.exchange.request)
    sighting = replace(
        sighting,
        path=sent.target.partition("?")[0],
        request_fields=sent.fields,
    )
    body = read_json(sent.body).value if recording.request_known else None
    return replace(sighting, request=body) if isinstance(body, dict) else sighting

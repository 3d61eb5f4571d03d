"""The first streamed answer in a recording, whatever its endpoint is."""

from __future__ import annotations

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.offline.any_endpoint import (
    as_http1,
    json_document,
    posts_of_archive,
)
from streamchat_conformance.offline.har import is_har
from streamchat_conformance.offline.reading import read_recordings
from streamchat_conformance.offline.recording import (
    AUTHORITY,
    Reader,
    RecordedExchange,
    RecordingError,
)

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
    document = json_document(data)
    if is_har(document):
        return [each for _, each in posts_of_archive(document, name, Reader(ended=reader.ended))]
    return read_recordings(as_http1(data), name, reader)

"""What recordings show of endpoints: output of curl, archives, event streams, bodies."""

from __future__ import annotations

from dataclasses import replace

from streamchat_conformance.core.sent_request import parse_request
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.sighting import Sighting
from streamchat_conformance.guessing.endpoint_guess import EndpointGuess, guess
from streamchat_conformance.judges import Reading
from streamchat_conformance.offline.any_endpoint import (
    as_http1,
    json_document,
    posts_of_archive,
)
from streamchat_conformance.offline.curl_output import separate
from streamchat_conformance.offline.encodings import read_text
from streamchat_conformance.offline.har import is_har
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

EXCHANGES_LIMIT = 200
"""How many exchanges of one file are looked at."""


def recorded_guesses(data: bytes, name: str) -> list[EndpointGuess]:
    """Return what is guessed of each endpoint in a recording. Raises RecordingError."""
    text = read_text(data, name)
    if not text.data.strip():
        raise RecordingError(f"{name}: it is empty; nothing was recorded")
    document = json_document(text.data)
    if is_har(document):
        posts = posts_of_archive(document, name, Reader(), most=EXCHANGES_LIMIT)
        return [guess([_seen(post, head_known=True)], f"{name} #{at}") for at, post in posts]
    if is_saved(document) or is_pieces(document):
        recordings = read_recordings(data, name, Reader())
        return [guess([_seen(each)], each.name) for each in recordings[:EXCHANGES_LIMIT]]
    data_as_http1 = as_http1(text.data)
    output = separate(data_as_http1)
    if not output.has_head:
        return [guess([Sighting(text.data)], name)]
    try:
        (recording,) = read_recordings(data_as_http1, name, Reader(), Format.CURL)
    except RecordingError:
        return [guess([Sighting(output.received)], name)]
    return [guess([_seen(recording, head_known=output.request_head is not None)], name)]


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

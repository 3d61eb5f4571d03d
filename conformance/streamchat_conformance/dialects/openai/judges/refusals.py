"""openai: how a request is refused."""

from __future__ import annotations

import json

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.openai.data import DatumKind, classified
from streamchat_conformance.dialects.openai.rules import judge
from streamchat_conformance.judges.error import (
    has_status_of_refusal,
    judge_leak,
    judge_shape,
    judge_status_400,
    reports_error,
)
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import answered_wrongly

ENVELOPE = "OpenAI API description (ErrorResponse)"


@judge(
    "openai.error-status",
    MUST,
    "A refused request gets a 4xx; one for which there is no room gets 429 or 503.",
    source="practice (client libraries retry, fall back and report by the status)",
    evidence=Evidence.KEPT,
)
def error_status(reading: Reading) -> Verdict:
    if not has_status_of_refusal(reading):
        return None
    if reading.status >= 400:
        return []
    message = f"client libraries do not take {reading.status} for a refusal"
    return [answered_wrongly(reading, message, "HTTP/1.1 400")]


@judge(
    "openai.error-status-400",
    SHOULD,
    "The status of a refusal is 400, or 413 for its size and 415 for its media type.",
    source="practice (client libraries raise another error for 422)",
    evidence=Evidence.KEPT,
)
def error_status_400(reading: Reading) -> Verdict:
    return judge_status_400(reading)


@judge(
    "openai.error-envelope",
    SHOULD,
    "A refusal's body is a JSON object whose error is an object with a message.",
    source=f"{ENVELOPE}; webai-at-home/webai-at-home#182",
)
def error_envelope(reading: Reading) -> Verdict:
    return judge_shape(reading)


@judge(
    "error.no-leak",
    SHOULD,
    "A refusal shows no traceback, source path or exception class name.",
    source="veryfront/veryfront-code#587",
    evidence=Evidence.PART,
)
def no_leak(reading: Reading) -> Verdict:
    return judge_leak(reading, _without_kinds(reading.body))


def _without_kinds(body: bytes) -> bytes:
    """Return a refusal without its type and code: BadRequestError is a kind there, and no leak."""
    value = read_json(body).value
    if not isinstance(value, dict):
        return body
    error = value.get("error")
    holders = [value, *([error] if isinstance(error, dict) else [])]
    kinds = [holder.get(name) for holder in holders for name in ("type", "code")]
    for kind in kinds:
        if isinstance(kind, str) and kind:
            quoted = json.dumps(kind).encode()
            body = body.replace(quoted, b'""').replace(
                json.dumps(kind, ensure_ascii=False).encode("utf-8", "replace"), b'""'
            )
    return body


@judge(
    "openai.error-not-streamed",
    MUST,
    "What can be refused before the stream is never answered with 200 and an error.",
    source="practice (clients retry and fall back by the status); ggml-org/llama.cpp#14566, "
    "EricLBuehler/mistral.rs#1874",
    evidence=Evidence.KEPT,
)
def error_not_streamed(reading: Reading) -> Verdict:
    id_ = "openai.error-not-streamed"
    asked = reading.asked
    refuse = asked.expectation is Expectation.REFUSE
    optional = asked.expectation is Expectation.EITHER and asked.row in (id_, "openai.model-lax")
    if reading.head is None:
        return None
    if asked.expectation is Expectation.ACCEPT:
        return _of_valid(reading)
    if not (refuse or optional):
        return None
    expected = "HTTP/1.1 400 with application/json, before any stream"
    message = "the refusal came as if it were an answer; clients look at the status"
    if reading.status >= 400:
        if reading.essence == "text/event-stream":
            return [answered_wrongly(reading, message, expected)]
        return [] if reading.refused else None
    if not reading.accepted or reading.lost:
        return None
    in_band = reports_error(reading) or (optional and _fails(reading))
    if in_band:
        return [answered_wrongly(reading, message, expected)]
    # One that is served as if it were valid has its own requirement.
    return [] if optional else None


def _of_valid(reading: Reading) -> Verdict:
    """Judge the answer to a valid request: a stream whose first event is an error.

    How a stream with empty options goes wrong is openai.stream-options-empty. A server that has
    begun, be it with a comment or a role, had to send its status by then.
    """
    empty = reading.asked.values.get("options", {}).get("stream_options") == {}
    if empty or reading.lost or not reading.is_stream or not reading.stream.blocks:
        return None
    if reading.stream.blocks[0] is not reading.content.failure:
        return None
    message = "the stream is an error from the start: clients look at the status"
    return [
        answered_wrongly(reading, message, "its status and application/json, before any stream")
    ]


def _fails(reading: Reading) -> bool:
    """Return whether a stream is an error, or breaks at once."""
    data = list(classified(reading.events, reading.payloads))
    bad = (DatumKind.ERROR, DatumKind.MISSHAPEN_ERROR, DatumKind.UNREADABLE)
    return reading.is_stream and any(each.kind in bad for each in data)

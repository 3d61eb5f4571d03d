"""anthropic: how a request is refused."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.anthropic.classification import INVALID, REQUIRED
from streamchat_conformance.dialects.anthropic.refusals import TYPES
from streamchat_conformance.dialects.anthropic.rules import judge
from streamchat_conformance.judges.error import has_status_of_refusal, judge_shape, judge_status_400
from streamchat_conformance.judges.error import not_streamed as any_not_streamed
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import answered_wrongly

ERRORS = "Anthropic API reference (errors)"
OF_ROUTING = (404, 405, 408)
"""Statuses that say something else than that a body is invalid."""
LENIENT = {INVALID, REQUIRED, "request.media-type-not-json", "request.non-finite-numbers"}
"""Requirements that a server may serve a request against: SHOULD in this dialect."""


@judge(
    "anthropic.error-shape",
    MUST,
    "A refusal is a JSON object of type error, whose error has a type and a message.",
    source=f"{ERRORS}; vllm-project/vllm#57997, BerriAI/litellm#39037, api7/aisix#336",
)
def error_shape(reading: Reading) -> Verdict:
    return judge_shape(reading)


@judge(
    "anthropic.error-status",
    MUST,
    "A refused request gets a 4xx other than 404, 405 and 408.",
    source=ERRORS,
    evidence=Evidence.KEPT,
)
def error_status(reading: Reading) -> Verdict:
    if not has_status_of_refusal(reading) or reading.overloaded:
        return None
    if reading.status >= 400 and reading.status not in OF_ROUTING:
        return []
    message = f"clients do not take {reading.status} for an invalid request"
    return [answered_wrongly(reading, message, "HTTP/1.1 400")]


@judge(
    "anthropic.error-status-exact",
    SHOULD,
    "The status of a refusal is 400, or 413 for its size and 415 for its media type.",
    source=ERRORS,
    evidence=Evidence.KEPT,
)
def error_status_exact(reading: Reading) -> Verdict:
    if reading.status in OF_ROUTING:
        return None
    return judge_status_400(reading)


@judge(
    "anthropic.error-type",
    SHOULD,
    "error.type belongs to the status; types that are not in the reference are allowed.",
    source=f"{ERRORS}; vllm-project/vllm#57997",
)
def error_type(reading: Reading) -> Verdict:
    if reading.head is None or not (reading.refused or 400 <= reading.status < 600):
        return None
    value = read_json(reading.body).value
    error = value.get("error") if isinstance(value, dict) else None
    type_ = error.get("type") if isinstance(error, dict) else None
    if not isinstance(type_, str) or not type_:
        return None  # anthropic.error-shape
    if reading.status >= 500 and reading.status not in TYPES:
        return None
    # 400's type stands for other 4xx as well.
    expected = TYPES.get(reading.status, TYPES[400])
    general = type_ == TYPES[400] and 400 <= reading.status < 500
    if type_ == expected or general or type_ not in TYPES.values():
        return []
    message = f"{reading.status} comes with the type {type_!r}"
    return [answered_wrongly(reading, message, f'"type": "{expected}"')]


@judge(
    "error.not-streamed",
    MUST,
    "An invalid request is never answered 200 or text/event-stream.",
    source="practice (clients retry and fall back by the status)",
    evidence=Evidence.KEPT,
)
def not_streamed(reading: Reading) -> Verdict:
    if reading.asked.row in LENIENT:
        return None
    return any_not_streamed.decide(reading)

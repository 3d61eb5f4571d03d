"""anthropic: which requests are accepted, and which refused."""

from __future__ import annotations

from typing import Any

from streamchat_conformance.catalogue import MAY, MUST, SHOULD
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.dialects.anthropic.classification import (
    FORMS,
    HISTORY,
    INVALID,
    MISSING,
    OPTIONAL,
    PLAIN,
    REQUIRED,
    TOLERATED,
)
from streamchat_conformance.dialects.anthropic.data import is_int
from streamchat_conformance.dialects.anthropic.rules import JUDGES, judge
from streamchat_conformance.judges.judge import Evidence, Verdict
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import Row, answer, declare_rows

REQUEST = "Anthropic API reference (messages)"

ACCEPTED: tuple[Row, ...] = (
    (
        PLAIN,
        MUST,
        "A model, max_tokens, one user message and stream: true get 200 and an event stream.",
        REQUEST,
    ),
    (FORMS, MUST, "Content is accepted as a string, and as an array of text blocks.", REQUEST),
    (HISTORY, MUST, "A history of user and assistant messages in turn is accepted.", REQUEST),
)

REFUSED: tuple[Row, ...] = (
    (MISSING, MUST, "No messages, or messages that are no array, get a 4xx.", REQUEST),
    (REQUIRED, SHOULD, "A request without model or max_tokens gets a 4xx.", REQUEST),
    (
        INVALID,
        SHOULD,
        "No message at all, one with an unknown role, or one that is no object gets a 4xx.",
        REQUEST,
    ),
)

declare_rows(JUDGES, Expectation.ACCEPT, ACCEPTED)
declare_rows(JUDGES, Expectation.REFUSE, REFUSED)


@judge(
    OPTIONAL,
    MUST,
    "Without stream, or with false, the answer is one JSON message or a 4xx, never a stream.",
    source=f"{REQUEST}; Alishahryar1/free-claude-code#486",
)
def stream_optional(reading: Reading) -> Verdict:
    if reading.asked.row != OPTIONAL or reading.head is None or reading.overloaded:
        return None
    if reading.refused:
        return []
    if not reading.accepted:
        return None
    problem = ""
    if reading.is_stream or reading.essence == "text/event-stream":
        problem = "an event stream came, and none was asked for"
    elif not reading.ended_well:
        return None
    else:
        message = read_json(reading.body)
        problem = "the body is no whole JSON" if message.error else _problem_of(message.value)
    if not problem:
        return []
    expected = 'application/json, {"type": "message", "content": […], …}'
    return [Nonconformity(problem, expected, answer(reading))]


def _problem_of(value: Any) -> str:
    """Return why the JSON value of a body is no message, or an empty string."""
    if not isinstance(value, dict) or not isinstance(value.get("content"), list):
        return "the body is no message"
    if value.get("type") != "message":
        return "`type` of the message is not 'message': @ai-sdk/anthropic stops at it"
    usage = value.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    missing = [name for name in ("input_tokens", "output_tokens") if not is_int(counts.get(name))]
    if missing:
        return f"`usage.{missing[0]}` of the message is no integer: @ai-sdk/anthropic stops at it"
    return ""


@judge(
    TOLERATED,
    MAY,
    "An unknown member, ?beta=true and another anthropic-version, or none, are accepted, or "
    "refused with a 4xx.",
    source=f"{REQUEST}; vllm-project/vllm#45367, Pasta-Devs/Marinara-Engine#120, amrit110/oli#7",
    evidence=Evidence.KEPT,
)
def tolerance(reading: Reading) -> Verdict:
    if reading.asked.row != TOLERATED or reading.head is None or reading.overloaded:
        return None
    if reading.status >= 500:
        return None  # request.never-5xx
    problem = tolerance_problem(reading)
    return [Nonconformity(problem, "200, or a 4xx", answer(reading))] if problem else []


def tolerance_problem(reading: Reading) -> str:
    """Return why a request was neither taken nor refused, or an empty string."""
    if reading.accepted or reading.refused or reading.overloaded:
        return ""
    return "the request is neither taken nor refused"

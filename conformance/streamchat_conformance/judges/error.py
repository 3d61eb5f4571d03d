"""error: what a refusal of a POST to the endpoint looks like."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SERVER, SHOULD
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.http1 import Framing
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.leaks import find_leak
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.sse import show

ERROR_BODY_LIMIT_BYTES = 4096
LENGTH_REQUIRED = 411
GUARANTEED_BYTES = 80 * 1024
"""A body with a prompt of 64 KiB is taken in; a larger one may be refused with 413."""


def _status_nonconformity(reading: Reading, message: str, expected: str) -> Nonconformity:
    head = reading.head
    received = f"{head.version} {head.status}" if head else "no response"
    if reading.essence:
        received += f", {reading.essence}"
    if reading.body:
        received += f", {show(reading.body, 80)}"
    return Nonconformity(message, expected, received, head.offset if head else None)


def reports_error(reading: Reading) -> bool:
    """Return whether the body says in-band that the request failed, before any of an answer."""
    refusals = reading.dialect.refusals
    if reading.events:
        content = reading.content
        if content.failure is not None:
            return all(block.index > content.failure.index for block in content.said)
        return all(
            (block.event is not None and block.event.type == "error")
            or refusals.reports_error(payload.value)
            for block, payload in reading.payloads
        ) and bool(reading.payloads)
    value = read_json(reading.body).value if len(reading.body) < 65536 else None
    return refusals.reports_error(value)


def is_refusal(reading: Reading) -> bool:
    """Return whether this is a refusal by the endpoint itself of a request it had to refuse."""
    if _is_from_below(reading):
        return False
    return reading.asked.expectation is Expectation.REFUSE and reading.refused


def _is_from_below(reading: Reading) -> bool:
    """Return whether what stands before the endpoint may have refused, in a form of its own.

    It says "not now" or "not for you", that a body is no form although its media type says so,
    or that it wants a Content-Length (RFC 9110 section 15.5.12) where the request did not say its
    length at all.
    """
    sent = reading.asked.sent
    unsaid = sent is not None and not (sent.chunked or sent.values("content-length"))
    return (
        reading.overloaded
        or bool(reading.barred)
        or reading.asked.broken_form
        or (reading.status == LENGTH_REQUIRED and unsaid)
    )


@judge(
    "error.status",
    MUST,
    "An invalid request's status is exactly 400.",
    source="article; docs/servers.md (Flask and FastAPI)",
    evidence=Evidence.KEPT,
)
def status(reading: Reading) -> Verdict:
    if not _had_to_be_refused(reading) or _is_from_below(reading):
        return None
    if not (reading.redirected or reading.refused or _is_deliberate(reading)):
        return None
    if reading.status == 400:
        return []
    # Nobody has to take in more than a large prompt to find out what else is wrong.
    if reading.status == 413 and is_large(reading):
        return []
    message = f"clients of this endpoint know a refusal by 400, not by {reading.status}"
    return [_status_nonconformity(reading, message, "HTTP/1.1 400")]


def _had_to_be_refused(reading: Reading) -> bool:
    """Return whether there is an answer to an invalid request, or one that leads elsewhere."""
    to_refuse = reading.asked.expectation is Expectation.REFUSE
    return reading.head is not None and (to_refuse or reading.redirected)


def _is_deliberate(reading: Reading) -> bool:
    """Return whether an answer that is no refusal by its head says in its body that it is one."""
    return not reading.lost and not reading.is_stream and reports_error(reading)


def _is_chunked(reading: Reading) -> bool:
    return reading.asked.sent is not None and reading.asked.sent.chunked


def is_large(reading: Reading) -> bool:
    """Return whether a request is larger than every endpoint has to take."""
    return reading.asked.sent is not None and len(reading.asked.sent.body) > GUARANTEED_BYTES


def has_status_of_refusal(reading: Reading) -> bool:
    """Return whether the status of an answer decides how what had to be refused was refused.

    An internal error is request.never-5xx; a request that is served has its own requirement.
    """
    return _had_to_be_refused(reading) and reading.status < 500 and not reading.accepted


def judge_status_400(reading: Reading) -> Verdict:
    """Return what is wrong if a refusal's status is not 400, or what says more than 400."""
    if not is_refusal(reading):
        return None
    allowed = {400}
    if is_large(reading):
        allowed.add(413)
    if reading.asked.row == "request.media-type-not-json":
        allowed.add(415)
    if _is_chunked(reading):
        allowed.add(411)  # RFC 9110 section 15.5.12
    if reading.status in allowed:
        return []
    message = f"client libraries know an invalid request by 400, not by {reading.status}"
    return [_status_nonconformity(reading, message, "HTTP/1.1 400")]


@judge(
    "error.media-type",
    MUST,
    "A refusal's media type is application/json, parameters allowed.",
    source="article; docs/servers.md (Flask and FastAPI)",
    evidence=Evidence.KEPT,
)
def media_type(reading: Reading) -> Verdict:
    if not is_refusal(reading) or reading.head is None:
        return None
    if reading.essence == "application/json":
        return []
    received = reading.head.first("content-type")
    return [
        Nonconformity(
            "a client that reads the error as JSON is given something else",
            "Content-Type: application/json",
            f"Content-Type: {received}" if received else "no Content-Type field",
            reading.head.offset,
        )
    ]


@judge(
    "error.shape",
    MUST,
    "A refusal's body is a JSON object whose error is a non-empty string.",
    source="article; vllm-project/vllm#35438, webai-at-home/webai-at-home#182, "
    "lm-sys/FastChat#1875",
)
def shape(reading: Reading) -> Verdict:
    return judge_shape(reading)


def judge_shape(reading: Reading) -> Verdict:
    """Return what is wrong if a refusal's body does not have the dialect's shape."""
    # One cause, one red: a body that is openly something else (HTML, text) is reported by
    # error.media-type, a body that was cut by error.delimited.
    if not is_refusal(reading) or reading.essence != "application/json":
        return None
    if not reading.response.complete and reading.response.framing is not Framing.CLOSE:
        return None
    parsed = read_json(reading.body)
    if parsed.error is not None and (reading.unrecorded or _goes_on(reading)):
        return None
    if parsed.error is not None:
        problem = f"the body is not JSON: {parsed.error.message}"
    else:
        problem = reading.dialect.refusals.problem(parsed.value)
    if not problem:
        return []
    expected = reading.dialect.refusals.example
    return [Nonconformity(problem, expected, show(reading.body) or "no body")]


def _goes_on(reading: Reading) -> bool:
    """Return whether a body is JSON together with what follows it: its length is too short."""
    received, end = reading.exchange.received, reading.response.end_offset
    if reading.response.framing is not Framing.LENGTH or end is None or len(received) == end:
        return False
    return read_json(reading.body + received[end:]).error is None


@judge(
    "error.not-streamed",
    MUST,
    "An invalid request is never answered 200 or text/event-stream.",
    source="article; ggml-org/llama.cpp#14566, sgl-project/sglang#21900, BerriAI/litellm#18757, "
    "huggingface/huggingface_hub#2514, scaleapi/llm-engine#534, "
    "foundation-model-stack/fms-guardrails-orchestrator#146",
    evidence=Evidence.KEPT,
)
def not_streamed(reading: Reading) -> Verdict:
    if reading.asked.expectation is not Expectation.REFUSE or reading.head is None:
        return None
    in_band = reading.accepted and not reading.lost and reports_error(reading)
    streamed_refusal = reading.status >= 400 and reading.essence == "text/event-stream"
    if in_band or streamed_refusal:
        message = "the refusal came as if it were an answer; clients look at status and media type"
        expected = "HTTP/1.1 400 with application/json, before any stream"
        return [_status_nonconformity(reading, message, expected)]
    # A request that was served as if it were valid is reported by its request.* requirement.
    return [] if reading.refused else None


@judge(
    "error.delimited",
    MUST,
    "A refusal delimits itself, and nothing follows it.",
    source="RFC 9112 section 6.3",
    layer=SERVER,
    evidence=Evidence.PART,
)
def delimited(reading: Reading) -> Verdict:
    if not is_refusal(reading) or reading.head is None:
        return None
    if reading.head.version != "HTTP/1.1":
        return None
    response = reading.response
    # An answer to a body that was left unread is connection.unread-body.
    allowed = _is_chunked(reading)
    surplus = reading.surplus if allowed else reading.exchange.received[response.end_offset or 0 :]
    problem = ""
    at: int | None = reading.head.offset
    wrong = [item for item in response.deviations if item.area in ("framing", "chunks", "trailers")]
    if wrong:
        problem, at = wrong[0].message, wrong[0].offset
    elif response.framing is Framing.CLOSE:
        problem = "its body ends with the connection only"
    elif not response.complete:
        if reading.unrecorded:
            return None
        problem = "its body is shorter than announced"
    elif surplus:
        problem, at = "bytes follow its end", response.end_offset
    if not problem:
        return []
    received = reading.exchange.received[at or 0 : (at or 0) + 160]
    expected = "Content-Length with the right number, or chunks"
    return [Nonconformity(problem, expected, show(received), at)]


@judge(
    "error.bounded",
    SHOULD,
    "A refusal is at most 4 KiB, whatever was sent.",
    source="vllm-project/vllm#49239",
    evidence=Evidence.KEPT,
)
def bounded(reading: Reading) -> Verdict:
    if reading.asked.expectation is Expectation.UNJUDGED or not reading.refused:
        return None
    size = len(reading.body)
    if reading.response.framing is Framing.LENGTH and not reading.codings:
        # What was announced and came counts, recorded or not.
        came = size + reading.exchange.unrecorded_bytes
        size = min(came, reading.response.content_length or 0)
    if size <= ERROR_BODY_LIMIT_BYTES:
        return None if reading.lost else []
    message = "an error that grows with the request is a way to make the server talk"
    return [Nonconformity(message, f"{ERROR_BODY_LIMIT_BYTES} bytes at most", f"{size} bytes")]


@judge(
    "error.no-leak",
    SHOULD,
    "A refusal shows no traceback, source path or exception class name.",
    source="veryfront/veryfront-code#587",
    evidence=Evidence.PART,
)
def no_leak(reading: Reading) -> Verdict:
    return judge_leak(reading, reading.body)


def judge_leak(reading: Reading, body: bytes) -> Verdict:
    """Judge whether a refusal leaks something in `body`, its body or what counts of it."""
    if reading.asked.expectation is Expectation.UNJUDGED or not reading.refused:
        return None
    leak = find_leak(body)
    if leak is None:
        return []
    message = f"the error shows strangers how the server is built: it has {leak.kind}"
    return [Nonconformity(message, "what was wrong with the request", leak.text[:160])]

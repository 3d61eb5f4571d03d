"""request: what is accepted, and what is refused before any stream.

One cause, one red: a requirement that says 400 is met by any refusal, that is, a 4xx that is
no stream. That the status is exactly 400, and what the body looks like, is `error.*`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from streamchat_conformance.catalogue import MAY, MUST, SERVER, SHOULD, Layer, Level
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.judges.error import reports_error
from streamchat_conformance.judges.judge import SHARED_JUDGES, Evidence, Judges, Verdict, judge
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.sse import show

Row = tuple[str, Level, str, str]
"""A requirement about one kind of request: id, level, sentence, source."""

ACCEPTED: tuple[Row, ...] = (
    (
        "request.valid-accepted",
        MUST,
        "A JSON object with a string prompt and a list history gets 200 and an event stream.",
        "article",
    ),
    (
        "request.prompt-unicode",
        MUST,
        "Any Unicode scalar values are accepted in prompt and history, escaped or raw UTF-8.",
        "RFC 8259 sections 7 and 8",
    ),
    (
        "request.unknown-members",
        MUST,
        "Unknown members of the object are ignored.",
        "article; practice",
    ),
    (
        "request.media-type-parameters",
        MUST,
        "application/json; charset=utf-8 is accepted, in any case of type and parameter names.",
        "RFC 9110 section 8.3.1",
    ),
    ("request.large-prompt", MUST, "A prompt of 64 KiB is accepted.", "practice"),
    ("request.chunked-body", MUST, "A chunked request body is read.", "RFC 9112 section 7.1"),
    (
        "request.chunk-extensions",
        MUST,
        "Unknown extensions of a request's chunks, and trailers, are ignored, not refused.",
        "RFC 9112 sections 7.1.1 and 7.1.2",
    ),
    (
        "request.upgrade-ignored",
        MUST,
        "An offer to upgrade is ignored or taken up, and the request is served, body and all.",
        "RFC 9110 section 7.8; github.com/Kludex/uvicorn/issues/2722",
    ),
)

REFUSED: tuple[Row, ...] = (
    (
        "request.media-type-not-json",
        MUST,
        "No Content-Type, or one that is not JSON, gets 400.",
        "article; vllm-project/vllm#11171",
    ),
    ("request.body-empty", MUST, "An empty body gets 400.", "article"),
    ("request.body-malformed", MUST, "Text that is not JSON gets 400.", "article; RFC 8259"),
    (
        "request.body-not-utf8",
        MUST,
        "Bytes that are not UTF-8 get 400.",
        "RFC 8259 section 8.1; ggml-org/llama.cpp#11738",
    ),
    (
        "request.body-not-object",
        MUST,
        "A JSON array, string, number, boolean or null gets 400.",
        "article; vllm-project/vllm#42961",
    ),
    (
        "request.non-finite-numbers",
        SHOULD,
        "NaN and Infinity as JSON numbers get 400.",
        "RFC 8259 section 6; infiniflow/ragflow#15266",
    ),
)

SURVIVED: tuple[Row, ...] = (
    (
        "request.lone-surrogate",
        MUST,
        "An escaped lone surrogate gets 400, or 200 with a well-formed stream.",
        "RFC 7493 section 2.1; JustVugg/colibri#1589, raullenchai/Rapid-MLX#730",
    ),
    (
        "request.deep-nesting",
        MUST,
        "100,000 nested arrays get a 4xx or 200.",
        "practice (RFC 8259 section 9 allows limits)",
    ),
    (
        "request.huge-number",
        MUST,
        "An integer of 5,000 digits gets a 4xx or 200.",
        "practice (RFC 8259 section 6 allows limits)",
    ),
)


def answer(reading: Reading) -> str:
    """Return what came back, in a few words for a finding."""
    head = reading.head
    if head is None:
        if reading.exchange.received:
            return f"no HTTP response: {show(reading.exchange.received, 80)}"
        how = reading.exchange.limit or f"connection {reading.exchange.ending}"
        return f"no answer ({how})"
    what = f"{head.version} {head.status}"
    sent = reading.asked.sent
    if head.status in (404, 405) and sent is not None:
        # Is it the address that is wrong, or the server?
        what += f" for {sent.method} {sent.target[:200]}"
    if reading.essence:
        what += f", {reading.essence}"
    if reading.body:
        what += f", {show(reading.body, 100)}"
    return what


def answered_wrongly(reading: Reading, message: str, expected: str) -> Nonconformity:
    """Return what is wrong with an answer as a whole, placed at its head."""
    at = reading.head.offset if reading.head is not None else None
    return Nonconformity(message, expected, answer(reading), at)


def lost_in_upload(reading: Reading) -> bool:
    """Return whether the answer may have been lost because the server closed during the upload."""
    exchange = reading.exchange
    cut = exchange.sent_bytes is not None and exchange.sent_bytes < len(exchange.request)
    return cut and reading.closed and reading.head is None


def _is_put_off(reading: Reading) -> bool:
    """Return whether an answer says nothing about the request: not now, or not for this client."""
    return reading.overloaded or bool(reading.barred)


def is_internal_error_apart(id_: str, reading: Reading) -> bool:
    """Return whether an answer is an internal error, and that is `request.never-5xx` alone."""
    return reading.head is not None and reading.status >= 500 and _fails_apart(id_, reading)


def _fails_apart(id_: str, reading: Reading) -> bool:
    """Return whether a server that fails at such a request breaks `request.never-5xx` alone."""
    own, asked = reading.dialect.internal_errors, reading.asked
    # What failed at a chunked body may have failed at the chunks.
    return own is not None and (id_ not in own or bool(CHUNKED & asked.involved - {id_}))


def must_accept(id_: str, reading: Reading) -> Verdict:
    asked = reading.asked
    if asked.expectation is not Expectation.ACCEPT or _is_put_off(reading):
        return None
    # With several features in one request the one that is least sure to be accepted is the cause.
    served = reading.accepted or reading.switched_as_offered
    if asked.row != id_:
        return [] if id_ in asked.rows and served else None
    if served:
        return []
    if is_internal_error_apart(id_, reading):
        return None
    if reading.head is None and not reading.closed:
        # A silent server is stream.first-event: it may have accepted.
        return None
    message = "a valid request was not accepted"
    return [Nonconformity(message, "HTTP/1.1 200, text/event-stream", answer(reading))]


def must_refuse(id_: str, reading: Reading) -> Verdict:
    asked = reading.asked
    if asked.expectation is not Expectation.REFUSE or asked.row != id_ or _is_put_off(reading):
        return None
    if reading.refused:
        return []
    # Where no answer came, nothing was served.
    failed = reading.head is None or reading.status >= 500
    if failed and _fails_apart(id_, reading):
        return None
    # One cause, one red: a refusal reported in-band, or with a stream's media type, is
    # error.not-streamed.
    answered = reading.head is not None and reading.status < 500
    if answered and (reading.lost or reports_error(reading) or _may_yet_fail(reading)):
        return None
    if lost_in_upload(reading):
        return None
    message = (
        "the invalid request was served as if it were valid"
        if reading.accepted
        else "the invalid request was not refused"
    )
    return [Nonconformity(message, "HTTP/1.1 400, application/json", answer(reading))]


def _may_yet_fail(reading: Reading) -> bool:
    """Return whether a stream was left before any of an answer came: an error might have come."""
    content = reading.content
    return (
        reading.is_stream
        and not reading.ended
        and content.thoughts is not None
        and not content.said
    )


def must_survive(id_: str, reading: Reading) -> Verdict:
    if reading.asked.row != id_ or _is_put_off(reading) or lost_in_upload(reading):
        return None
    # How a refusal looks is error.*.
    if 400 <= reading.status < 500:
        return []
    if is_internal_error_apart(id_, reading):
        return None
    if reading.redirected:
        return None  # the status is wrong, and has a requirement of its own
    if reading.accepted:
        message = "the server accepted it, and then broke the stream"
        if reading.lost:
            return None
        if not _broken(reading):
            return []
    else:
        message = "the request brought the server to an internal error"
    return [Nonconformity(message, "a 4xx, or 200 and a whole stream", answer(reading))]


def _broken(reading: Reading) -> bool:
    """Return whether an accepted request's stream was cut or empty, is no UTF-8, or no JSON."""
    if not reading.is_stream:
        return False
    # A server that fails to make the first event may end the stream as if nothing had been.
    if reading.ended and not (reading.ended_well and reading.events):
        return True
    not_utf8 = any("not-utf8" in line.oddities for line in reading.stream.lines)
    return not_utf8 or any(
        payload.error is not None and not payload.non_finite for _, payload in reading.payloads
    )


CHUNKED = frozenset({"request.chunked-body", "request.chunk-extensions"})
"""Requirements about bodies that are sent in chunks."""

_BY_THE_SERVER = frozenset(CHUNKED | {"request.upgrade-ignored"})
"""Rows that the HTTP server decides: it hands the application a body without chunks."""


def declare_rows(judges: Judges, expectation: Expectation, rows: Iterable[Row]) -> None:
    """Declare requirements about kinds of request, and what is expected of each kind."""
    decide = _DECIDE[expectation]
    for id_, level, title, source in rows:
        judges.kinds[id_] = expectation
        layer = SERVER if id_ in _BY_THE_SERVER else Layer.APPLICATION
        declared = judges.judge(
            id_, level, title, source=source, layer=layer, evidence=Evidence.KEPT
        )
        declared(partial(decide, id_))


_DECIDE: dict[Expectation, Callable[[str, Reading], Verdict]] = {
    Expectation.ACCEPT: must_accept,
    Expectation.REFUSE: must_refuse,
    Expectation.EITHER: must_survive,
}

declare_rows(SHARED_JUDGES, Expectation.ACCEPT, ACCEPTED)
declare_rows(SHARED_JUDGES, Expectation.REFUSE, REFUSED)
declare_rows(SHARED_JUDGES, Expectation.EITHER, SURVIVED)


@judge(
    "request.media-type-suffix",
    MAY,
    "application/*+json is accepted.",
    source="article (Flask's is_json)",
    evidence=Evidence.KEPT,
)
def media_type_suffix(reading: Reading) -> Verdict:
    if reading.asked.row != "request.media-type-suffix" or reading.head is None:
        return None
    if reading.accepted:
        return []
    message = "the article's server takes any JSON suffix; others may not"
    return [Nonconformity(message, "200", answer(reading))]


@judge(
    "request.very-large-prompt",
    SHOULD,
    "A prompt of 1 MiB is accepted, or refused with 413 or 400 and a JSON error.",
    source="practice; sgl-project/sglang#21900",
    evidence=Evidence.KEPT,
)
def very_large_prompt(reading: Reading) -> Verdict:
    if "request.very-large-prompt" not in reading.asked.rows or _is_put_off(reading):
        return None
    if lost_in_upload(reading) or reading.accepted:
        return []
    if reading.status in (400, 413):
        if reading.lost:
            return None
        if reading.error_text is not None:
            return []
        problem = "it is refused, but without a JSON error"
    else:
        problem = "it is neither accepted nor refused"
    expected = "200, or 413 or 400 with application/json"
    return [Nonconformity(problem, expected, answer(reading))]


@judge(
    "request.never-5xx",
    MUST,
    "No request body whatever draws a 5xx, an empty reply or a hang.",
    source="vllm-project/vllm#42961, vllm-project/vllm#11171, vllm-project/vllm#16774, "
    "vllm-project/vllm#35438, vllm-project/vllm#49239, ggml-org/llama.cpp#7089, "
    "ggml-org/llama.cpp#4492, ggml-org/llama.cpp#11738, am17an/llama.cpp#43, "
    "ggml-org/llama.cpp#23463",
    evidence=Evidence.KEPT,
)
def never_5xx(reading: Reading) -> Verdict:
    if reading.asked.expectation is Expectation.UNJUDGED or reading.overloaded:
        return None
    if reading.head is not None and reading.status < 500:
        return []  # whatever it was refused for
    if reading.barred:
        return None
    own = reading.dialect.internal_errors
    if own is not None and not _fails_apart(reading.asked.row, reading):
        return None  # it has a requirement of its own
    valid = reading.asked.expectation is Expectation.ACCEPT
    if lost_in_upload(reading) or (valid and reading.head is None and not reading.closed):
        return None
    message = "the server answered with an internal error, or not at all"
    return [Nonconformity(message, "a 4xx, or 200", answer(reading))]

"""request: the members of this endpoint's JSON object, and how their faults are reported."""

from __future__ import annotations

from streamchat_conformance.catalogue import MUST, SHOULD
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.dialects.stream_chat.rules import JUDGES, judge
from streamchat_conformance.judges.error import GUARANTEED_BYTES, is_refusal
from streamchat_conformance.judges.judge import Verdict
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.request import Row, declare_rows

ACCEPTED: tuple[Row, ...] = (
    ("request.history-empty", MUST, "An empty history is accepted.", "article"),
    (
        "request.history-items",
        MUST,
        "At least 100 history items, strings or objects such as {role, content}, are accepted.",
        "article",
    ),
    (
        "request.history-any-json",
        SHOULD,
        "Any JSON value is accepted as a history item.",
        "article",
    ),
    ("request.prompt-empty", SHOULD, "An empty prompt is accepted: it is present.", "article"),
)

REFUSED: tuple[Row, ...] = (
    ("request.prompt-missing", MUST, "A request without prompt gets 400.", "article"),
    ("request.prompt-null", MUST, "A prompt that is null gets 400.", "article"),
    (
        "request.prompt-not-string",
        SHOULD,
        "A number, boolean, array or object as prompt gets 400.",
        "practice (the article is silent)",
    ),
    ("request.history-missing", MUST, "A request without history gets 400.", "article"),
    ("request.history-null", MUST, "A history that is null gets 400.", "article"),
    (
        "request.history-not-list",
        MUST,
        "A string, number, boolean or object as history gets 400.",
        "article",
    ),
)

declare_rows(JUDGES, Expectation.ACCEPT, ACCEPTED)
declare_rows(JUDGES, Expectation.REFUSE, REFUSED)


@judge(
    "request.error-order",
    SHOULD,
    "With several faults the article's order decides which one is reported.",
    source="article",
)
def error_order(reading: Reading) -> Verdict:
    if "request.error-order" not in reading.asked.rows or not is_refusal(reading):
        return None
    if not _is_plain(reading):
        return None
    text = reading.error_text
    first, *later = reading.asked.texts
    # Wording is request.error-wording's; here only a report of a later fault is wrong.
    if text is None or _names(text, first) or not any(_names(text, other) for other in later):
        return []
    message = "a later fault was reported first"
    return [Nonconformity(message, first, text)]


def _names(text: str, wording: str) -> bool:
    """Return whether an error text speaks of the same fault as the article's wording."""
    words = {
        "Request body must be JSON": "json",
        "Missing 'prompt' field": "prompt",
        "Missing 'history' field": "history",
        "'history' field must be a list": "history",
    }
    return words[wording] in text.lower()


@judge(
    "request.error-wording",
    SHOULD,
    "A refusal has the article's text, verbatim.",
    source="article",
)
def error_wording(reading: Reading) -> Verdict:
    if not is_refusal(reading) or not reading.asked.texts or not _is_plain(reading):
        return None
    text = reading.error_text
    if text is not None and not text.strip():
        # An empty text is error.shape.
        return None
    # With several faults any of their texts has the right wording; the order is error-order's.
    if text is None or text in reading.asked.texts:
        return [] if text is not None else None
    message = "clients and docs know the article's four texts"
    expected = " or ".join(reading.asked.texts)
    return [Nonconformity(message, expected, text[:200])]


def _is_plain(reading: Reading) -> bool:
    """Return whether neither the request's encoding nor its size may be a second fault."""
    sent = reading.asked.sent
    return sent is not None and sent.body.isascii() and len(sent.body) <= GUARANTEED_BYTES

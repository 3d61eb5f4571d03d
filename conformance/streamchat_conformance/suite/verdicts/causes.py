"""What explains what: which red requirement is the cause of which others' findings."""

from __future__ import annotations

from collections.abc import Iterator

from streamchat_conformance.chat.classify import LARGE_BYTES
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import ACCEPTED, SURVIVED
from streamchat_conformance.judges.stream import BESIDE_OTHERS

ALIVE = "resilience.alive"

FRAMING = (
    "headers.no-content-length",
    "transport.chunks-well-formed",
    "transport.terminated",
    "transport.body-only",
)

SYNTAX = (
    "sse.utf8",
    "sse.bom-inside",
    "sse.fields",
    "sse.data",
    "sse.final-blank-line",
    "payload.json",
    "payload.object",
)

SPECIAL_ROWS = frozenset(row[0] for row in ACCEPTED) - {"request.valid-accepted"}
"""Requirements that something special in a valid request is accepted."""

SURVIVED_ROWS = tuple(row[0] for row in SURVIVED)

ROWS_OF_VALID = (
    *SPECIAL_ROWS,
    "request.accept",
    "request.client-independent",
    "request.media-type-suffix",
    "request.very-large-prompt",
    "request.prompt-not-string",
    "request.non-finite-numbers",
)

EXPLAINED_BY_ROWS = ("request.", "error.status")
"""Ids (or beginnings of ids) whose findings something special in the request may explain."""

EXPLAINS: dict[str, tuple[str, ...]] = {
    # Dangerous text can only be judged where plain text comes through whole.
    "payload.line-separators": (
        *SYNTAX,
        "sse.comments",
        "headers.no-injection",
        "payload.prompt-echo",
        "payload.history-echo",
    ),
    "payload.no-injection": (*SYNTAX, "headers.no-injection"),
    # Any text that gets into a head as it is may break it, with or without a line's end.
    "headers.well-formed": ("headers.no-injection",),
    "transport.chunks-well-formed": ("headers.no-injection",),
    "payload.history-echo-exact": ("payload.history-echo",),
    # Whose text it is that comes instead of one's own, says the requirement about that.
    "payload.prompt-echo": ("payload.isolation",),
    "payload.history-echo": ("payload.isolation",),
    "payload.response": ("payload.object",),
    # Where a stream was left behind a comment that tears a data line, the line's rest never came.
    "payload.json": ("sse.comments",),
    # What a wrong size leaves behind chunks looks like a line end of the stream.
    "sse.line-endings": ("transport.chunks-well-formed",),
    "request.never-5xx": ("request.valid-accepted",),
    "request.expect-continue": ("request.valid-accepted",),
    # `requests` sends a head and its body apart, names itself, and accepts anything.
    "stream.line-client": (
        "request.valid-accepted",
        "request.accept",
        "request.client-independent",
    ),
    # Chunks that are never read are never read wrongly.
    "connection.chunk-framing": ("request.chunked-body",),
    "connection.chunk-line-ending": ("request.chunked-body",),
    "connection.request-trailers": ("request.chunked-body", "error.delimited"),
    "transport.chunked": ("transport.delimited",),
    # A stream that never ends keeps its connection.
    "connection.reuse-after-stream": ("transport.terminated",),
    # Which of several requests an answer belongs to shows only on connections that serve on.
    "connection.idle-reuse": ("connection.reuse-after-error",),
    "connection.pipelining": (
        "connection.reuse-after-error",
        "connection.reuse-after-stream",
        "error.delimited",
        "connection.unread-body",
    ),
    "connection.unread-body": ("error.delimited",),
    "connection.smuggling": ("error.delimited",),
    # A body that is left on a connection is in the way of the next request.
    "connection.open-after-error": ("connection.unread-body",),
    "connection.reuse-after-error": ("error.delimited", "connection.unread-body"),
    "connection.sequence": (
        "error.delimited",
        "connection.unread-body",
        "connection.reuse-after-error",
        "connection.reuse-after-stream",
        "payload.isolation",
    ),
    "error.routing-json": ("error.media-type", "error.shape"),
    "error.shape": ("error.media-type",),
    # Where no valid request is served, the ones with something special are not either.
    **dict.fromkeys(ROWS_OF_VALID, ("request.valid-accepted",)),
    "request.chunk-extensions": ("request.valid-accepted", "request.chunked-body"),
    # The streams that answer hard requests are as broken as all others.
    **dict.fromkeys(
        SURVIVED_ROWS,
        ("request.valid-accepted", "payload.nonempty", *FRAMING, *SYNTAX, "sse.comments"),
    ),
}
"""Effect to causes: when a cause is red, the effect is blocked by it and not red again."""


CUT_STREAM = ("transport.terminated", "sse.final-blank-line", "payload.json")
"""What a stream breaks that was cut."""

BESIDE = "beside other clients"
UNREAD = "an answer to a body that may have been left unread"
LATER = "a later answer on a connection"

EXPLAINS_ALL_OF: dict[str, tuple[str, str]] = {
    # Where only streams beside others are cut, those cut them.
    **dict.fromkeys(CUT_STREAM, (BESIDE, "resilience.concurrent")),
    # Where refusals without a body, or because of what a body says, have nothing behind them,
    # what is behind the others is the answer to their bodies.
    "error.delimited": (UNREAD, "connection.unread-body"),
    # What such a body is read as, is refused in other words, and in other forms.
    **dict.fromkeys(
        ("request.error-wording", "error.media-type", "error.shape", "error.status"),
        (LATER, "connection.unread-body"),
    ),
}
"""Effect to (kind of finding, cause): the cause explains an effect with findings of that kind
only, and is explained by one with others."""


def kinds(reading: Reading) -> Iterator[str]:
    """Yield the kinds of finding that an exchange may give (see `EXPLAINS_ALL_OF`)."""
    if BESIDE_OTHERS in reading.exchange.notes:
        yield BESIDE
    if reading.exchange.position:
        yield LATER
    sent, end = reading.asked.sent, reading.response.end_offset
    if sent is None or not sent.body or end is None:
        return
    # A small body whose text is the reason for the refusal was read.
    read = (
        reading.asked.expectation is Expectation.REFUSE
        and reading.asked.row != "request.media-type-not-json"
        and len(sent.body) < LARGE_BYTES
    )
    if not read and reading.exchange.received.startswith(b"HTTP/1.", end):
        yield UNREAD

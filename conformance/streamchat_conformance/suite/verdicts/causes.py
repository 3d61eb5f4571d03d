"""Which failure explains which others.

Theory of operation. One fault may break many requirements; it is reported once, under the
requirement that names its cause, and what it drags along is blocked. `cause_of` is a pure function
of what a run has seen. It asks, in this order:

1. May another requirement explain this one, and is it red? `EXPLAINS` and `EXPLAINS_KINDS` say
   which may, and so does a dialect (`Dialect.explains`).
2. Is every finding of a kind that a red requirement explains? See `EXPLAINS_ALL_OF`.
3. Was every finding made on requests that were special in something else that is broken? What was
   involved is known from the requests (`RequirementEvidence.involved`).

Of several causes that are red the first stands that none of the others explains. A MUST is never
blocked by less than a MUST, and nothing is blocked by what turned out sound
(`Results.settle_blocked`).
Before all that stands the end of the server (`Ledger.explained_by_the_end`).

What a case itself reports as blocked (`Blocked`) explains no failure: the case lacks what it is to
be made of, such as a stream that ends, and names the requirement that is about that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from http import HTTPStatus

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.dialects.asking import LARGE_BYTES
from streamchat_conformance.judges import Reading, Rules
from streamchat_conformance.judges.hazards import has_separators
from streamchat_conformance.judges.stream import NEXT_TO_OTHERS
from streamchat_conformance.suite.verdicts.evidence import RunEvidence

ALIVE = "resilience.alive"
ABANDONED = "resilience.abandoned"
NEVER_5XX = "request.never-5xx"
SHARED_PLAIN_ROW = "request.valid-accepted"
"""What these tables call the requirement that plain requests are accepted."""

IN_HEAD = "headers.no-injection"

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

ROWS_OF_VALID = (
    "request.accept",
    "request.client-independent",
    "request.media-type-suffix",
    "request.very-large-prompt",
    "request.non-finite-numbers",
)

EXPLAINED_BY_ROWS = ("request.", "error.status")
"""Ids (or beginnings of ids) whose findings something special in the request may explain."""

EXPLAINS: dict[str, tuple[str, ...]] = {
    # Dangerous text can only be judged where plain text comes through whole.
    "payload.line-separators": (*SYNTAX, "sse.comments", "headers.no-injection"),
    "payload.no-injection": (*SYNTAX, "headers.no-injection"),
    # Any text that gets into a head as it is may break it, with or without a line's end.
    "headers.well-formed": ("headers.no-injection",),
    "transport.chunks-well-formed": ("headers.no-injection",),
    # Where a stream was left behind a comment that tears a data line, the line's rest never came.
    "payload.json": ("sse.comments",),
    # A length that is too small by one ends a stream between its last line and the blank one.
    "sse.final-blank-line": ("headers.no-content-length",),
    # What a wrong size leaves behind chunks looks like a line end of the stream.
    "sse.line-endings": ("transport.chunks-well-formed",),
    NEVER_5XX: ("request.valid-accepted",),
    "request.expect-continue": ("request.valid-accepted",),
    # `requests` sends a head and its body apart, names itself, and accepts anything.
    "stream.line-client": (
        "request.valid-accepted",
        "request.accept",
        "request.client-independent",
    ),
    # Chunks that are never read are never read wrongly.
    # And what always follows an error follows the one that refuses them.
    "connection.chunk-framing": ("request.chunked-body", "error.delimited"),
    "connection.chunk-line-ending": ("request.chunked-body", "error.delimited"),
    "connection.request-trailers": ("request.chunked-body", "error.delimited"),
    "transport.chunked": ("transport.delimited",),
    # What is held back until the end of a stream are its keep-alives, too.
    "stream.heartbeat": ("stream.incremental",),
    # Where the first event comes at once, the silence that wants keep-alives is within the stream.
    "stream.gap": ("stream.heartbeat",),
    # A stream that never ends keeps its connection, and one that goes on behind its end spoils it.
    "connection.reuse-after-stream": ("transport.terminated", "headers.no-content-length"),
    # Which of several requests an answer belongs to shows only on connections that serve on.
    "connection.idle-reuse": ("connection.reuse-after-error", "error.delimited"),
    "connection.pipelining": (
        "connection.reuse-after-error",
        "connection.reuse-after-stream",
        "transport.terminated",
        "error.delimited",
        "connection.unread-body",
        "headers.no-content-length",
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
        "headers.no-content-length",
        "payload.isolation",
    ),
    "error.routing-json": ("error.media-type", "error.shape"),
    "error.shape": ("error.media-type",),
    # Where no valid request is served, the ones with something special are not either.
    **dict.fromkeys(ROWS_OF_VALID, ("request.valid-accepted",)),
    "request.chunk-extensions": ("request.valid-accepted", "request.chunked-body"),
}
"""Effect to causes: when a cause is red, the effect is blocked by it and not red again."""

EXPLAINS_KINDS: dict[Expectation, tuple[str, ...]] = {
    Expectation.ACCEPT: ("request.valid-accepted",),
    # The streams that answer hard requests are as broken as all others.
    Expectation.EITHER: (
        "request.valid-accepted",
        "payload.nonempty",
        *FRAMING,
        *SYNTAX,
        "sse.comments",
    ),
}
"""The same for requirements about one kind of request, by what is expected of it."""


CUT_STREAM = ("transport.terminated", "sse.final-blank-line", "payload.json")
"""What a stream breaks that was cut."""

CONCURRENT = "with other clients"
UNREAD = "an answer to a body that may have been left unread"
LATER = "a later answer on a connection"
WITH_LINE_ENDS = "an answer to text with line ends"
INTERNAL = "an internal error"

ABOUT_REFUSALS = ("request.error-wording", "error.media-type", "error.shape", "error.status")
IN_CROWDS = ("resilience.concurrent", "resilience.concurrent-many")
ON_CONNECTIONS = ("connection.reuse-after-error", "connection.reuse-after-stream")

EXPLAINS_ALL_OF: dict[str, dict[str, tuple[str, ...]]] = {
    # Where only streams next to others are cut, those cut them.
    **{effect: {CONCURRENT: ("resilience.concurrent",)} for effect in CUT_STREAM},
    # Where requests fail only next to others, that is what fails them; and where only later ones
    # on a connection get no event or an internal error, nothing is answered there.
    NEVER_5XX: {CONCURRENT: IN_CROWDS, LATER: ON_CONNECTIONS},
    "stream.first-event": {LATER: ON_CONNECTIONS},
    # An internal error is one on whatever connection it comes.
    "connection.sequence": {INTERNAL: ("resilience.concurrent", NEVER_5XX)},
    # Where most valid requests are accepted, internal errors on the others are what they are.
    SHARED_PLAIN_ROW: {INTERNAL: (NEVER_5XX,)},
    # And where only those fall silent.
    "stream.gap": {CONCURRENT: IN_CROWDS},
    # Where only streams that answer text with line ends have strange ones, those are the text's.
    "sse.line-endings": {WITH_LINE_ENDS: ("payload.no-injection",)},
    # What is left over of an answer stands where the next one's head should be.
    "headers.well-formed": {LATER: ("error.delimited", "headers.no-content-length")},
    # Where refusals without a body, or because of what a body says, have nothing behind them,
    # what is behind the others is the answer to their bodies.
    "error.delimited": {UNREAD: ("connection.unread-body",)},
    # What such a body is read as, is refused in other words, and in other forms.
    **{effect: {LATER: ("connection.unread-body",)} for effect in ABOUT_REFUSALS},
}
"""Effect to kind of finding to causes: they explain an effect with findings of that kind only, and
are explained by one with others."""


def explanations(rules: Rules) -> dict[str, tuple[str, ...]]:
    """Return effect to causes for the rules of a run."""
    found = {
        **{id_: EXPLAINS_KINDS.get(kind, ()) for id_, kind in rules.kinds.items()},
        **EXPLAINS,
    }
    for effect, causes in rules.dialect.explains.items():
        found[effect] = (*found.get(effect, ()), *causes)
    # A dialect may have a requirement of its own that plain requests are accepted.
    plain = {SHARED_PLAIN_ROW: rules.dialect.plain_row}
    found = {
        effect: tuple(plain.get(cause, cause) for cause in causes)
        for effect, causes in found.items()
    }
    # Nothing explains itself.
    return {
        effect: tuple(cause for cause in causes if cause != effect)
        for effect, causes in found.items()
    }


def kinds(reading: Reading) -> Iterator[str]:
    """Yield the kinds of finding that an exchange may give (see `EXPLAINS_ALL_OF`)."""
    if not NEXT_TO_OTHERS.isdisjoint(reading.exchange.notes):
        yield CONCURRENT
    if reading.exchange.position:
        yield LATER
    if reading.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        yield INTERNAL
    if has_separators(reading):
        yield WITH_LINE_ENDS
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


def cause_of(id_: str, evidence: RunEvidence, explains: Mapping[str, tuple[str, ...]]) -> str:
    """Return the red requirement that explains what was found on this one, or an empty text.

    `explains` has the causes that an effect may have (see `explanations`).
    """
    causes = [each for each in explains.get(id_, ()) if id_ not in _partial_causes(each, evidence)]
    causes += _partial_causes(id_, evidence)
    red = [cause for cause in causes if evidence.red(cause)]
    if not red:
        return _special_cause(id_, evidence)
    # A cause that another one of them explains is none.
    first = (cause for cause in red if not set(red).intersection(_partial_causes(cause, evidence)))
    return next(first, red[0])


def _partial_causes(id_: str, evidence: RunEvidence) -> tuple[str, ...]:
    """Return what may explain every finding on a requirement by its kind."""
    dialect = evidence.rules.dialect
    plain = id_ == dialect.plain_row
    known_as = SHARED_PLAIN_ROW if plain else CUT_STREAM[0] if id_ in dialect.ends else id_
    entry = evidence.of(id_)
    causes = tuple(
        cause
        for kind, of_kind in EXPLAINS_ALL_OF.get(known_as, {}).items()
        if entry.failed == entry.kinds[kind]
        for cause in of_kind
    )
    # What fails only next to others is no matter of the request.
    if plain and 0 < entry.failed == entry.kinds[CONCURRENT] < entry.judged:
        return (*IN_CROWDS, *causes)
    if plain and entry.failed > entry.judged - entry.failed:
        return ()
    if _fails_as_plain_requests_do(id_, evidence):
        return (NEVER_5XX,)
    # What text of the request ends in a head, the rest of the head and the body follow as a body.
    if entry.failed == entry.kinds[WITH_LINE_ENDS] and id_ != IN_HEAD:
        causes = (*causes, IN_HEAD)
    return causes


def _fails_as_plain_requests_do(id_: str, evidence: RunEvidence) -> bool:
    """Return whether a kind of request draws nothing but internal errors, and now and then only.

    Where plain requests do so as well, it is not the kind of request that draws them.
    """
    if id_ not in evidence.rules.kinds or id_ == evidence.rules.dialect.plain_row:
        return False
    plain, entry = evidence.of(evidence.rules.dialect.plain_row), evidence.of(id_)
    seldom = 0 < plain.kinds[INTERNAL] < plain.judged - plain.failed
    failed = entry.involved.total()
    return seldom and entry.answered == 0 < failed <= entry.judged - entry.failed


def _special_cause(id_: str, evidence: RunEvidence) -> str:
    """Return the requirement about requests that explains every finding, or an empty text.

    A request may be special in several ways. Where one of them alone was enough to go wrong,
    a finding on a request with that one and others says nothing about the others.
    """
    if not id_.startswith(EXPLAINED_BY_ROWS):
        return ""
    causes: Counter[str] = Counter()
    for involved in evidence.of(id_).involved:
        broken = [row for row in sorted(involved - {id_}) if _is_cause(row, id_, evidence)]
        if not broken:
            return ""
        causes.update(broken)
    return causes.most_common(1)[0][0] if causes else ""


def _is_cause(row: str, id_: str, evidence: RunEvidence) -> bool:
    """Return whether a row was broken by requests that were special in nothing else.

    What is accepted and refused as expected elsewhere counts for nothing in a request. A MUST
    is not explained by less than a MUST, unless by internal errors: those are
    request.never-5xx's as well. And an internal error on a rare body of an otherwise sound
    row is one of its own: a row explains those that it draws as a rule.
    """
    entry = evidence.of(row)
    if not any(
        row in involved and all(evidence.of(other).sound for other in involved - {row})
        for involved in entry.involved
    ):
        return False
    levels = evidence.rules.catalogue
    if levels[id_].level is MUST and levels[row].level is not MUST:
        internal = entry.answered == evidence.of(id_).answered == 0
        return internal and id_ != NEVER_5XX
    if id_ != NEVER_5XX or row == "request.media-type-not-json":
        return True
    return entry.involved.total() >= entry.judged - entry.failed

"""Text of the request that became part of the response's head, or ended it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from streamchat_conformance.catalogue import MUST
from streamchat_conformance.core.expectation import Expectation
from streamchat_conformance.core.finding import Nonconformity
from streamchat_conformance.core.grammar import TOKEN
from streamchat_conformance.core.head import ResponseHead
from streamchat_conformance.judges.hazards import unescaped
from streamchat_conformance.judges.judge import Evidence, Verdict, judge
from streamchat_conformance.judges.reading import Reading
from streamchat_conformance.judges.sse import show

SINGLETONS = ("content-type", "transfer-encoding", "content-length", "date")

_ORDINARY = frozenset(
    {
        *SINGLETONS,
        *("cache-control", "connection", "keep-alive", "server", "vary", "x-accel-buffering"),
    }
)
"""Fields that servers send anyway."""

_FIELD_IN_TEXT = re.compile(rf"[\r\n]({TOKEN}):[ \t]*([^\r\n]*)")
_AFTER_BLANK_LINE = re.compile(r"(?:\r\n\r\n|\n\n|\r\r)([^\r\n]{4,64})")


@judge(
    "headers.no-injection",
    MUST,
    "Nothing in prompt or history can add or alter a header.",
    source="practice (response splitting)",
    evidence=Evidence.PART,
)
def no_injection(reading: Reading) -> Verdict:
    if reading.asked.expectation is not Expectation.ACCEPT or not reading.accepted:
        return None
    if reading.head is None or not any(_injected_fields(reading)):
        return None
    return list(_injections(reading, reading.head))


def injects(reading: Reading) -> bool:
    """Return whether text of the request became part of this response's head, or ended it."""
    return bool(no_injection(reading))


def _injections(reading: Reading, head: ResponseHead) -> Iterator[Nonconformity]:
    attempts = set(_injected_fields(reading))
    # A text may well quote a field that the server sends with every response. One like that
    # was injected when it comes in addition to the server's own.
    named = {
        (name, value)
        for name, value in attempts
        if name not in _ORDINARY or len(head.values(name)) > 1
    }
    for line in head.fields:
        if (line.name.lower(), line.value.strip()) in named:
            yield _nonconformity("a field line", f"{line.name}: {line.value}", line.offset)
    received = reading.exchange.received
    sent = received[head.offset : head.end_offset]
    for name, _ in sorted(attempts):
        # Some readers take CR alone for the end of a line.
        at = sent.lower().find(f"\r{name}:".encode("latin-1"))
        if at >= 0:
            yield _nonconformity("a field line", show(sent[at:], 80), head.offset + at)
    if reading.chunked:
        for text in reading.texts:
            for match in _AFTER_BLANK_LINE.finditer(unescaped(text)):
                if received.startswith(match[1].encode(), head.end_offset):
                    begun = show(received[head.end_offset :], 80)
                    yield _nonconformity(
                        "the end of the head, and what follows it", begun, len(sent)
                    )


def _nonconformity(what: str, received: str, offset: int) -> Nonconformity:
    return Nonconformity(
        f"text of the request became {what} of the response",
        "no field that the request's text spells out",
        received,
        offset,
    )


def _injected_fields(reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of what would be field lines if the request's text were not escaped."""
    for text in reading.texts:
        plain = unescaped(text)
        if "\r" in plain or "\n" in plain:
            for match in _FIELD_IN_TEXT.finditer(plain):
                yield match[1].lower(), match[2].strip()

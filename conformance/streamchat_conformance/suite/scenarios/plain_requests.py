"""The plain request in every form that HTTP gives it: in pieces, and with other field names."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.target.background import run_together
from streamchat_conformance.suite.target.target import SLOW_FIRST_EVENT_S, Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check

PAUSE_S = 0.05
"""How far apart pieces of a request are sent, so that each is a read of its own (seconds)."""


def check_forms(target: Target, decided_id: str) -> None:
    """Check that the plain request is served in every form that HTTP gives it.

    Raises Violation where it is not. A run that sends one request at a time does without.
    """
    if not target.baseline.streams or target.bounds.sequential:
        return
    data = target.encode(HttpRequest.chat(target.plain()))
    forms = [*_in_pieces(data), *_in_other_case(data)]

    def ask(pieces: list[bytes]) -> Reading:
        label = f"a plain request in {len(pieces)} piece(s), {pieces[0][:40]!r}"
        return target.send(b"".join(pieces), pieces=pieces, pause_s=PAUSE_S, label=label)

    at_once = len(forms) if target.baseline.first_event_s >= SLOW_FIRST_EVENT_S else 1
    readings = run_together(ask, forms, at_once=at_once)
    one_by_one(lambda reading: check(reading, decided_id), readings)


def _in_pieces(data: bytes) -> Iterator[list[bytes]]:
    # TCP is a stream of bytes. Python's http.client, which is under the article's own client,
    # sends head and body apart, and networks cut anywhere.
    body_at = data.index(b"\r\n\r\n") + 4
    for cuts in ((body_at,), (body_at + 9,), (20, body_at - 2)):
        yield [data[start:end] for start, end in pairwise((0, *cuts, len(data)))]


def _in_other_case(data: bytes) -> Iterator[list[bytes]]:
    # RFC 9110 section 5.1: field names are case-insensitive. Node's fetch sends small letters.
    head, separator, body = data.partition(b"\r\n\r\n")
    line, *fields = head.split(b"\r\n")
    named = [field.partition(b":") for field in fields]
    for cased in (bytes.lower, bytes.upper):
        lines = [line, *(cased(name) + colon + value for name, colon, value in named)]
        yield [b"\r\n".join(lines) + separator + body]

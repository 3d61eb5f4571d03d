"""error: what refusals look like, judged on every refusal of the run."""

from __future__ import annotations

import pytest

from streamchat_conformance.catalogue import SHOULD, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.core.strict_json import read_json
from streamchat_conformance.judges.request import answer
from streamchat_conformance.suite.target.stop_conditions import QuietAfterEnd
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, decides, judged_ids, verdict
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable, Violation

OWN = frozenset({"error.delimited", "error.bounded"})

REFUSABLE = (
    HttpRequest(body=b'{"prompt": "Hello", "history": []}', content_type="text/plain"),
    # What follows this refusal is no answer to a body that was left unread.
    HttpRequest(content_type="text/plain"),
    *(
        HttpRequest(body=body)
        for body in (
            b"",
            b"{",
            b'{"prompt": "\xff", "history": []}',
            b"[]",
            b'{"history": []}',
            b'{"prompt": null, "history": []}',
            b'{"prompt": 1, "history": []}',
            b'{"prompt": "Hello"}',
            b'{"prompt": "Hello", "history": null}',
            b'{"prompt": "Hello", "history": {}}',
        )
    ),
)
"""One request for each way in which a request may have to be refused."""
SURPLUS_S = 0.1
"""How long the connection is watched for bytes after a refusal (seconds)."""


@decides("error.delimited")
def test_a_refusal_delimits_itself_and_nothing_follows(target: Target) -> None:
    label = "a refusal, and what follows it"
    # Where a stream is served instead, which may have no end, its first event is enough.
    stop = QuietAfterEnd(SURPLUS_S, events=1)
    for request in REFUSABLE:
        check(target.send(request, stop=stop, label=label), "error.delimited")


@decides("error.bounded")
def test_a_refusal_does_not_grow_with_the_request(target: Target) -> None:
    large = b'"' + b"x" * 100_000 + b'"'
    for body in (
        large,
        b'{"prompt": ' + large,
        b'{"prompt": ' + large + b"}",
        b'{"history": [' + large + b"]}",
        b"{" + large + b": 1}",
        b'{"prompt": "Hello", "history": ' + large + b"}",
        b'{"prompt": [' + b",".join([b'"item"'] * 20_000) + b'], "history": null}',
        b'{"prompt": null, "history": [' + b",".join([b"{}"] * 20_000) + b"]}",
    ):
        check(target.post(body, label="a large invalid request"), "error.bounded")


@requirement(
    "error.routing-json",
    SHOULD,
    "404 and 405 are JSON of the same shape.",
    source="diegosouzapw/OmniRoute#6405, nomic-ai/gpt4all#2615",
)
def test_routing_errors_are_json_too(target: Target) -> None:
    not_found = HttpRequest.chat(target.plain(), path=target.unknown_path)
    not_allowed = HttpRequest(method="GET", content_type=None)
    judged = 0
    for request, expected in ((not_found, 404), (not_allowed, 405)):
        reading = target.send(request, label=f"a {expected}", method=request.method)
        if reading.status != expected:
            continue
        judged += 1
        for cause in ("error.media-type", "error.shape"):
            if target.red(cause):
                raise Blocked(cause, "the other errors are not JSON of that shape either")
        value = read_json(reading.body).value
        told = isinstance(value, dict) and isinstance(value.get("error"), str)
        if reading.essence != "application/json" or not told:
            finding = Finding(
                "error.routing-json",
                f"the {expected} is not JSON as the other errors are",
                '{"error": "text"} as application/json',
                answer(reading),
            )
            raise Violation((finding, reading.exchange))
    if not judged:
        raise NotApplicable("neither 404 nor 405 was to be had")


@pytest.mark.parametrize("judged_id", judged_ids("error", without=OWN))
def test_every_refusal_is_sound(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

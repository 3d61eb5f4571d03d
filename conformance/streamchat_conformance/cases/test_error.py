"""error: what refusals look like, judged on every refusal of the run."""

from __future__ import annotations

import pytest

from streamchat_conformance.catalogue import SHOULD, decides, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges.judge import SHARED_JUDGES
from streamchat_conformance.judges.request import answer
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.for_each import for_each
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.stop_conditions import QuietAfterEnd
from streamchat_conformance.suite.target.target import CERTAIN_REQUESTS, Target
from streamchat_conformance.suite.verdicts.judged import check, verdict
from streamchat_conformance.suite.verdicts.outcomes import Blocked, NotApplicable, Violation
from streamchat_conformance.suite.verdicts.overlapping import listening_s

OWN = frozenset({"error.delimited", "error.bounded"})

SURPLUS_S = 0.1
"""How long the connection is watched for bytes after a refusal (seconds)."""


@decides("error.delimited")
@costs(12)
@independent(at_once=CERTAIN_REQUESTS)
def test_a_refusal_delimits_itself_and_nothing_follows(target: Target) -> None:
    label = "a refusal, and what follows it"
    # Where a stream is served instead, which may have no end, its first event is enough.
    stop = QuietAfterEnd(listening_s(SURPLUS_S), events=1)

    def check_delimited(request: HttpRequest) -> None:
        check(target.send(request, stop=stop, label=label), "error.delimited")

    for_each(target, check_delimited, target.dialect.requests.invalid)


@decides("error.bounded")
@costs(8, largest_bytes=140_000)
@independent(at_once=CERTAIN_REQUESTS)
def test_a_refusal_does_not_grow_with_the_request(target: Target) -> None:

    def check_bounded(body: bytes) -> None:
        check(target.post(body, label="a large invalid request"), "error.bounded")

    for_each(target, check_bounded, target.dialect.requests.invalid_and_large)


@requirement(
    "error.routing-json",
    SHOULD,
    "404 and 405 are JSON of the same shape.",
    source="diegosouzapw/OmniRoute#6405, nomic-ai/gpt4all#2615",
)
@independent()
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
        worded = reading.error_text is not None
        if reading.essence != "application/json" or not worded:
            finding = Finding(
                "error.routing-json",
                f"the {expected} is not JSON as the other errors are",
                f"{reading.dialect.refusals.example} as application/json",
                answer(reading),
            )
            raise Violation((finding, reading.exchange))
    if not judged:
        raise NotApplicable("neither 404 nor 405 was to be had")


@pytest.mark.parametrize("judged_id", SHARED_JUDGES.of_area("error", without=OWN))
def test_every_refusal_is_sound(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

"""transport: the stream as an HTTP message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streamchat_conformance.catalogue import SERVER, SHOULD, decides, requirement
from streamchat_conformance.core.finding import Finding
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges.judge import SHARED_JUDGES
from streamchat_conformance.judges.request import answer
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import Target
from streamchat_conformance.suite.verdicts.judged import check, verdict
from streamchat_conformance.suite.verdicts.outcomes import NotApplicable, Violation

OWN = frozenset({"transport.http10"})


@decides("transport.http10")
@costs(1)
@independent()
def test_an_http_1_0_client_gets_no_transfer_coding(target: Target) -> None:
    target.require_stream()
    request = HttpRequest.chat(target.plain(), version="HTTP/1.0")
    reading = target.send(request, label="an HTTP/1.0 request")
    if not reading.accepted:
        raise NotApplicable("HTTP/1.0 requests are not served")
    check(reading, "transport.http10")


@requirement(
    "transport.host",
    SHOULD,
    "An HTTP/1.1 request without Host, or with two, gets 400.",
    source="RFC 9112 section 3.2",
    layer=SERVER,
)
@independent(hostile=True)
def test_a_request_without_one_host_is_refused(target: Target) -> None:
    # RFC 9112 section 3.2: a server must answer 400 to any HTTP/1.1 request without Host, or
    # with several.
    plain = HttpRequest.chat(target.plain())
    requests = (
        ("no Host field", replace(plain, host=None)),
        ("two Host fields", plain.with_fields(("Host", "other.example"))),
    )
    for label, request in requests:
        reading = target.send(request, label=label, observe=False)
        if reading.accepted or (reading.status and reading.status != 400):
            finding = Finding(
                "transport.host",
                f"a request that does not say which host it is for ({label}) was served",
                "HTTP/1.1 400",
                answer(reading),
            )
            raise Violation((finding, reading.exchange))


@pytest.mark.parametrize("judged_id", SHARED_JUDGES.of_area("transport", without=OWN))
def test_every_stream_is_a_sound_message(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

"""headers: the stream's response head, judged on every exchange of the run."""

from __future__ import annotations

import pytest

from streamchat_conformance.catalogue import decides
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.judges.judge import SHARED_JUDGES
from streamchat_conformance.suite.budget.cost import costs
from streamchat_conformance.suite.scenarios.independent import independent
from streamchat_conformance.suite.target.target import CONCURRENT_REQUESTS, Target
from streamchat_conformance.suite.verdicts.barred_requests import one_by_one
from streamchat_conformance.suite.verdicts.judged import check, verdict

OWN = frozenset({"headers.identity-encoding", "headers.no-injection"})

ACCEPT_ENCODINGS = (
    "identity",
    "gzip;q=0",
    "gzip;q=0, deflate;q=0, br;q=0, *;q=0, identity",
    "deflate ; q=0.000, GZIP ; q=0.0, br ; q=0.00",
    "identity, *;q=0",
)


@decides("headers.identity-encoding")
@costs(5)
@independent(at_once=5)
def test_no_coding_is_applied_that_was_ruled_out(target: Target) -> None:
    target.require_stream()
    plain = HttpRequest.chat(target.plain())
    requests = [plain.with_fields(("Accept-Encoding", accepted)) for accepted in ACCEPT_ENCODINGS]
    readings = target.send_all(requests, label="codings ruled out")
    one_by_one(lambda reading: check(reading, "headers.identity-encoding"), readings)


INJECTED = (
    "Hello\r\nX-Streamchat-Injected: yes",
    "Hello\nX-Streamchat-Injected: yes\n",
    "Hello\r\n\r\nHTTP/1.1 200 OK\r\nX-Streamchat-Injected: yes\r\n\r\n",
    "\rX-Streamchat-Injected: yes\r",
    "\r\nCache-Control: public\r\nSet-Cookie: streamchat=injected",
    # Escaped, for a server that undoes escapes which JSON does not know.
    "Hello%0d%0aX-Streamchat-Injected: yes",
    "Hello\\r\\nX-Streamchat-Injected: yes",
)


@decides("headers.no-injection")
@costs(21)
@independent(at_once=CONCURRENT_REQUESTS)
def test_text_of_the_request_becomes_no_field_line(target: Target) -> None:
    target.require_stream()
    requests = target.dialect.requests
    chats = [chat for text in INJECTED for chat in requests.everywhere(target.plain(), text)]
    readings = target.send_all([HttpRequest.chat(chat) for chat in chats])
    one_by_one(lambda reading: check(reading, "headers.no-injection"), readings)


@pytest.mark.parametrize("judged_id", SHARED_JUDGES.of_area("headers", without=OWN))
def test_every_stream_has_a_sound_head(target: Target, judged_id: str) -> None:
    verdict(target, judged_id)

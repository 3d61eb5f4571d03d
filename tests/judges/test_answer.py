"""What came back, in the few words of a finding."""

from __future__ import annotations

import pytest
from streamchat_conformance.core.exchange import Exchange, Read
from streamchat_conformance.judges import Reading
from streamchat_conformance.judges.request import answer

REQUEST = b"POST /v1/chat HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (b"404 Not Found", "HTTP/1.1 404 for POST /v1/chat"),
        (b"405 Method Not Allowed", "HTTP/1.1 405 for POST /v1/chat"),
        (b"400 Bad Request", "HTTP/1.1 400"),
    ],
)
def test_an_answer_that_the_address_may_explain_names_it(status: bytes, shown: str) -> None:
    response = b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    assert answer(Reading(Exchange(REQUEST, (Read(0.0, response),)))) == shown

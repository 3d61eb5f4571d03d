"""What follows a response is waited for, but an endless stream's end is not."""

import pytest
from streamchat_conformance.core.http_request import HttpRequest
from streamchat_conformance.recorder import Connection
from streamchat_conformance.suite.target.stop_conditions import QuietAfterEnd
from streamchat_conformance.suite.target.target import Target
from streamchat_fixtures.control import ControlSettings as Pace

from .targets import prepared

LATE = "line-end-after-one-error"
ENDLESS = Pace(events=0, interval_s=0.02)
STOPS = [QuietAfterEnd(0.2), QuietAfterEnd(0.2, events=1)]


def received(target: Target, request: HttpRequest, stop: QuietAfterEnd) -> bytes:
    with Connection.open(target.endpoint, target.limits) as connection:
        return connection.exchange(target.encode(request), until=stop).received


@pytest.mark.parametrize("stop", STOPS)
def test_bytes_that_follow_a_refusal_are_waited_for(stop: QuietAfterEnd) -> None:
    refused = HttpRequest(body=b'{"prompt": "Hello", "history": {}}')
    with prepared(LATE) as target:
        assert received(target, refused, stop).endswith(b"}\r\n")


def test_an_endless_stream_is_left_after_as_many_events() -> None:
    with prepared("members-in-another-order", pace=ENDLESS) as target:
        came = received(target, HttpRequest.chat(target.plain()), STOPS[1])
    assert came.count(b"data:") == 1

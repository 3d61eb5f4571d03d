"""Broken chunks may be refused in many ways; what is served after them is a fault."""

import pytest
from streamchat_conformance.cases import test_connection_chunks as chunks
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation
from streamchat_fixtures.control import ControlSettings as Pace

from .targets import prepared

ENDLESS = Pace(events=0, interval_s=0.02)


@pytest.mark.parametrize(
    "name",
    [
        "broken-chunks-fail",
        "broken-chunks-end-the-connection",
        "broken-chunks-end-a-begun-answer",
        "trailers-checked",
    ],
)
def test_every_way_to_refuse_is_right(name: str) -> None:
    with prepared(name) as target:
        chunks.test_broken_chunks_are_refused(target)
        chunks.test_a_line_feed_alone_ends_no_chunk_line(target)
        chunks.test_trailers_are_never_served_as_a_request(target)


@pytest.mark.parametrize(
    "pace", [Pace(events=4, interval_s=0.01), ENDLESS], ids=["finite", "endless"]
)
@pytest.mark.parametrize(
    "name",
    ["any-two-bytes-end-a-chunk", "end-of-a-chunk-optional", "broken-chunk-read-on-as-a-request"],
)
def test_broken_chunks_that_are_served_or_read_on_are_found(name: str, pace: Pace) -> None:
    with prepared(name, pace=pace) as target, pytest.raises(Violation):
        chunks.test_broken_chunks_are_refused(target)


@pytest.mark.parametrize(
    "pace", [Pace(events=4, interval_s=0.01), ENDLESS], ids=["finite", "endless"]
)
@pytest.mark.parametrize(
    "name",
    [
        "trailers-left-unread",
        "last-chunk-ends-the-request",
        "first-line-without-colon-begins-a-request",
    ],
)
def test_trailers_that_are_served_are_found(name: str, pace: Pace) -> None:
    with prepared(name, pace=pace) as target, pytest.raises(Violation):
        chunks.test_trailers_are_never_served_as_a_request(target)


def test_where_no_chunked_request_is_served_broken_ones_are_not_judged() -> None:
    with prepared("chunked-bodies-fail") as target, pytest.raises(Blocked) as blocked:
        chunks.test_broken_chunks_are_refused(target)
    assert blocked.value.cause == "request.chunked-body"

"""What the article's client misses is measured by the very bytes that came to it."""

from http.client import HTTPException, IncompleteRead, RemoteDisconnected

import pytest
import requests
from streamchat_conformance.cases.test_stream import test_the_articles_client_reads_every_event
from streamchat_conformance.suite.scenarios.line_client import read_lines, unreadable
from streamchat_conformance.suite.verdicts.outcomes import Blocked, Violation
from urllib3.exceptions import DecodeError, ProtocolError

from .targets import prepared

read_every_event = test_the_articles_client_reads_every_event
# Collected here it would be a case of the suite, and not a test of it.
del test_the_articles_client_reads_every_event


def test_answers_of_any_length_are_read_whole() -> None:
    with prepared("random-thought-and-length") as target:
        outcomes = [read_lines(target, count=6) for _ in range(6)]
        assert len({outcome.count for outcome in outcomes}) > 1
        assert all(outcome.count == outcome.came >= 1 for outcome in outcomes)
        assert not any(outcome.problem for outcome in outcomes)


def test_an_interim_response_that_the_client_takes_for_the_answer_is_named() -> None:
    with prepared("interim-responses") as target:
        outcome = read_lines(target, count=3)
        assert outcome.count == 0
        assert "takes the interim response (102) for the answer" in outcome.problem
        with pytest.raises(Violation, match="takes the interim response"):
            read_every_event(target)


def test_a_shorter_answer_than_the_one_before_lacks_nothing() -> None:
    with prepared("random-thought-and-length") as target:
        for _ in range(4):
            read_every_event(target)


@pytest.mark.parametrize("name", ["hundred-and-fifty-cookies", "field-line-of-70-kib"])
def test_a_legal_head_that_the_client_cannot_read_is_flagged(name: str) -> None:
    with prepared(name) as target, pytest.raises(Violation):
        read_every_event(target)


def test_a_malformed_answer_explains_what_the_client_cannot_read() -> None:
    with prepared("hundred-and-fifty-cookies") as target:
        target.known.failed.add("headers.well-formed")
        with pytest.raises(Blocked) as blocked:
            read_every_event(target)
    assert blocked.value.cause == "headers.well-formed"


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(ProtocolError("aborted", RemoteDisconnected("no response"))),
        requests.ReadTimeout("read timed out"),
        requests.exceptions.ChunkedEncodingError(ProtocolError("broken", IncompleteRead(b"", 3))),
    ],
)
def test_an_end_of_the_connection_is_no_answer_that_cannot_be_read(error: Exception) -> None:
    assert unreadable(error) == ""


@pytest.mark.parametrize(
    "error",
    [
        requests.ConnectionError(ProtocolError("aborted", HTTPException("got more than 100"))),
        requests.exceptions.ContentDecodingError(DecodeError("not gzip")),
    ],
)
def test_what_cannot_be_read_is_named(error: Exception) -> None:
    assert str(unreadable(error))

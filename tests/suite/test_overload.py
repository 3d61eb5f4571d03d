"""A server that says "not now" is asked again for a while, and flagged for nothing."""

import pytest
from streamchat_conformance.core.exchange import Ending, Exchange, Read
from streamchat_conformance.judges import Reading
from streamchat_conformance.suite.scenarios.line_client import read_lines
from streamchat_conformance.suite.target import overload as room
from streamchat_conformance.suite.target.overload import NoRoom, admitted, needs_room, with_room

from .answering import BUSY as FULL
from .answering import STREAM, answering


def answered(status: int, *lines: str) -> Reading:
    head = "\r\n".join((f"HTTP/1.1 {status} X", *lines, "Content-Length: 0", "", ""))
    reads = (Read(0.0, head.encode()),)
    return Reading(Exchange(request=b"", reads=reads, ending=Ending.COMPLETE))


BUSY = answered(503, "Retry-After: 0")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "PATIENCE_S", 0.01)
    monkeypatch.setattr(room, "LEAST_PAUSE_S", 0.001)
    monkeypatch.setattr(room, "LONGEST_PAUSE_S", 0.002)


@pytest.mark.parametrize(
    "reading",
    [
        BUSY,
        answered(503, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"),
        answered(429, "Retry-After: 9"),
    ],
)
def test_asking_again_ends_whatever_retry_after_says(reading: Reading) -> None:
    asked = []

    def attempt() -> None:
        asked.append(1)
        admitted(reading)

    with pytest.raises(NoRoom, match=f"no room: {reading.status} with Retry-After"):
        with_room(attempt)
    assert 2 <= len(asked) <= 11


@pytest.mark.parametrize("reading", [answered(200), answered(400), answered(503), answered(429)])
def test_only_a_not_now_is_one(reading: Reading) -> None:
    assert admitted(reading) is reading


def test_the_line_clients_not_now_is_one() -> None:
    with answering(lambda number: FULL if number < 1 else STREAM) as target:
        with pytest.raises(NoRoom):
            read_lines(target, count=1)
        assert read_lines(target, count=1).count == 1


def test_a_case_begins_again_until_there_is_room() -> None:
    answers = [BUSY, BUSY, answered(200)]
    seen = []

    @needs_room
    def case(target: object) -> None:
        seen.append(target)
        admitted(answers[len(seen) - 1])

    case("the target")
    assert seen == ["the target"] * 3
